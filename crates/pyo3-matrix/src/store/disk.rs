//! How much does the harness keep on disk, and how is it given back?

use std::io;
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::model::fingerprint::naming;
use crate::provision::cache;
use crate::store::checkout::{CheckoutError, CheckoutLock};

/// The folder of every run's own.
const RUNS: &str = "runs";

/// Why nothing was removed.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    #[error(transparent)]
    Checkout(#[from] CheckoutError),
    #[error("cannot remove {}: {source}\nhint: ask as the user that owns it", path.display())]
    Remove { path: PathBuf, source: io::Error },
}

/// What `clean` removes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Tools, servers, wheels, environments, builds and runs.
    Everything,
    Runs,
}

/// Bytes under everything that the harness keeps.
#[must_use]
pub fn kept(config: &Config) -> u64 {
    folders(config).iter().map(|folder| size(folder)).sum()
}

/// Removes, and returns how many bytes that freed. Refused while a run is at work.
pub fn clean(config: &Config, what: What) -> Result<u64, DiskError> {
    let target = config.target();
    if !target.exists() {
        return Ok(0);
    }
    let lock = CheckoutLock::acquire(&target)?;
    let folders = match what {
        What::Everything => folders(config),
        What::Runs => vec![target.join(RUNS)],
    };
    let mut freed = 0;
    for folder in folders.into_iter().filter(|folder| folder.exists()) {
        freed += give_back(&folder)?;
    }
    drop(lock);
    Ok(freed)
}

/// Removes `folder`; where something is mounted there, or a link leads there, what is in it.
fn give_back(folder: &Path) -> Result<u64, DiskError> {
    let bytes = size(folder);
    empty(folder)?;
    let _ = std::fs::remove_dir(folder);
    Ok(bytes)
}

/// What [`clean`] empties; runs come first, since a link may lead to them.
fn folders(config: &Config) -> Vec<PathBuf> {
    let (target, runs) = (config.target(), config.target().join(RUNS));
    let elsewhere = Some(runs).filter(|runs| runs.is_symlink());
    let own = target.canonicalize().unwrap_or_else(|_| target.clone());
    let caches = cache::folders(config).into_iter().filter(|folder| !folder.starts_with(&own));
    elsewhere.into_iter().chain([target]).chain(caches).collect()
}

/// Removes what is in `folder`.
fn empty(folder: &Path) -> Result<(), DiskError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| DiskError::Remove { path, source }
    };
    for entry in std::fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        let is_folder = path.is_dir() && !path.is_symlink();
        let removed = if is_folder { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        match removed {
            // A mount: its content is gone.
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {}
            removed => removed.map_err(failed(&path))?,
        }
    }
    Ok(())
}

/// Copies the files under `from`, with their folders, to `to`. What a link leads to is not part of it.
pub fn copy(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from).map_err(|error| naming(&error, from))? {
        let entry = entry?;
        let (kind, there) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &there)?;
        } else if kind.is_file() {
            std::fs::copy(entry.path(), there)?;
        }
    }
    Ok(())
}

fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => size(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A checkout whose runs are a link to the second folder, which holds one.
    fn checkout() -> (tempfile::TempDir, tempfile::TempDir, Config) {
        let (root, elsewhere) =
            (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let text = include_str!("../../../../matrix.toml");
        let config = Config::parse(text, "matrix.toml".as_ref(), root.path().into()).expect("a valid config");
        std::fs::create_dir_all(config.target()).expect("made");
        std::os::unix::fs::symlink(elsewhere.path(), config.target().join(RUNS)).expect("a link");
        std::fs::create_dir(elsewhere.path().join("run")).expect("made");
        std::fs::write(elsewhere.path().join("run/file"), [0; 1000]).expect("written");
        (root, elsewhere, config)
    }

    fn is_empty(folder: &Path) -> bool {
        std::fs::read_dir(folder).expect("a folder").next().is_none()
    }

    #[test]
    fn runs_that_a_link_leads_to_are_removed_and_the_link_stays_for_the_next_one() {
        let (_root, elsewhere, config) = checkout();
        assert_eq!(clean(&config, What::Runs).expect("cleaned"), 1000);
        assert!(is_empty(elsewhere.path()) && config.target().join(RUNS).is_symlink());
    }

    // Not `clean` itself, which would give back this machine's cache as well.
    #[test]
    fn where_everything_goes_the_linked_runs_go_before_the_link() {
        let (_root, elsewhere, config) = checkout();
        let mut all = folders(&config);
        all.retain(|folder| folder.starts_with(&config.root));
        assert_eq!(all, [config.target().join(RUNS), config.target()]);
        let freed: Vec<u64> = all.iter().map(|folder| give_back(folder).expect("given back")).collect();
        assert_eq!(freed[0], 1000);
        assert!(is_empty(elsewhere.path()) && !config.target().exists());
    }

    #[test]
    fn the_size_of_a_folder_is_that_of_its_files() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("a")).expect("made");
        std::fs::write(folder.path().join("a/b"), [0; 1000]).expect("written");
        std::fs::write(folder.path().join("c"), [0; 24]).expect("written");
        assert_eq!(size(folder.path()), 1024);
    }
}
