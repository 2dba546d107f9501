//! How much does the harness keep on disk, and how is it given back?

use std::collections::BTreeSet;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use fs_err as fs;
use walkdir::WalkDir;

use crate::config::Config;
use crate::provision::cache::{self, Claim, IN_USE};
use crate::provision::tools;
use crate::service;
use crate::store::checkout::{CheckoutError, CheckoutLock};

/// Where the folders of runs are.
pub const RUNS: &str = "runs";

/// Why nothing was removed.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    #[error(transparent)]
    Checkout(#[from] CheckoutError),
    #[error("cannot give back what the harness keeps: {0}\nhint: ask as the user that owns it")]
    Remove(#[from] io::Error),
}

/// What `clean` removes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Servers, wheels, environments, builds and runs, and the tools that this project alone uses.
    Everything,
    Runs,
}

/// What `clean` did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Cleaned {
    pub bytes: u64,
    /// Caches that were left, because servers of them are used at this moment.
    pub in_use: Vec<PathBuf>,
    /// The tools, with their bytes, that were left because all projects of this user share them.
    pub shared: Option<(PathBuf, u64)>,
}

/// Bytes under everything that the harness keeps.
#[must_use]
pub fn kept(config: &Config) -> u64 {
    folders(config, &service::caches(config)).iter().map(|folder| size(folder)).sum()
}

/// Removes, and says how much that freed and what was left. Refused while a run is at work.
pub fn clean(config: &Config, what: What) -> Result<Cleaned, DiskError> {
    let target = config.target();
    let runs = target.join(RUNS);
    let _lock = if target.exists() { Some(CheckoutLock::acquire(&target)?) } else { None };
    let mut cleaned = Cleaned::default();
    match what {
        What::Everything => {
            if target.exists() {
                cleaned = everything(config, &service::caches(config))?;
            }
            cleaned.shared = cache::of_user(tools::FOLDER).and_then(shared);
        }
        What::Runs if runs.exists() => cleaned.bytes = give_back(&runs, &BTreeSet::new())?,
        What::Runs => {}
    }
    Ok(cleaned)
}

/// The tools that all projects of this user share in `folder`, if there are any.
fn shared(folder: PathBuf) -> Option<(PathBuf, u64)> {
    let bytes = size(&folder);
    (bytes > 0).then_some((folder, bytes))
}

/// Empties the target folder and `caches`, which other checkouts may use as well.
fn everything(config: &Config, caches: &[PathBuf]) -> Result<Cleaned, DiskError> {
    let (mut cleaned, mut claims, mut stay) = (Cleaned::default(), Vec::new(), BTreeSet::new());
    for cache in caches {
        match Claim::to_empty(cache)? {
            Some(claim) => claims.push(claim),
            None => cleaned.in_use.push(cache.clone()),
        }
        // The folder of a cache may stay, and then its lock file must stay too: every later harness locks the same file.
        stay.insert(cache.join(IN_USE));
    }
    stay.extend(cleaned.in_use.iter().cloned());
    let folders = folders(config, caches).into_iter();
    for folder in folders.filter(|folder| folder.exists() && !cleaned.in_use.contains(folder)) {
        cleaned.bytes += give_back(&folder, &stay)?;
    }
    Ok(cleaned)
}

/// Removes `folder` but for what is to `stay`; where something is mounted there, or a link leads there, what is in it.
fn give_back(folder: &Path, stay: &BTreeSet<PathBuf>) -> io::Result<u64> {
    let before = size(folder);
    empty(folder, stay)?;
    let _ = fs::remove_dir(folder);
    Ok(before.saturating_sub(size(folder)))
}

/// What [`clean`] empties; runs come first, since a link may lead to them.
fn folders(config: &Config, caches: &[PathBuf]) -> Vec<PathBuf> {
    let (target, runs) = (config.target(), config.target().join(RUNS));
    let elsewhere = Some(runs).filter(|runs| runs.is_symlink());
    let own = target.canonicalize().unwrap_or_else(|_| target.clone());
    let caches = caches.iter().filter(|folder| !folder.starts_with(&own)).cloned();
    elsewhere.into_iter().chain([target]).chain(caches).collect()
}

/// Removes what is in `folder` but for what is to `stay`.
fn empty(folder: &Path, stay: &BTreeSet<PathBuf>) -> io::Result<()> {
    let real = fs::canonicalize(folder)?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if stay.contains(&real.join(entry.file_name())) {
            continue;
        }
        let path = entry.path();
        let is_folder = path.is_dir() && !path.is_symlink();
        let removed = if is_folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        match removed {
            // A mount: its content is gone.
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {}
            removed => removed?,
        }
    }
    Ok(())
}

/// Puts the files under `from`, with their folders, under `to` as well. What a link leads to is not part of it.
///
/// Files of one checkout's runs are hard-linked: after its run, a cell's file is replaced or removed, never written to.
/// Files from elsewhere are copied (where the file system can, without using space), since other programs write there.
pub fn share(from: &Path, to: &Path) -> io::Result<()> {
    let (runs, ours) = (runs_of(from), runs_of(to));
    let place = if ours.is_some() && runs == ours { link } else { copy };
    for entry in WalkDir::new(from) {
        let entry = entry?;
        let there = to.join(entry.path().strip_prefix(from).unwrap_or(Path::new("")));
        if entry.file_type().is_dir() {
            fs::create_dir_all(there)?;
        } else if entry.file_type().is_file() {
            place(entry.path(), &there)?;
        }
    }
    Ok(())
}

/// The folder of runs that a cell's folder is in: `runs` of `runs/<id>/cells/<cell>`.
fn runs_of(cell: &Path) -> Option<PathBuf> {
    cell.ancestors().nth(3)?.canonicalize().ok()
}

/// A second name for a file, or a copy where the file system has none.
fn link(from: &Path, to: &Path) -> io::Result<()> {
    fs::hard_link(from, to).or_else(|_| copy(from, to))
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to).map(drop)
}

/// Bytes of the files under `folder`; one with several names counts once.
pub fn size(folder: &Path) -> u64 {
    let files = WalkDir::new(folder).into_iter().flatten().filter(|entry| entry.file_type().is_file());
    let mut seen = BTreeSet::new();
    let metadata = files.filter_map(|entry| entry.metadata().ok());
    metadata
        .filter(|file| file.nlink() == 1 || seen.insert((file.dev(), file.ino())))
        .map(|file| file.len())
        .sum()
}

#[cfg(test)]
mod tests {
    use nix::fcntl::{Flock, FlockArg};

    use super::*;

    /// A checkout whose runs are a link to the second folder, which holds one.
    fn checkout() -> (tempfile::TempDir, tempfile::TempDir, Config) {
        let (root, elsewhere) =
            (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let text = include_str!("../../../../matrix.toml");
        let config = Config::parse(text, "matrix.toml".as_ref(), root.path().into()).expect("a valid config");
        fs::create_dir_all(config.target()).expect("made");
        std::os::unix::fs::symlink(elsewhere.path(), config.target().join(RUNS)).expect("a link");
        fs::create_dir(elsewhere.path().join("run")).expect("made");
        fs::write(elsewhere.path().join("run/file"), [0; 1000]).expect("written");
        (root, elsewhere, config)
    }

    fn is_empty(folder: &Path) -> bool {
        fs::read_dir(folder).expect("a folder").next().is_none()
    }

    #[test]
    fn runs_that_a_link_leads_to_are_removed_and_the_link_stays_for_the_next_one() {
        let (_root, elsewhere, config) = checkout();
        assert_eq!(clean(&config, What::Runs).expect("cleaned").bytes, 1000);
        assert!(is_empty(elsewhere.path()) && config.target().join(RUNS).is_symlink());
    }

    // Not `clean` itself, which would give back this machine's cache as well.
    #[test]
    fn where_everything_goes_the_linked_runs_go_before_the_link() {
        let (_root, elsewhere, config) = checkout();
        assert_eq!(folders(&config, &[]), [config.target().join(RUNS), config.target()]);
        assert_eq!(everything(&config, &[]).expect("cleaned").bytes, 1000);
        assert!(is_empty(elsewhere.path()) && !config.target().exists());
    }

    #[test]
    fn a_cache_that_another_harness_uses_is_left_and_named_and_a_free_one_is_emptied() {
        let (_root, _elsewhere, config) = checkout();
        let shared = tempfile::tempdir().expect("a folder");
        let own = config.target().canonicalize().expect("a path").join("postgres");
        let caches = [own.clone(), shared.path().to_owned()];
        let fetch = || {
            for cache in &caches {
                fs::create_dir_all(cache.join("16.1/bin")).expect("made");
                fs::write(cache.join("16.1/bin/postgres"), "").expect("written");
            }
        };
        for (used, free) in [(&caches[1], &caches[0]), (&caches[0], &caches[1])] {
            fetch();
            let file = fs::File::create(used.join(IN_USE)).expect("a lock file").into_parts().0;
            let user = Flock::lock(file, FlockArg::LockSharedNonblock).expect("used");
            assert_eq!(everything(&config, &caches).expect("cleaned").in_use, std::slice::from_ref(used));
            assert!(used.join("16.1/bin/postgres").is_file() && !free.join("16.1").exists());
            drop(user);
        }
        fetch();
        let cleaned = everything(&config, &caches).expect("cleaned");
        assert_eq!((cleaned.in_use, config.target().exists()), (vec![], false));
        assert!(!own.exists() && shared.path().join(IN_USE).exists() && !shared.path().join("16.1").exists());
    }

    #[test]
    fn tools_that_other_projects_use_as_well_are_left_and_named() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(shared(folder.path().join("none")), None);
        assert_eq!(shared(folder.path().to_owned()), None, "an empty folder");
        fs::write(folder.path().join("tox"), [0; 2048]).expect("written");
        let cleaned = Cleaned { shared: shared(folder.path().to_owned()), ..Cleaned::default() };
        assert_eq!(cleaned.shared, Some((folder.path().to_owned(), 2048)));
    }

    /// The folder of a cell with a file that has so much in it.
    fn cell(target: &Path, run: &str) -> PathBuf {
        let cell = target.join(RUNS).join(run).join("cells/cell");
        fs::create_dir_all(cell.join("benchmarks")).expect("made");
        fs::write(cell.join("benchmarks/events.jsonl"), [0; 1000]).expect("written");
        cell
    }

    #[test]
    fn what_one_checkout_has_twice_takes_its_room_once_and_outlives_its_source() {
        let target = tempfile::tempdir().expect("a folder");
        let from = cell(target.path(), "1");
        let to = target.path().join(RUNS).join("2/cells/cell");
        share(&from, &to).expect("shared");
        assert_eq!(size(target.path()), 1000);
        // Replaced as every writer of the harness does.
        crate::model::document::write(&from.join("benchmarks/events.jsonl"), &1).expect("written");
        assert_eq!(fs::read(to.join("benchmarks/events.jsonl")).expect("a file"), [0; 1000]);
        fs::remove_dir_all(target.path().join(RUNS).join("1")).expect("removed");
        assert_eq!(fs::read(to.join("benchmarks/events.jsonl")).expect("a file"), [0; 1000]);
    }

    #[test]
    fn what_comes_from_elsewhere_is_not_changed_by_what_happens_there() {
        let (target, elsewhere) =
            (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let from = cell(elsewhere.path(), "1");
        let to = target.path().join(RUNS).join("2/cells/cell");
        fs::create_dir_all(target.path().join(RUNS)).expect("made");
        share(&from, &to).expect("shared");
        fs::write(from.join("benchmarks/events.jsonl"), "another download").expect("written");
        assert_eq!(fs::read(to.join("benchmarks/events.jsonl")).expect("a file"), [0; 1000]);
    }

    #[test]
    fn the_size_of_a_folder_is_that_of_its_files() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("a")).expect("made");
        fs::write(folder.path().join("a/b"), [0; 1000]).expect("written");
        fs::write(folder.path().join("c"), [0; 24]).expect("written");
        assert_eq!(size(folder.path()), 1024);
    }
}
