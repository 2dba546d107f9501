//! Is the Rust that is named, promised or installed new enough for the line that is built? A7.

use crate::compiler::numbers;
use crate::facts::LineFacts;
use crate::finding::{Finding, Id, Place, Step};
use crate::project::{Project, Workspace};
use crate::text::At;

pub fn check(project: &Project) -> Vec<Finding> {
    let mut findings = Vec::new();
    for workspace in &project.workspaces {
        // Of several locks, a Rust is wrong that builds none.
        let lines = workspace.lines();
        let Some(facts) = lines.iter().filter_map(|line| LineFacts::of(*line)).min_by_key(|facts| facts.rust)
        else {
            continue;
        };
        findings.extend(promised(workspace, facts));
        findings.extend(named(project, workspace, facts));
    }
    findings
}

/// `rust-version` of the crates that use `pyo3`.
fn promised(workspace: &Workspace, facts: &LineFacts) -> Vec<Finding> {
    let packages = workspace.manifests.iter().filter(|manifest| manifest.on("pyo3").next().is_some());
    let written = packages.filter_map(|manifest| manifest.package.as_ref()?.rust_version.as_ref());
    let old = written.filter(|written| numbers(&written.value).is_some_and(|version| version < facts.rust));
    let finding = |written: &At<String>| {
        let found = format!("rust-version = \"{}\", and {}", written.value, workspace.line_is(facts.line));
        let why = format!("{}, so the promise of the manifest does not hold", needs(workspace, facts));
        Finding::new(Id::A7, written.place(), found, why).says(SAYS).mend([raise(written, workspace, facts)])
    };
    old.map(finding).collect()
}

/// The toolchain file; without one that names a version, the rustc that is there.
fn named(project: &Project, workspace: &Workspace, facts: &LineFacts) -> Option<Finding> {
    let channel = project.channel.as_ref();
    if let Some((written, version)) = channel.and_then(|channel| Some((channel, numbers(&channel.value)?))) {
        let found = format!("channel {}, and {}", written.value, workspace.line_is(facts.line));
        let finding = Finding::new(Id::A7, written.place(), found, needs(workspace, facts)).says(SAYS);
        return (version < facts.rust).then(|| finding.mend([raise(written, workspace, facts)]));
    }
    let there = workspace.rustc.filter(|there| *there < facts.rust)?;
    let found = format!("rustc {} runs here, and {}", shown(there), workspace.line_is(facts.line));
    let place = Place { file: "environment".into(), line: None };
    let finding = Finding::new(Id::A7, place, found, needs(workspace, facts)).says(SAYS);
    Some(finding.mend([Step::run(&["rustup", "update", "stable"], "")]))
}

fn needs(workspace: &Workspace, facts: &LineFacts) -> String {
    let others = workspace.needed.filter(|needed| *needed > facts.rust);
    let others = others.map(|needed| format!(", and other packages of the build need {}", shown(needed)));
    let pyo3 = format!("pyo3 {} needs Rust {} or newer", facts.line, shown(facts.rust));
    pyo3 + &others.unwrap_or_default()
}

/// A version that every locked package accepts; where none is known, none is named.
fn raise(written: &At<String>, workspace: &Workspace, facts: &LineFacts) -> Step {
    let unknown = || {
        Step::advise(format!(
            "{}: name the newest rust_version that `cargo metadata` shows of the locked packages: others than pyo3 may \
             need a newer Rust than pyo3 does",
            written.place()
        ))
    };
    workspace.needed.map_or_else(unknown, |needed| written.requote(&shown(needed.max(facts.rust))))
}

/// Cargo refuses a dependency by its `rust-version`, and names it.
const SAYS: &str = "is not supported by the following package";

fn shown((major, minor): (u16, u16)) -> String {
    format!("{major}.{minor}")
}
