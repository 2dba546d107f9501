//! What does cargo need of a workspace to resolve it? Its root in, a temporary copy out.
//!
//! The copy holds the manifests as they are, every Rust file empty, and cargo's own configuration: enough to resolve, and
//! nothing of the project is written to. A link to a folder stays a link, so that one that leads round in a circle ends.

use std::fs::DirEntry;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use toml_edit::{DocumentMut, Item, value};

use super::error::DoctorError;

/// The copy of a workspace; dropping it deletes it.
pub struct Skeleton {
    root: PathBuf,
    copy: TempDir,
    /// What this user may not read, and the copy does not have.
    pub closed: Vec<PathBuf>,
}

impl Skeleton {
    /// Copies what cargo needs of the workspace at `root`.
    pub fn of(root: &Path) -> Result<Self, DoctorError> {
        let copy = tempfile::tempdir().map_err(|source| DoctorError::Copy { path: root.into(), source })?;
        let mut skeleton = Skeleton { root: root.into(), copy, closed: Vec::new() };
        skeleton.fill(root)?;
        Ok(skeleton)
    }

    /// The root of the copy.
    pub fn path(&self) -> &Path {
        self.copy.path()
    }

    /// Where the copy has what the workspace has at `path`.
    fn target(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.root).map_or_else(|_| path.to_owned(), |below| self.path().join(below))
    }

    fn fill(&mut self, folder: &Path) -> Result<(), DoctorError> {
        let target = self.target(folder);
        let Some(paths) = self.opened(folder, needed(folder))? else { return Ok(()) };
        let failed = |source| DoctorError::Copy { path: folder.into(), source };
        std::fs::create_dir_all(&target).map_err(failed)?;
        for path in paths {
            if path.symlink_metadata().is_ok_and(|found| found.is_dir()) {
                self.fill(&path)?;
            } else {
                let placed = self.place(&path);
                self.opened(&path, placed)?;
            }
        }
        if target.join("Cargo.toml").is_file() { library(&target).map_err(failed) } else { Ok(()) }
    }

    /// What came of reading `path`; nothing, and a note of it, where this user may not.
    fn opened<T>(&mut self, path: &Path, read: io::Result<T>) -> Result<Option<T>, DoctorError> {
        match read {
            Ok(read) => Ok(Some(read)),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                self.closed.push(path.into());
                Ok(None)
            }
            // A link to nothing.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(DoctorError::Copy { path: path.into(), source }),
        }
    }

    /// A file, or a link to a folder.
    fn place(&self, path: &Path) -> io::Result<()> {
        let target = self.target(path);
        if path.is_dir() {
            return std::os::unix::fs::symlink(self.target(&path.canonicalize()?), target);
        }
        match path.file_name().unwrap_or_default().to_string_lossy().as_ref() {
            "Cargo.toml" => std::fs::write(target, self.manifest(path)?),
            "config.toml" | "config" => std::fs::copy(path, target).map(drop),
            _ => std::fs::write(target, ""),
        }
    }

    /// A manifest with the paths that lead out of the root written as absolute ones.
    fn manifest(&self, path: &Path) -> io::Result<String> {
        // One that nobody needs may be anything.
        let text = String::from_utf8_lossy(&std::fs::read(path)?).into_owned();
        let folder = path.parent().unwrap_or(&self.root);
        let Ok(mut document) = text.parse::<DocumentMut>() else { return Ok(text) };
        for table in ["dependencies", "build-dependencies", "dev-dependencies"] {
            let entries = document.get_mut(table).and_then(Item::as_table_like_mut);
            for (_, entry) in entries.into_iter().flat_map(|table| table.iter_mut()) {
                let path = entry.get("path").and_then(Item::as_str).map(|path| folder.join(path));
                let Some(path) = path.and_then(|path| path.canonicalize().ok()) else { continue };
                if let Some(entry) = entry.as_table_like_mut().filter(|_| !path.starts_with(&self.root)) {
                    entry.insert("path", value(path.to_string_lossy().into_owned()));
                }
            }
        }
        Ok(document.to_string())
    }
}

/// What cargo looks at, of everything that is in a folder.
fn needed(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let is_needed = |path: &PathBuf| match path.file_name().unwrap_or_default().to_string_lossy().as_ref() {
        "target" | "node_modules" => false,
        "Cargo.toml" | "config.toml" | "config" | ".cargo" => true,
        name if path.is_dir() => !name.starts_with('.'),
        _ => path.extension() == Some("rs".as_ref()),
    };
    let entries = std::fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    Ok(entries.iter().map(DirEntry::path).filter(is_needed).collect())
}

/// Cargo refuses a manifest without a target: one that came alone gets the library that it speaks of.
fn library(folder: &Path) -> io::Result<()> {
    let text = std::fs::read_to_string(folder.join("Cargo.toml"))?;
    let document = text.parse::<DocumentMut>().unwrap_or_default();
    let lib = document.get("lib").and_then(|lib| lib.get("path")).and_then(Item::as_str);
    let path = folder.join(lib.unwrap_or("src/lib.rs"));
    let other = lib.is_none() && folder.join("src/main.rs").is_file();
    if document.get("package").is_none() || other || path.exists() {
        return Ok(());
    }
    std::fs::create_dir_all(path.parent().unwrap_or(folder))?;
    std::fs::write(path, "")
}
