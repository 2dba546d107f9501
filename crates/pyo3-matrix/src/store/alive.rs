//! Is a run at work at this moment? A lock in its folder, which the kernel frees however the run ends.

use std::fs::File;
use std::io;

use nix::fcntl::{Flock, FlockArg};

use crate::store::folder::RunFolder;

const FILE: &str = "at-work";

/// Says that a run is at work, until it is dropped.
#[derive(Debug)]
pub struct Alive {
    _file: Flock<File>,
}

impl Alive {
    /// Marks the run of `folder` as at work.
    pub fn claim(folder: &RunFolder) -> io::Result<Alive> {
        let file = File::create(folder.path.join(FILE))?;
        let locked = Flock::lock(file, FlockArg::LockExclusiveNonblock);
        Ok(Alive { _file: locked.map_err(|(_, error)| io::Error::from(error))? })
    }
}

/// Whether the run of `folder` is at work on this machine.
#[must_use]
pub fn is_at_work(folder: &RunFolder) -> bool {
    // A folder that was carried here, or whose run has ended, has no lock on its file.
    File::open(folder.path.join(FILE))
        .is_ok_and(|file| Flock::lock(file, FlockArg::LockSharedNonblock).is_err())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_at_work_while_its_mark_lives() {
        let path = tempfile::tempdir().expect("a folder");
        let folder = RunFolder { path: path.path().into() };
        assert!(!is_at_work(&folder), "none has begun");
        let alive = Alive::claim(&folder).expect("claimed");
        assert!(is_at_work(&folder));
        drop(alive);
        assert!(!is_at_work(&folder), "the mark is there, and its lock is gone");
    }
}
