//! How is a document read and written? A value or a text in, a file out that is whole, or not there, and has no secret in it.

use std::fs::Permissions;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use fs_err as fs;
use serde::Serialize;

use crate::model::fingerprint::naming;
use crate::model::secrets::{self, Kind};

/// Reads a JSON document that the harness or a cell wrote; `None` where there is none.
pub fn read<T: serde::de::DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match fs::read(path) {
        Ok(bytes) => {
            let read = serde_json::from_slice(&bytes).map_err(io::Error::from);
            read.map(Some).map_err(|error| naming(&error, path))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a JSON document whole or not at all, without any secret in it: a harness that is killed leaves no half of it.
pub fn write<T: Serialize>(path: &Path, document: &T) -> io::Result<()> {
    write_text(path, &(serde_json::to_string_pretty(document)? + "\n"))
}

/// Writes a text by the kind that its name says, whole or not at all, without any secret in it.
pub fn write_text(path: &Path, text: &str) -> io::Result<()> {
    write_as(path, text, Kind::of(path))
}

/// The same, whatever the file is called.
pub fn write_as(path: &Path, text: &str, kind: Kind) -> io::Result<()> {
    // What other users may read is decided by the umask, as for every other file.
    let readable = Permissions::from_mode(0o666);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut beside = tempfile::Builder::new().permissions(readable).tempfile_in(folder)?;
    beside.write_all(secrets::redacted_document(text, kind).as_bytes())?;
    beside.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_replaces_the_one_before_it_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, other) = (folder.path().join("a.json"), folder.path().join("another name"));
        write(&path, &1).expect("written");
        fs::hard_link(&path, &other).expect("a second name");
        write(&path, &2).expect("written");
        assert_eq!(read(&path).expect("a document"), Some(2));
        assert_eq!(read(&other).expect("a document"), Some(1), "the file is replaced, not written to");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 2);
        let file = fs::File::create(folder.path().join("plain")).expect("a file");
        let modes =
            [file.metadata(), path.metadata()].map(|file| file.expect("metadata").permissions().mode());
        assert_eq!(modes[0], modes[1], "as readable as any other file");
    }
}
