//! Which earlier runs and wheels stay when a run has ended? `[keep]` and what is on disk in, what was removed out.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use fs_err as fs;

use crate::config::{Config, Kept};
use crate::model::document;
use crate::plan::part::Cut;
use crate::store::alive::is_at_work;
use crate::store::checkout::CheckoutLock;
use crate::store::disk::{self, RUNS};
use crate::store::folder::{LATEST, PLAN, RunFolder, is_id};
use crate::store::intent::Intent;

/// The folder that a run or a wheel is moved into before its files are removed. Nothing looks for runs or wheels there.
const REMOVED: &str = ".removed";

/// What was removed.
#[derive(Debug, Default)]
pub struct Pruned {
    pub runs: usize,
    pub wheels: usize,
    pub bytes: u64,
    /// Why something that was to go is still there.
    pub failed: Option<io::Error>,
}

/// Removes what `[keep]` leaves out, at the end of `run`, while the caller holds the checkout.
pub fn prune(config: &Config, run: &RunFolder, _held: &CheckoutLock) -> Pruned {
    let (runs, wheels) = (config.target().join(RUNS), config.target().join("wheels"));
    let mut pruned = Pruned::default();
    let mut sweep = |home: &Path, old: io::Result<Vec<PathBuf>>| {
        let removed = old.and_then(|old| remove(home, &old));
        removed.unwrap_or_else(|error| {
            pruned.failed.get_or_insert(error);
            (0, 0)
        })
    };
    let wrecks = sweep(&runs, wrecks(&runs, run));
    let of_runs = sweep(&runs, old_runs(&runs, config.keep.runs, run));
    let of_wheels = sweep(&wheels, old_wheels(&wheels, config.keep.wheels, run));
    Pruned { runs: of_runs.0, wheels: of_wheels.0, bytes: wrecks.1 + of_runs.1 + of_wheels.1, ..pruned }
}

/// The runs that are not kept. `run`, the latest one, and what a kept one refers to are.
fn old_runs(runs: &Path, keep: Kept, run: &RunFolder) -> io::Result<Vec<PathBuf>> {
    let is_run = |path: &PathBuf| path.join(PLAN).is_file();
    let all: BTreeSet<PathBuf> = folders(runs)?.into_iter().filter(is_run).collect();
    // An id begins with the time at which its run began.
    let newest = all.iter().rev().take(keep.of(all.len()));
    let latest = fs::read_link(runs.join(LATEST)).ok();
    let named = latest.iter().chain([&run.path]).filter_map(|path| Some(runs.join(path.file_name()?)));
    let mut open: Vec<PathBuf> = newest.cloned().chain(named).collect();
    let mut kept = BTreeSet::new();
    while let Some(path) = open.pop() {
        if all.contains(&path) && kept.insert(path.clone()) {
            open.extend(refers_to(&path).iter().map(|run| runs.join(run)));
        }
    }
    Ok(all.difference(&kept).cloned().collect())
}

/// What a harness left that was killed before its folder was a run: no plan is in it, and no harness makes one at this
/// moment. A folder that is newer than `run` may be a merge that has only begun.
fn wrecks(runs: &Path, run: &RunFolder) -> io::Result<Vec<PathBuf>> {
    let began = fs::metadata(run.path.join(PLAN))?.modified()?;
    let mut found = Vec::new();
    for path in folders(runs)? {
        let ours = path.file_name().is_some_and(|name| is_id(&name.to_string_lossy()));
        if ours
            && !path.join(PLAN).is_file()
            && fs::metadata(&path)?.modified()? < began
            && !is_at_work(&RunFolder { path: path.clone() })
        {
            found.push(path);
        }
    }
    Ok(found)
}

/// The runs that a run retries, or was merged from.
fn refers_to(run: &Path) -> Vec<String> {
    // What this harness cannot read refers to nothing that it knows.
    let Ok(Some(Intent { part, merged, .. })) = document::read(&run.join(PLAN)) else { return Vec::new() };
    let retried = part.and_then(|part| match part.cut {
        Cut::Retry { run } | Cut::Explain { run } => Some(run),
        Cut::Named | Cut::Shard { .. } => None,
    });
    let merged = merged.into_iter().flat_map(|merged| merged.runs).map(|source| source.run);
    merged.chain(retried).collect()
}

/// The wheels that are not kept. Those that were used since `run` began are.
fn old_wheels(wheels: &Path, keep: Kept, run: &RunFolder) -> io::Result<Vec<PathBuf>> {
    let began = fs::metadata(run.path.join(PLAN))?.modified()?;
    let used = |path: PathBuf| Ok((fs::metadata(&path)?.modified()?, path));
    let mut all =
        folders(wheels)?.into_iter().map(used).collect::<io::Result<Vec<(SystemTime, PathBuf)>>>()?;
    all.sort_unstable_by(|one, other| other.cmp(one));
    let old = all.drain(keep.of(all.len())..).filter(|(used, _)| *used < began);
    Ok(old.map(|(_, path)| path).collect())
}

/// The folders in `home`; none where there is no such folder.
fn folders(home: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(home) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() && entry.file_name() != REMOVED {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// Removes `old` from `home`, and says how many that were and how many bytes. Each is first moved aside: a harness that
/// is killed meanwhile leaves no half of a run or wheel, and the next one removes the rest.
fn remove(home: &Path, old: &[PathBuf]) -> io::Result<(usize, u64)> {
    let aside = home.join(REMOVED);
    if old.is_empty() && !aside.exists() {
        return Ok((0, 0));
    }
    let before = disk::size(home);
    fs::create_dir_all(&aside)?;
    for path in old {
        fs::rename(path, aside.join(path.file_name().unwrap_or_default()))?;
    }
    fs::remove_dir_all(&aside)?;
    Ok((old.len(), before.saturating_sub(disk::size(home))))
}

#[cfg(test)]
mod tests;
