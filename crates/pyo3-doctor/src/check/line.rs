//! Do the requirements and the locks agree on a line? A1, and A3.
//!
//! A3 is about intent. `pyo3 = ">=0.28"` asks for the newest line; where a companion holds it to an older one, cargo
//! takes the older without a word. A range with an upper end, such as `>=0.23, <0.31`, says that every line in it is
//! meant and that the lock chooses: no finding. A lock that is named after a line has to be of that line.

use std::collections::BTreeSet;

use cargo_lock::{Package, SourceId};

use crate::facts;
use crate::finding::{Finding, Id, Step};
use crate::locked::LockedPackages;
use crate::manifest::Dependency;
use crate::project::{Project, Workspace};
use crate::pyo3::{self, COMPANIONS, PYO3, RUNTIMES, line_of};
use crate::remedy;
use crate::text::At;
use crate::version::Line;

pub fn check(project: &Project) -> Vec<Finding> {
    let of = |workspace| {
        let mut findings = requirements(workspace);
        // The lock of such a requirement cannot be new.
        if findings.is_empty() {
            findings.extend(locks(workspace));
        }
        findings.extend(downgraded(workspace));
        findings.extend(mislabelled(workspace));
        findings
    };
    project.workspaces.iter().flat_map(of).collect()
}

/// The requirements on a crate of the registry that nothing replaces.
fn asked<'w>(workspace: &'w Workspace, name: &'static str) -> Vec<(&'w Dependency, BTreeSet<Line>)> {
    if workspace.patches(name) {
        return Vec::new();
    }
    let of = workspace.manifests.iter().flat_map(|manifest| manifest.on(name));
    of.filter_map(|dependency| Some((dependency, dependency.lines()?))).collect()
}

/// A1: no line fits all of them. The requirement on `pyo3` that most lines share leads; it is what the source is written for.
fn requirements(workspace: &Workspace) -> Vec<Finding> {
    let pyo3 = asked(workspace, PYO3);
    let Some((leader, lines)) = pyo3.first() else { return Vec::new() };
    let others = pyo3.iter().skip(1);
    let companions = COMPANIONS.iter().flat_map(|name| asked(workspace, name));
    let mut findings = Vec::new();
    for (other, theirs) in others.cloned().chain(companions) {
        // A major of its own, as pyo3-asyncio 1.0 would be, says nothing about lines.
        if theirs.is_empty() || !theirs.is_disjoint(lines) {
            continue;
        }
        findings.push(unequal(leader, lines, other));
    }
    findings
}

fn unequal(leader: &Dependency, lines: &BTreeSet<Line>, other: &Dependency) -> Finding {
    let place = other.version.as_ref().map_or_else(|| other.entry.place(), At::place);
    let asks = |dependency: &Dependency| {
        let version = dependency.version.as_ref().map(|version| version.value.as_str()).unwrap_or_default();
        format!("{} = \"{version}\"", dependency.package)
    };
    let at = leader.version.as_ref().map_or_else(|| leader.entry.place(), At::place);
    let newest = lines.iter().rev().find(|line| facts::releases(**line).is_some());
    let steps = newest.and_then(|line| remedy::require(other, *line));
    let found = format!("{} beside {} ({at})", asks(other), asks(leader));
    let why = "a release of the one takes only the same minor of the other, and one build cannot hold two \
               pyo3: both link the Python library";
    let advice = || Step::advise(format!("ask for releases of one line for {} and pyo3", other.package));
    Finding::new(Id::A1, place, found, why)
        .says("failed to select a version for")
        .mend([steps.unwrap_or_else(advice)])
}

/// A1 in a lock: merged by hand, or older than its manifests.
fn locks(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for lock in &workspace.locks {
        let lines = lock.lines();
        // A fork keeps its number while it follows pyo3: what it takes is for cargo to know.
        let of_registry = |package: &&Package| package.source.as_ref().is_some_and(SourceId::is_registry);
        let strange = COMPANIONS
            .iter()
            .flat_map(|name| lock.all(name))
            .filter(of_registry)
            .find(|package| !lines.is_empty() && !lines.contains(&line_of(&package.version)));
        let Some(package) = strange else { continue };
        let found = format!("{} {} beside pyo3 {}", package.name, package.version, shown(&lines));
        let why = "a release of the one takes only the same minor of the other: cargo refuses this lock, or \
                   silently makes another";
        let step = Step::run(&["cargo", "update", package.name.as_str()], &workspace.folder);
        findings.push(Finding::new(Id::A1, lock.place(package), found, why).mend([step]));
    }
    findings
}

/// A3: an open requirement that a companion holds to an older line.
fn downgraded(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Some(lock) = workspace.locks.iter().find(|lock| lock.label.is_none()) else { return findings };
    let Some(&locked) = lock.lines().first() else { return findings };
    let open = asked(workspace, PYO3).into_iter().find(|(dependency, _)| {
        dependency.requirement().is_some_and(|requirement| pyo3::is_open(&requirement))
    });
    let Some((open, _)) = open else { return findings };
    let newest = pyo3::newest();
    let holds = |(_, lines): &(&Dependency, BTreeSet<Line>)| {
        locked < newest && lines.contains(&locked) && !lines.contains(&newest)
    };
    let Some((holder, _)) = asked(workspace, RUNTIMES).into_iter().find(holds) else { return findings };
    let Some(version) = open.version.as_ref() else { return findings };
    let package = lock.all(PYO3).next();
    let at = package.map_or_else(|| lock.file.whole(), |package| lock.place(package));
    let found = if lock.on_disk {
        format!("pyo3 = \"{}\", and the lock holds line {locked} ({at})", version.value)
    } else {
        format!("pyo3 = \"{}\", and {}", version.value, workspace.line_is(locked))
    };
    let held = holder.version.as_ref().map(|version| version.value.as_str()).unwrap_or_default();
    let why = format!(
        "the requirement reads as \"{newest} today\", but {} = \"{held}\" holds pyo3 to {locked}: what is built and \
         tested is not what is asked for. A range that is meant has an upper end",
        holder.package
    );
    findings.push(Finding::new(Id::A3, version.place(), found, why).mend(remedy::require(holder, newest)));
    findings
}

/// A3: a lock named after another line.
fn mislabelled(workspace: &Workspace) -> Vec<Finding> {
    let of = |lock: &LockedPackages| {
        let label = lock.label?;
        let package = lock.all(PYO3).find(|package| line_of(&package.version) != label)?;
        let found = format!("pyo3 {} in the lock file of line {label}", package.version);
        let why = "what is built from it is not what its label says";
        let releases = facts::releases(label);
        let step = releases.map_or_else(
            || Step::advise(format!("make the lock again with pyo3 {label}")),
            |releases| Step::advise(relock(&lock.file.path.display().to_string(), releases)),
        );
        Some(Finding::new(Id::A3, lock.place(package), found, why).mend([step]))
    };
    workspace.locks.iter().filter_map(of).collect()
}

fn relock(path: &str, releases: facts::Releases) -> String {
    let facts::Releases { pyo3, runtimes } = releases;
    format!(
        "with {path} as Cargo.lock: cargo update {RUNTIMES} --precise {runtimes}, then cargo update {PYO3} \
         --precise {pyo3}"
    )
}

fn shown(lines: &BTreeSet<Line>) -> String {
    lines.iter().map(Line::to_string).collect::<Vec<_>>().join(", ")
}
