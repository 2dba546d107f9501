//! Is the Rust that is named, promised or installed new enough for the locked line? A7.

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
        let found = format!("rust-version = \"{}\", and the locked line is {}", written.value, facts.line);
        let step = written.requote(&shown(facts.rust));
        let why = format!("{}, so the promise of the manifest does not hold", needs(facts));
        Finding::new(Id::A7, written.place(), found, why).says(SAYS).mend([step])
    };
    old.map(finding).collect()
}

/// The toolchain file; without one that names a version, the rustc that is there.
fn named(project: &Project, workspace: &Workspace, facts: &LineFacts) -> Option<Finding> {
    let channel = project.channel.as_ref();
    if let Some((written, version)) = channel.and_then(|channel| Some((channel, numbers(&channel.value)?))) {
        let found = format!("channel {}, and the locked line is {}", written.value, facts.line);
        let finding = Finding::new(Id::A7, written.place(), found, needs(facts)).says(SAYS);
        return (version < facts.rust).then(|| finding.mend([written.requote(&shown(facts.rust))]));
    }
    let there = workspace.rustc.filter(|there| *there < facts.rust)?;
    let found = format!("rustc {} runs here, and the locked line is {}", shown(there), facts.line);
    let place = Place { file: "environment".into(), line: None };
    let finding = Finding::new(Id::A7, place, found, needs(facts)).says(SAYS);
    Some(finding.mend([Step::run(&["rustup", "update", "stable"], "")]))
}

fn needs(facts: &LineFacts) -> String {
    format!("pyo3 {} needs Rust {} or newer", facts.line, shown(facts.rust))
}

/// Cargo refuses a dependency by its `rust-version`, and names it.
const SAYS: &str = "is not supported by the following package";

/// `1.85` of `1.85.0`; None for `stable`, `nightly` and dates.
fn numbers(text: &str) -> Option<(u16, u16)> {
    let mut parts = text.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn shown((major, minor): (u16, u16)) -> String {
    format!("{major}.{minor}")
}
