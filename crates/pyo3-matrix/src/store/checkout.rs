//! Who works in a checkout? A lock in its target folder, so that two runs never share wheels and environments.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use fs_err as fs;
use nix::fcntl::{Flock, FlockArg};

use crate::store::folder::now;

/// Why a checkout cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum CheckoutError {
    #[error("another run is at work in {}{holder}\nhint: wait for it, or run in a second clone", path.display())]
    Locked { path: PathBuf, holder: String },
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Holds the checkout's wheels and environments for one run. Freed when dropped, and by the kernel when killed.
#[derive(Debug)]
pub struct CheckoutLock {
    _file: Flock<File>,
}

impl CheckoutLock {
    /// Takes the lock of `target`, or says who has it.
    pub fn acquire(target: &Path) -> Result<CheckoutLock, CheckoutError> {
        fs::create_dir_all(target)?;
        let path = target.join("lock");
        let file = fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
        let mut file =
            Flock::lock(file.into_file(), FlockArg::LockExclusiveNonblock).map_err(|(mut file, _)| {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder);
                CheckoutError::Locked { path: target.into(), holder }
            })?;
        file.set_len(0)?;
        file.rewind()?;
        write!(file, " (process {}, since {})", std::process::id(), now())?;
        Ok(CheckoutLock { _file: file })
    }
}
