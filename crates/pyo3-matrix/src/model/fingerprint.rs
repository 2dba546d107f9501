//! Is this still the same? SHA-256 over labelled parts, so that no two lists of parts run together.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;
use sha2::{Digest, Sha256};
use walkdir::{DirEntry, WalkDir};

/// A hash under construction.
#[derive(Debug, Default)]
pub struct Fingerprint(Sha256);

impl Fingerprint {
    /// Adds a part under a label; each is preceded by its length.
    #[must_use]
    pub fn with(mut self, label: &str, part: impl AsRef<[u8]>) -> Self {
        for bytes in [label.as_bytes(), part.as_ref()] {
            self.0.update(bytes.len().to_le_bytes());
            self.0.update(bytes);
        }
        self
    }

    /// Adds every file of `paths` under `root`, by relative path and content.
    pub fn with_files(mut self, root: &Path, paths: &[PathBuf]) -> io::Result<Self> {
        for path in files(root, paths)? {
            let content = fs::read(root.join(&path))?;
            self = self.with(&path.to_string_lossy(), content);
        }
        Ok(self)
    }

    /// The hash in hexadecimal.
    #[must_use]
    pub fn hex(self) -> String {
        hex(&self.0.finalize())
    }
}

/// Bytes in hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The SHA-256 of a text.
#[must_use]
pub fn of_text(text: &str) -> String {
    hex(&Sha256::digest(text))
}

/// The SHA-256 of one file.
pub fn of_file(path: &Path) -> io::Result<String> {
    let bytes = fs::read(path)?;
    Ok(hex(&Sha256::digest(bytes)))
}

/// The files that `paths` name, folders walked, relative to `root`, in order. What a build leaves in a source folder
/// (byte code, an extension that `maturin develop` put there) is no source.
pub fn files(root: &Path, paths: &[PathBuf]) -> io::Result<Vec<PathBuf>> {
    files_where(root, paths, |_| true)
}

/// The same, of what `wanted` lets in: it is asked for everything below a named path.
pub fn files_where(
    root: &Path,
    paths: &[PathBuf],
    wanted: impl Fn(&DirEntry) -> bool,
) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in paths {
        let is_built = |entry: &DirEntry| is_built(Path::new(entry.file_name()));
        let is_source = |entry: &DirEntry| entry.depth() == 0 || (!is_built(entry) && wanted(entry));
        let walk = WalkDir::new(root.join(path)).follow_links(true);
        for entry in walk.into_iter().filter_entry(is_source) {
            let entry = entry?;
            if !entry.file_type().is_dir() {
                found.push(entry.path().strip_prefix(root).unwrap_or(entry.path()).to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a build leaves files or folders of this name.
#[must_use]
pub fn is_built(name: &Path) -> bool {
    let suffix = name.extension().and_then(|suffix| suffix.to_str()).unwrap_or_default();
    name.as_os_str() == "__pycache__" || ["so", "pyd", "dylib", "pyc"].contains(&suffix)
}

/// `error` with the path of the file whose content it is about. What fails on the file itself names its path already.
pub fn naming(error: &io::Error, path: &Path) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_together() {
        let one = Fingerprint::default().with("a", "bc").with("d", "").hex();
        let two = Fingerprint::default().with("a", "b").with("cd", "").hex();
        assert_ne!(one, two);
    }

    #[test]
    fn what_a_build_leaves_behind_is_no_source() {
        let root = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(root.path().join("p/__pycache__")).expect("made");
        for name in ["p/a.py", "p/_x.cpython-312.so", "p/__pycache__/a.pyc"] {
            fs::write(root.path().join(name), "").expect("written");
        }
        assert_eq!(files(root.path(), &["p".into()]).expect("a list"), [PathBuf::from("p/a.py")]);
    }
}
