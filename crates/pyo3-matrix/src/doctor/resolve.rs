//! Which releases would cargo lock? A workspace without a lock file in, the lock that cargo makes in a temporary copy out.
//!
//! The copy holds the manifests as they are, every Rust file empty, and cargo's own configuration: enough to resolve, and
//! nothing of the project is written to.

use std::io;
use std::path::Path;
use std::time::Duration;

use toml_edit::{DocumentMut, Item, value};

use super::error::DoctorError;
use super::lock::Lock;
use super::text::TextFile;
use crate::process::{Command, Exit, Processes};

/// Cargo may have to fetch the index.
const LIMIT: Duration = Duration::from_secs(300);

/// What cargo made of the manifests.
pub enum Resolved {
    Lock(Lock),
    /// It refused; this is what it wrote.
    Refused(String),
}

/// Resolves the workspace at `root`.
pub fn resolve(root: &Path, processes: &Processes) -> Result<Resolved, DoctorError> {
    let failed = |source| DoctorError::Copy { path: root.into(), source };
    let copy = tempfile::tempdir().map_err(failed)?;
    skeleton(root, copy.path(), root).map_err(failed)?;
    let command =
        Command::new("cargo").args(["generate-lockfile", "--quiet"]).folder(copy.path()).limit(LIMIT);
    let finished = command.run(processes)?;
    match finished.exit {
        Exit::Code(0) => {}
        // Nobody knows the copy.
        Exit::Code(_) => {
            let copy = copy.path().to_string_lossy().into_owned();
            return Ok(Resolved::Refused(finished.tail.replace(&copy, &root.to_string_lossy())));
        }
        _ => return finished.check().map(|_| Resolved::Refused(String::new())).map_err(DoctorError::from),
    }
    let text = std::fs::read_to_string(copy.path().join("Cargo.lock")).map_err(failed)?;
    // The lock exists in the copy alone; what is found in it is said of the manifest that led to it.
    let file = TextFile::new(super::survey::shown(&root.join("Cargo.toml")), text);
    let broken =
        |error: cargo_lock::Error| DoctorError::Resolve { path: root.into(), output: error.to_string() };
    Lock::resolved(&file).map(Resolved::Lock).map_err(broken)
}

/// Copies what cargo needs of `from` to `to`.
fn skeleton(from: &Path, to: &Path, root: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let path = entry?.path();
        let folder = path.is_dir();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let target = to.join(&name);
        match name.as_str() {
            "target" | "node_modules" => {}
            name if folder && name.starts_with('.') && name != ".cargo" => {}
            _ if folder => skeleton(&path, &target, root)?,
            "Cargo.toml" => std::fs::write(&target, manifest(&std::fs::read_to_string(&path)?, from, root))?,
            "config.toml" | "config" => drop(std::fs::copy(&path, &target)?),
            _ if path.extension() == Some("rs".as_ref()) => std::fs::write(&target, "")?,
            _ => {}
        }
    }
    if to.join("Cargo.toml").is_file() { library(to) } else { Ok(()) }
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

/// The manifest with the paths that lead out of the root written as absolute ones.
fn manifest(text: &str, folder: &Path, root: &Path) -> String {
    let Ok(mut document) = text.parse::<DocumentMut>() else { return text.to_owned() };
    for table in ["dependencies", "build-dependencies", "dev-dependencies"] {
        let entries = document.get_mut(table).and_then(Item::as_table_like_mut);
        for (_, entry) in entries.into_iter().flat_map(|table| table.iter_mut()) {
            let path = entry.get("path").and_then(Item::as_str).map(|path| folder.join(path));
            let Some(path) = path.and_then(|path| path.canonicalize().ok()) else { continue };
            if let Some(entry) = entry.as_table_like_mut().filter(|_| !path.starts_with(root)) {
                entry.insert("path", value(path.to_string_lossy().into_owned()));
            }
        }
    }
    document.to_string()
}
