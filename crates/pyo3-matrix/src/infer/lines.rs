//! Which PyO3 lines matter to a project? Its lock and its manifest in; the line that it is on, and every newer one, out.

use std::collections::BTreeMap;
use std::path::Path;

use fs_err as fs;
use pyo3_doctor::facts::{LINES, LineFacts, releases};
use pyo3_doctor::lockfile::Lockfile;
use semver::{Version, VersionReq};

use super::project::Project;
use super::{Fact, InferError};
use crate::build::manifest::Manifest;
use crate::model::cell::Line;

/// The crate whose releases follow those of `pyo3`.
const RUNTIMES: &str = "pyo3-async-runtimes";

/// The lines of a matrix, oldest first.
#[derive(Debug)]
pub struct Lines {
    pub all: Vec<LineOf>,
    source: String,
}

/// One line, with the releases that it is made of.
#[derive(Debug)]
pub struct LineOf {
    pub name: Line,
    /// Package → version.
    pub pairing: BTreeMap<&'static str, String>,
    /// Whether the manifest asks for an older one.
    pub beyond: bool,
}

impl Lines {
    pub fn of(project: &Project) -> Result<Lines, InferError> {
        let (workspace, inherited) = workspace(project)?;
        let asked = Manifest::of(project.cargo.clone()).requirements(inherited.as_ref());
        let of =
            |name: &str| asked.iter().find(|asked| asked.name == name).map(|asked| asked.versions.clone());
        let pyo3 = of("pyo3").flatten().unwrap_or_default();
        let lock_path = workspace.join("Cargo.lock");
        let lock = fs::read_to_string(&lock_path).ok().and_then(|text| Lockfile::parse(&text).ok());
        let shown = |path: &Path| path.strip_prefix(&project.root).unwrap_or(path).display().to_string();
        let locked = |name: &str| lock.as_ref().and_then(|lock| lock.version(name)).cloned();
        let (first, source) = match locked("pyo3") {
            Some(version) => (version, shown(&lock_path)),
            None => (
                newest(&pyo3)
                    .filter(|_| of("pyo3").is_some())
                    .ok_or_else(|| InferError::NoLine(project.root.join(&project.manifest)))?,
                format!(
                    "{}, the newest that it asks for: there is no Cargo.lock",
                    project.manifest.display()
                ),
            ),
        };
        let has_runtimes = of(RUNTIMES).is_some();
        let name = Line { major: part(first.major), minor: part(first.minor) };
        let first = line_of(name, &first, locked(RUNTIMES), has_runtimes);
        let newer = LINES.iter().map(|facts| facts.line).filter(|line| *line > first.name);
        let newer = newer.filter_map(|line| newest_of(line, has_runtimes, &pyo3));
        let newer: Vec<LineOf> = newer.collect();
        Ok(Lines { all: std::iter::once(first).chain(newer).collect(), source })
    }

    /// What is known of the line that the project is on.
    pub fn own(&self) -> Option<&'static LineFacts> {
        LineFacts::of(self.all.first()?.name)
    }

    pub fn facts(&self) -> Vec<Fact> {
        let named = |beyond: bool| {
            let lines =
                self.all.iter().filter(|line| line.beyond == beyond).map(|line| line.name.to_string());
            lines.collect::<Vec<_>>().join(", ")
        };
        let mut facts = vec![Fact::new("lines", named(false), self.source.clone())];
        if self.all.iter().any(|line| line.beyond) {
            facts.push(Fact::new(
                "rehearsals",
                named(true),
                "the lines that are known here; the manifest asks for older ones",
            ));
        }
        facts
    }
}

/// The folder of the workspace's root, and what its members inherit.
fn workspace(project: &Project) -> Result<(std::path::PathBuf, Option<toml::Table>), InferError> {
    let own = project.root.join(&project.manifest);
    let own = own.parent().unwrap_or(&project.root);
    for folder in own.ancestors().take_while(|folder| folder.starts_with(&project.root)) {
        let manifest = folder.join("Cargo.toml");
        if !manifest.is_file() {
            continue;
        }
        let table = crate::build::workspace::read(&manifest)?;
        if let Some(workspace) = table.get("workspace") {
            let inherited = workspace.get("dependencies").and_then(toml::Value::as_table).cloned();
            return Ok((folder.to_owned(), inherited));
        }
    }
    Ok((own.to_owned(), None))
}

/// The newest known release that a requirement takes.
fn newest(asked: &VersionReq) -> Option<Version> {
    let known = LINES.iter().rev().filter_map(|facts| releases(facts.line)?.pyo3.parse().ok());
    known.into_iter().find(|version| asked.matches(version))
}

fn part(number: u64) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

/// A line of these releases.
fn line_of(name: Line, pyo3: &Version, runtimes: Option<Version>, has_runtimes: bool) -> LineOf {
    let known = || releases(name).map(|known| known.runtimes.to_owned());
    let runtimes = runtimes.map(|version| version.to_string()).or_else(|| has_runtimes.then(known).flatten());
    let pairing =
        std::iter::once(("pyo3", pyo3.to_string())).chain(runtimes.map(|version| (RUNTIMES, version)));
    LineOf { name, pairing: pairing.collect(), beyond: false }
}

/// A line with its newest known releases.
fn newest_of(name: Line, has_runtimes: bool, asked: &VersionReq) -> Option<LineOf> {
    let pyo3: Version = releases(name)?.pyo3.parse().ok()?;
    Some(LineOf { beyond: !asked.matches(&pyo3), ..line_of(name, &pyo3, None, has_runtimes) })
}
