//! Where does something lie for a while? A folder that its guard removes, or the guardian where the harness is killed.

use std::fs::{DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::Processes;

/// A temporary folder. Dropped: it is removed with all that is in it.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes a folder in `base` whose name begins with `prefix`. The guardian knows it before it is there, so there is
    /// no moment at which a killed harness leaves it behind.
    pub(super) fn make(prefix: &str, base: &Path, processes: &Processes) -> io::Result<Folder> {
        // Long enough that no other folder has this name: the guardian would take that for ours.
        let name = format!("{prefix}{:012x}", getrandom::u64()? >> 16);
        let path = std::path::absolute(base)?.join(name);
        processes.adopt(&path);
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Folder { path })
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Lets other users open files in it whose names they know. They cannot list the folder. A child of root may run as
    /// another user, and needs that.
    pub(super) fn passable(self) -> io::Result<Folder> {
        std::fs::set_permissions(&self.path, Permissions::from_mode(0o711))?;
        Ok(self)
    }

    /// Moves the folder to `to`, where it stays.
    pub fn keep_as(self, to: &Path) -> io::Result<()> {
        // What the guard then removes is no longer there.
        std::fs::rename(&self.path, to)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
