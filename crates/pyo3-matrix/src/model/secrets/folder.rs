//! How are secrets taken out of what another program wrote? A folder in, the same files without them left in it.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::PoisonError;

use super::{KNOWN, Kind, Secrets};
use crate::model::fingerprint::naming;

/// Stands for a secret in the name of a file. The usual mask has a `*`, and uploads of artifacts refuse such a name.
const NAME_MASK: &str = "___";

/// Takes every secret that this process knows out of the files below `folder`, and out of their names. What a link leads to
/// is not touched. A file that cannot be cleaned is removed; an error says that not even that was possible.
pub fn clean(folder: &Path) -> io::Result<()> {
    KNOWN.read().unwrap_or_else(PoisonError::into_inner).clean(folder)
}

/// The same for one file.
pub fn clean_file(path: &Path) -> io::Result<()> {
    KNOWN.read().unwrap_or_else(PoisonError::into_inner).clean_file(path)
}

impl Secrets {
    fn clean(&self, folder: &Path) -> io::Result<()> {
        // Listed first: what is written meanwhile must not be met.
        let entries = std::fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        for entry in entries.map_err(|error| naming(&error, folder))? {
            let (kind, path) = (entry.file_type()?, entry.path());
            if kind.is_dir() {
                self.clean(&path)?;
            } else if kind.is_file() {
                let cleaned = self.clean_file(&path).or_else(|_| std::fs::remove_file(&path));
                cleaned.map_err(|error| naming(&error, &path))?;
            }
            let name = entry.file_name();
            let clean = self.redacted_bytes(name.as_bytes());
            if clean != name.as_bytes() {
                let clean = String::from_utf8_lossy(&clean).replace(super::MASK, NAME_MASK);
                std::fs::rename(&path, folder.join(clean))?;
            }
        }
        Ok(())
    }

    fn clean_file(&self, path: &Path) -> io::Result<()> {
        let bytes = match std::fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            read => read?,
        };
        let clean = match std::str::from_utf8(&bytes) {
            Ok(text) => self.document(text, Kind::of(path)).into_bytes(),
            Err(_) => self.redacted_bytes(&bytes),
        };
        if clean == bytes {
            return Ok(());
        }
        // Beside it and renamed: a reader meets the one or the other, and a link elsewhere keeps what it leads to.
        let partial = path.with_file_name(".redacted.partial");
        std::fs::write(&partial, clean)?;
        std::fs::rename(&partial, path)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::knowing;

    #[test]
    fn every_file_below_is_cleaned_by_its_kind_and_so_is_its_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let inner = folder.path().join("in-hush-hush");
        std::fs::create_dir(&inner).expect("made");
        let secret = "hush-hush";
        let files: [(&str, &[u8]); 4] = [
            ("events.jsonl", b"{\"a\": \"hush-hush\"}\n"),
            ("junit.xml", b"<a b=\"hush-hush\"/>"),
            ("core", b"\xffhush-hush\xfe"),
            ("log.txt", b"plain"),
        ];
        for (name, bytes) in files {
            std::fs::write(inner.join(name), bytes).expect("written");
        }
        knowing(&[secret]).clean(folder.path()).expect("cleaned");
        let read = |name: &str| std::fs::read(folder.path().join("in-___").join(name)).expect(name);
        assert_eq!(read("events.jsonl"), b"{\"a\": \"***\"}\n");
        assert_eq!(read("junit.xml"), b"<a b=\"***\"/>");
        assert_eq!(read("core"), b"\xff***\xfe");
        assert_eq!(read("log.txt"), b"plain");
        assert_eq!(std::fs::read_dir(folder.path().join("in-___")).expect("a folder").count(), 4);
    }

    #[test]
    fn what_a_link_leads_to_stays_as_it_is() {
        let [folder, elsewhere] = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
        let outside = elsewhere.path().join("file");
        std::fs::write(&outside, "hush-hush").expect("written");
        std::os::unix::fs::symlink(&outside, folder.path().join("link")).expect("a link");
        knowing(&["hush-hush"]).clean(folder.path()).expect("cleaned");
        assert_eq!(std::fs::read_to_string(&outside).expect("a file"), "hush-hush");
    }
}
