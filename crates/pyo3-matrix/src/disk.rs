//! How much does the harness keep on disk, and how is it given back?

use std::io;
use std::path::{Path, PathBuf};

use crate::build::fingerprint::naming;
use crate::config::Config;
use crate::provision::cache;
use crate::run::folder::{FolderError, Lock};

/// Why nothing was removed.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error("cannot remove {}: {source}", path.display())]
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
    let lock = Lock::acquire(&target)?;
    let folders = match what {
        What::Everything => folders(config),
        What::Runs => vec![target.join("runs")],
    };
    let mut freed = 0;
    for folder in folders.into_iter().filter(|folder| folder.exists()) {
        let bytes = size(&folder);
        std::fs::remove_dir_all(&folder)
            .map_err(|source| DiskError::Remove { path: folder.clone(), source })?;
        freed += bytes;
    }
    drop(lock);
    Ok(freed)
}

fn folders(config: &Config) -> Vec<PathBuf> {
    let mut folders = vec![config.target()];
    folders.extend(cache::folders(config).into_iter().filter(|folder| !folder.starts_with(config.target())));
    folders
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

    #[test]
    fn the_size_of_a_folder_is_that_of_its_files() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("a")).expect("made");
        std::fs::write(folder.path().join("a/b"), [0; 1000]).expect("written");
        std::fs::write(folder.path().join("c"), [0; 24]).expect("written");
        assert_eq!(size(folder.path()), 1024);
    }
}
