//! What is built for a line? A project of its own under `target/`, with the line's lock file as its `Cargo.lock`. So
//! the build of a line never changes the checkout.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::build::rehearsal::{self, Wanted};
use crate::build::workspace::{self, MANIFEST, Workspace};
use crate::config::Config;
use crate::model::cell::Line;
use crate::model::fingerprint::{self, Fingerprint};
use crate::model::program;
use crate::model::rehearsal::Edit;
use pyo3_doctor::lockfile::{Lockfile, Unreadable};

/// The name of a lock in a project.
pub const LOCK: &str = "Cargo.lock";

/// A line's project on disk.
#[derive(Debug, Clone)]
pub struct Project {
    pub folder: PathBuf,
    /// SHA-256 over everything that it is made from.
    pub sources: String,
    /// SHA-256 of the lock alone.
    pub lock: String,
    /// The content of the lock.
    pub locked: Lockfile,
}

/// The reason why there is no project for a line.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    #[error("line {line} has no lock file {}\nhint: `{} lock {line}` makes it", path.display(), program::command())]
    NoLock { line: Line, path: PathBuf },
    #[error("{}: {source}\nhint: `{} lock {line}` makes it anew", path.display(), program::command())]
    Unreadable { line: Line, path: PathBuf, source: Unreadable },
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Writes or refreshes the project of `line`. A file whose content has not changed keeps its time, so cargo does not
/// build it again. A file that is no longer a source is removed.
pub fn synthesise(config: &Config, line: Line, wanted: &Wanted) -> Result<Project, LineError> {
    let lock_path = config.line_lock(line);
    if !lock_path.is_file() {
        return Err(LineError::NoLock { line, path: lock_path });
    }
    let folder = config.target().join("lines").join(line.to_string());
    let lock = fs::read_to_string(&lock_path)?;
    let unreadable = |source| LineError::Unreadable { line, path: lock_path.clone(), source };
    let locked = Lockfile::parse(&lock).map_err(unreadable)?;
    let Copied { root, manifest, files, .. } = copy(config, wanted, &folder)?;
    let own = [root.join(MANIFEST), root.join(LOCK)];
    keep(&folder.join(&own[1]), lock.as_bytes())?;
    remove_others(&folder, files.iter().chain(&own))?;
    let sources = Fingerprint::default().with(MANIFEST, &manifest).with(LOCK, &lock);
    // The hash is taken of the copies. If a file is edited in between, the hash must not name a build without that
    // edit.
    let sources = sources.with_files(&folder, &files)?;
    let sources = sources.with_files(&config.root, &workspace::settings(config))?.hex();
    Ok(Project { folder, sources, lock: fingerprint::of_file(&lock_path)?, locked })
}

/// The files that a project was made from.
#[derive(Debug)]
pub struct Copied {
    /// The folder of its workspace, relative to the root. The lock belongs there.
    pub root: PathBuf,
    /// The manifest of that workspace, reduced.
    pub manifest: String,
    /// All other files, relative to the root.
    pub files: Vec<PathBuf>,
    /// The requirements of manifests that are not those of the checkout.
    pub edits: Vec<Edit>,
}

/// Writes the extension and its reduced workspace to `folder`, without a lock. The manifests take the versions that are `wanted`.
pub fn copy(config: &Config, wanted: &Wanted, folder: &Path) -> Result<Copied, LineError> {
    let workspace = Workspace::of(config)?;
    let edited = |file: &Path, text: &str| {
        let invalid = |error| io::Error::new(io::ErrorKind::InvalidData, error);
        rehearsal::edit(file, text, wanted).map_err(|error| fingerprint::naming(&invalid(error), file))
    };
    let (manifest, _) = edited(&workspace.manifest, &workspace.reduced(config.extension.folder()))?;
    let own = fs::read_to_string(config.root.join(&workspace.manifest))?;
    let (_, mut edits) = edited(&workspace.manifest, &own)?;
    let mut paths = config.sources().to_vec();
    paths.extend([config.extension.manifest.clone(), config.extension.pyproject.clone()]);
    let mut files = fingerprint::files(&config.root, &paths)?;
    let lock = workspace.folder().join(LOCK);
    files.retain(|file| *file != workspace.manifest && *file != lock);
    files.dedup();
    for file in &files {
        let mut content = fs::read(config.root.join(file))?;
        if let (true, Ok(text)) = (file.ends_with(MANIFEST), std::str::from_utf8(&content)) {
            let (text, changes) = edited(file, text)?;
            edits.extend(changes);
            content = text.into_bytes();
        }
        keep(&folder.join(file), &content)?;
    }
    keep(&folder.join(&workspace.manifest), manifest.as_bytes())?;
    Ok(Copied { root: workspace.folder().to_owned(), manifest, files, edits })
}

/// Writes `content` unless the file has it already.
pub fn keep(path: &Path, content: &[u8]) -> io::Result<()> {
    if fs::read(path).is_ok_and(|there| there == content) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, content)
}

/// Removes the files that an earlier version of the sources left in the project.
fn remove_others<'a>(folder: &Path, files: impl Iterator<Item = &'a PathBuf>) -> io::Result<()> {
    let wanted: BTreeSet<&PathBuf> = files.collect();
    let top: Vec<PathBuf> =
        fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.file_name().into())).collect();
    for file in fingerprint::files(folder, &top)? {
        if !wanted.contains(&file) {
            fs::remove_file(folder.join(file))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkout() -> (tempfile::TempDir, Config) {
        let root = tempfile::tempdir().expect("a folder");
        let config = Config::parse(
            include_str!("../../../../matrix.toml"),
            "matrix.toml".as_ref(),
            root.path().into(),
        );
        let config = config.expect("a valid config");
        let mut files: Vec<PathBuf> =
            config.extension.sources.iter().map(|source| source.join("file.rs")).collect();
        files.extend([config.extension.manifest.clone(), config.extension.pyproject.clone()]);
        files.push(config.line_lock(line(&config)));
        for file in files {
            keep(&root.path().join(file), b"version = 4").expect("written");
        }
        let manifest = "[workspace]\nmembers = [\"a\", \"b\"]\ndefault-members = [\"a\"]\n[profile.release]\nlto = true\n";
        fs::write(root.path().join(MANIFEST), manifest).expect("written");
        (root, config)
    }

    fn line(config: &Config) -> Line {
        config.lines.last().expect("a line").name
    }

    #[test]
    fn a_project_has_one_member_and_the_checkouts_profiles() {
        let (_root, config) = checkout();
        let project = synthesise(&config, line(&config), &Wanted::new()).expect("a project");
        let manifest: toml::Table =
            fs::read_to_string(project.folder.join(MANIFEST)).expect("read").parse().expect("TOML");
        assert_eq!(manifest["workspace"]["members"].as_array().map(Vec::len), Some(1));
        assert!(manifest["workspace"].get("default-members").is_none());
        assert_eq!(manifest["profile"]["release"]["lto"].as_bool(), Some(true));
    }

    #[test]
    fn a_source_that_is_gone_leaves_the_project_and_changes_its_hash() {
        let (root, config) = checkout();
        let extra = config.extension.sources[1].join("extra.rs");
        fs::write(root.path().join(&extra), "more").expect("written");
        let before = synthesise(&config, line(&config), &Wanted::new()).expect("a project");
        assert!(before.folder.join(&extra).is_file());
        fs::remove_file(root.path().join(&extra)).expect("removed");
        let after = synthesise(&config, line(&config), &Wanted::new()).expect("a project");
        assert!(!after.folder.join(&extra).exists());
        assert_ne!(before.sources, after.sources);
    }

    #[test]
    fn cargos_settings_of_the_checkout_are_part_of_the_hash() {
        let (root, config) = checkout();
        let before = synthesise(&config, line(&config), &Wanted::new()).expect("a project");
        let settings = root.path().join(".cargo/config.toml");
        keep(&settings, b"[build]\nrustflags = [\"-Copt-level=0\"]\n").expect("written");
        let after = synthesise(&config, line(&config), &Wanted::new()).expect("a project");
        assert_ne!(before.sources, after.sources);
    }

    #[test]
    fn a_line_without_a_lock_file_says_which_is_missing() {
        let (root, config) = checkout();
        fs::remove_file(root.path().join(config.line_lock(line(&config)))).expect("removed");
        let message = synthesise(&config, line(&config), &Wanted::new()).expect_err("no lock").to_string();
        assert!(message.contains(&format!("{}.lock", line(&config))), "{message}");
    }
}
