//! Is a line's lock file right, and how is it made? It makes a project with the line's pairing, and cargo resolves
//! the lock there.

use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::build::derived;
use crate::build::line::{self, LineError};
use crate::build::manifest::Manifest;
use crate::build::rehearsal::Wanted;
use crate::build::workspace::{MANIFEST, Workspace};
use crate::config::{Config, LineSpec};
use crate::process::{Command, Finished, Folder, ProcessError};
use crate::provision::Context;
use pyo3_doctor::lockfile::{Change, Lockfile, Unreadable};

/// The message of cargo when it would change the lock but may not.
const WOULD_CHANGE: &str = "cannot update the lock file";

/// The result for a lock file.
#[derive(Debug)]
pub enum Refreshed {
    Unchanged {
        packages: usize,
    },
    /// There was no lock, or no readable one.
    Made {
        packages: usize,
    },
    Written {
        packages: usize,
        changes: Vec<Change>,
    },
}

/// Which parts of the existing lock are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Everything that still fits.
    Keep,
    /// Nothing: each package moves to the newest release that the manifest's compiler accepts.
    Upgrade,
}

/// The reason why there is no new lock file.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error("line {}: cargo cannot resolve {spec}\n{source}\nhint: correct the [[line]] of matrix.toml, or the requirements of the manifest", .spec.name)]
    Unresolved { spec: LineSpec, source: ProcessError },
    #[error("line {}: cargo resolved another pairing: {}", .spec.name, .beside.join("; "))]
    Moved { spec: LineSpec, beside: Vec<String> },
    #[error("line {}: {source}", .spec.name)]
    Unreadable { spec: LineSpec, source: Unreadable },
    #[error(transparent)]
    Line(#[from] LineError),
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Returns why the lock of a line is stale; empty if it is not.
pub fn stale(spec: &LineSpec, context: &Context<'_>) -> Result<Vec<String>, LockError> {
    let config = context.config;
    let path = config.line_lock(spec.name);
    let Ok(text) = fs::read_to_string(&path) else { return Ok(vec!["there is none".to_owned()]) };
    let lock = match Lockfile::parse(&text) {
        Ok(lock) => lock,
        Err(error) => return Ok(vec![error.to_string()]),
    };
    let manifest = Manifest::read(&config.root.join(&config.extension.manifest))?;
    let mut faults = lock.beside_pairing(spec.pairing());
    let workspace = Workspace::of(config)?;
    let requirements = manifest.requirements(workspace.dependencies());
    faults.extend(lock.beside_manifest(manifest.name(), &requirements));
    if faults.is_empty() {
        let project = project(None, &derived::wanted(config, spec), Some(&text), context)?;
        faults.extend(would_change(&project, context)?);
    }
    Ok(faults)
}

/// Makes the lock of a line, or refreshes it.
pub fn refresh(spec: &LineSpec, how: How, context: &Context<'_>) -> Result<Refreshed, LockError> {
    let path = context.config.line_lock(spec.name);
    let before = fs::read_to_string(&path).ok();
    let start = match how {
        How::Keep => starting_lock(spec, context.config),
        How::Upgrade => None,
    };
    let text = resolve(spec, start.as_deref(), false, context)?;
    let unreadable = |source| LockError::Unreadable { spec: spec.clone(), source };
    let lock = Lockfile::parse(&text).map_err(unreadable)?;
    match lock.beside_pairing(spec.pairing()) {
        beside if beside.is_empty() => {}
        beside => return Err(LockError::Moved { spec: spec.clone(), beside }),
    }
    let packages = lock.packages();
    if before.as_ref() == Some(&text) {
        return Ok(Refreshed::Unchanged { packages });
    }
    write(&path, &text)?;
    Ok(match before.and_then(|text| Lockfile::parse(&text).ok()) {
        Some(before) => Refreshed::Written { packages, changes: lock.since(&before) },
        None => Refreshed::Made { packages },
    })
}

/// Returns the lock that cargo makes for a pairing, starting from the lock `start`.
pub fn resolve(
    spec: &LineSpec,
    start: Option<&str>,
    offline: bool,
    context: &Context<'_>,
) -> Result<String, LockError> {
    let wanted = derived::wanted(context.config, spec);
    let project = project(Some(spec), &wanted, start, context)?;
    let verb: &[&str] = if start.is_some() { &["update", "--workspace"] } else { &["generate-lockfile"] };
    asked(spec, &project, verb, offline, context)
}

/// The lock that cargo leaves in a draft after this command.
pub(super) fn asked(
    spec: &LineSpec,
    draft: &Draft,
    verb: &[&str],
    offline: bool,
    context: &Context<'_>,
) -> Result<String, LockError> {
    let command = cargo(draft, context).args(verb).args(offline.then_some("--offline"));
    command.check(context.processes).map_err(|source| match source {
        ProcessError::Interrupted => LockError::Process(source),
        // It was the caller who kept cargo from the network.
        ProcessError::Offline { .. } if !offline => LockError::Process(source),
        source => LockError::Unresolved { spec: spec.clone(), source },
    })?;
    Ok(fs::read_to_string(draft.root.join(line::LOCK))?)
}

/// Returns the line's own lock. A new line gets the lock of the newest other line, so that the crates that all lines
/// share are compiled once.
fn starting_lock(spec: &LineSpec, config: &Config) -> Option<String> {
    let mut others = config.lines.iter().rev().filter(|other| other.name != spec.name);
    let readable = |other: &LineSpec| {
        let text = fs::read_to_string(config.line_lock(other.name)).ok()?;
        Lockfile::parse(&text).is_ok().then_some(text)
    };
    readable(spec).or_else(|| others.find_map(readable))
}

/// A temporary project with only the extension.
pub(super) struct Draft {
    /// The folder of its workspace.
    pub root: PathBuf,
    folder: Folder,
}

impl Draft {
    /// Where the checkout's root would be.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// Makes such a project, with a fixed pairing if one is given.
pub(super) fn project(
    pinned: Option<&LineSpec>,
    wanted: &Wanted,
    lock: Option<&str>,
    context: &Context<'_>,
) -> Result<Draft, LockError> {
    let config = context.config;
    fs::create_dir_all(config.target())?;
    let folder = context.processes.folder("lock-", &config.target())?;
    let root = line::copy(config, wanted, folder.path())?.root;
    if let Some(spec) = pinned {
        // Edit the copies in place: one of them is reduced already, and both may be the same file.
        for manifest in [root.join(MANIFEST), config.extension.manifest.clone()] {
            let path = folder.path().join(manifest);
            let text = Manifest::read(&path)?.pinned(spec.pairing());
            fs::write(path, text)?;
        }
    }
    let root = folder.path().join(root);
    if let Some(lock) = lock {
        fs::write(root.join(line::LOCK), lock)?;
    }
    Ok(Draft { root, folder })
}

/// Whether cargo itself would write another lock. It first asks without the network, because most locks do not need
/// it.
fn would_change(project: &Draft, context: &Context<'_>) -> Result<Option<String>, LockError> {
    let locked = |offline: bool| {
        let command = cargo(project, context).args(["update", "--workspace", "--locked"]);
        command.args(offline.then_some("--offline")).run(context.processes)?.check()
    };
    match locked(true).or_else(|_| locked(false)) {
        Ok(Finished { .. }) => Ok(None),
        Err(ProcessError::Failed { tail, .. }) if tail.contains(WOULD_CHANGE) => {
            Ok(Some("cargo would lock something else".to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}

fn cargo(project: &Draft, context: &Context<'_>) -> Command {
    Command::new("cargo").folder(&project.root).limit(context.config.budgets.fetch)
}

/// Writes a lock completely or not at all. The first lock also creates its folder.
pub(super) fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let partial: PathBuf = path.with_extension("lock.partial");
    fs::write(&partial, text)?;
    fs::rename(partial, path)
}
