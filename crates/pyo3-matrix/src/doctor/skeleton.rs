//! What does cargo need of a workspace to resolve it? Its root in, a temporary copy out.
//!
//! The copy holds the manifests as they are, every Rust file empty, and cargo's own configuration: enough to resolve, and
//! nothing of the project is written to. A link to a folder stays a link, so that one that leads round in a circle ends.

use std::fs::FileType;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use toml_edit::{DocumentMut, Item, value};

use super::error::DoctorError;

/// The copy of a workspace; dropping it deletes it.
pub struct Skeleton {
    root: PathBuf,
    copy: TempDir,
}

impl Skeleton {
    /// Copies what cargo needs of the workspace at `root`.
    pub fn of(root: &Path) -> Result<Self, DoctorError> {
        let failed = |source| DoctorError::Copy { path: root.into(), source };
        let skeleton = Skeleton { root: root.into(), copy: tempfile::tempdir().map_err(failed)? };
        skeleton.fill(root).map_err(failed)?;
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

    fn fill(&self, folder: &Path) -> io::Result<()> {
        let target = self.target(folder);
        std::fs::create_dir_all(&target)?;
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            self.place(&entry.path(), entry.file_type()?)?;
        }
        if target.join("Cargo.toml").is_file() { library(&target) } else { Ok(()) }
    }

    fn place(&self, path: &Path, kind: FileType) -> io::Result<()> {
        let folder = path.is_dir();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let target = self.target(path);
        match name.as_ref() {
            "target" | "node_modules" => Ok(()),
            name if folder && name.starts_with('.') && name != ".cargo" => Ok(()),
            _ if folder && kind.is_symlink() => {
                std::os::unix::fs::symlink(self.target(&path.canonicalize()?), target)
            }
            _ if folder => self.fill(path),
            "Cargo.toml" => std::fs::write(target, self.manifest(path)?),
            "config.toml" | "config" => std::fs::copy(path, target).map(drop),
            _ if path.extension() == Some("rs".as_ref()) => std::fs::write(target, ""),
            _ => Ok(()),
        }
    }

    /// A manifest with the paths that lead out of the root written as absolute ones.
    fn manifest(&self, path: &Path) -> io::Result<String> {
        let text = std::fs::read_to_string(path)?;
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
