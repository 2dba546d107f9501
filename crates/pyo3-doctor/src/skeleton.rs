//! What does cargo need of a workspace to resolve it? Its root in, a temporary copy out.
//!
//! The copy holds the manifests as they are, every Rust file empty, and cargo's own configuration: enough to resolve, and
//! nothing of the project is written to. A link to a folder stays a link, so that the copy ends where links lead in a circle.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use toml_edit::{DocumentMut, Item, value};
use walkdir::{DirEntry, WalkDir};

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
        skeleton.fill()?;
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

    fn fill(&mut self) -> Result<(), DoctorError> {
        let mut crates = Vec::new();
        for entry in WalkDir::new(&self.root).into_iter().filter_entry(is_needed) {
            let path = match &entry {
                Ok(entry) => entry.path().to_owned(),
                Err(error) => error.path().unwrap_or(&self.root).to_owned(),
            };
            let placed = match entry {
                Ok(entry) if entry.file_type().is_dir() => std::fs::create_dir_all(self.target(&path)),
                Ok(_) => self.place(&path),
                Err(error) => Err(error.into()),
            };
            let placed = self.opened(&path, placed)?;
            if placed.is_some() && path.file_name() == Some("Cargo.toml".as_ref()) {
                crates.extend(path.parent().map(|folder| self.target(folder)));
            }
        }
        let failed = |source| DoctorError::Copy { path: self.root.clone(), source };
        crates.iter().try_for_each(|folder| library(folder)).map_err(failed)
    }

    /// The result of reading `path`; none, with a note of it, where this user may not read it.
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
        // The manifest may be a template that cargo never reads.
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

/// Whether cargo looks at a file or a folder. The root counts, however it is called.
fn is_needed(entry: &DirEntry) -> bool {
    let path = entry.path();
    entry.depth() == 0
        || match entry.file_name().to_string_lossy().as_ref() {
            "target" | "node_modules" => false,
            "Cargo.toml" | "config.toml" | "config" | ".cargo" => true,
            name if path.is_dir() => !name.starts_with('.'),
            _ => path.extension() == Some("rs".as_ref()),
        }
}

/// Cargo refuses a manifest without a target: a manifest that was copied without sources gets an empty library.
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
