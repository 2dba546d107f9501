//! How is a workspace taken to another line? The workspace and the line in; edits of requirements, or updates of the lock, out.

use super::finding::Step;
use super::manifest::{Dependency, Origin};
use super::project::Workspace;
use super::pyo3::{COMPANIONS, PYO3, RUNTIMES};
use crate::facts;
use crate::version::Line;

/// Edits where requirements keep the line out; else, cargo is told which releases to lock.
#[must_use]
pub fn to_line(workspace: &Workspace, line: Line) -> Vec<Step> {
    let names = COMPANIONS.iter().copied().chain([PYO3, "pyo3-build-config"]);
    let held: Vec<&Dependency> = names
        .flat_map(|name| workspace.manifests.iter().flat_map(move |manifest| manifest.on(name)))
        .filter(|dependency| dependency.lines().is_some_and(|lines| !lines.contains(&line)))
        .collect();
    let mut steps: Vec<Step> = held.into_iter().filter_map(|dependency| require(dependency, line)).collect();
    // Several members may inherit one requirement, which is edited once.
    steps.sort();
    steps.dedup();
    if steps.is_empty() { lock(workspace, line) } else { steps }
}

/// The edit that makes a requirement ask for a line.
#[must_use]
pub fn require(dependency: &Dependency, line: Line) -> Option<Step> {
    if dependency.origin != Origin::Registry {
        return None;
    }
    Some(dependency.version.as_ref()?.requote(&line.to_string()))
}

/// The commands that lock the newest releases of a line, where the requirements let them in.
fn lock(workspace: &Workspace, line: Line) -> Vec<Step> {
    let Some(releases) = facts::releases(line) else { return Vec::new() };
    let mut steps = Vec::new();
    // The companion first: it holds pyo3 to its own line.
    for (name, version) in [(RUNTIMES, releases.runtimes), (PYO3, releases.pyo3)] {
        if workspace.holds(name) {
            steps.push(Step::run(&["cargo", "update", name, "--precise", version], &workspace.folder));
        }
    }
    steps
}
