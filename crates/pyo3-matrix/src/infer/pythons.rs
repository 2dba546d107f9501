//! Which Pythons does a project support? Its metadata, workflows, nox and tox files in, Pythons with what names them out.

use std::collections::BTreeMap;

use fs_err as fs;
use pyo3_doctor::facts::Acceptance;
use pyo3_doctor::metadata::Said;
use regex::Regex;

use super::lines::Lines;
use super::project::Project;
use super::{Fact, InferError};
use crate::model::cell::Python;

/// The oldest Python that a cell runs on, and the newest that is released.
const MINORS: std::ops::RangeInclusive<u8> = 9..=15;

/// Files that name Pythons in a form of their own, and what a Python looks like there.
const FILES: [(&str, &str); 2] = [("noxfile.py", r#"["'](3\.\d+t?)["']"#), ("tox.ini", r"py(3\d+)\b")];

/// What names Pythons that something is done with, which need not be all that are supported.
const WEAK: [&str; 2] = ["a CI workflow", ".python-version"];

/// The Pythons of a matrix.
#[derive(Debug)]
pub struct Pythons {
    /// Each with what says so, oldest first.
    pub all: BTreeMap<Python, String>,
    /// A `requires-python` that says nothing, since it is no specifier, and its place.
    unclear: Option<(String, String)>,
}

impl Pythons {
    pub fn of(project: &Project, lines: &Lines) -> Result<Pythons, InferError> {
        let fits = |python: Python| project.metadata.admits(python) && runs(python);
        let mut all: BTreeMap<Python, String> = BTreeMap::new();
        let (weak, strong): (Vec<_>, Vec<_>) =
            project.metadata.claims.iter().partition(|said| WEAK.contains(&said.by));
        let shown = |said: &Said| (said.python, format!("{}, {}", said.by, place(project, &said.place)));
        let of_files = FILES.iter().flat_map(|(file, pattern)| in_file(project, file, pattern));
        let named = strong.iter().map(|said| shown(said)).chain(of_files).filter(|(python, _)| fits(*python));
        for (python, source) in named {
            all.entry(python).or_insert(source);
        }
        let only_workflows = all.is_empty();
        let workflows = weak.iter().map(|said| shown(said)).filter(|(python, _)| fits(*python));
        for (python, source) in workflows {
            all.entry(python).or_insert(source);
        }
        if only_workflows && (all.is_empty() || project.metadata.requires().is_some()) {
            let source = project.metadata.requires().map_or_else(
                || "the Pythons that the line takes: nothing names any".to_owned(),
                |at| format!("requires-python, {}", place(project, &at)),
            );
            let accepted = |python: &Python| {
                lines.own().is_none_or(|facts| facts.accepts(*python) == Acceptance::Accepted)
            };
            let admitted =
                MINORS.map(plain).filter(|python| project.metadata.admits(*python)).filter(accepted);
            for python in admitted {
                all.entry(python).or_insert_with(|| source.clone());
            }
        }
        if all.keys().all(|python| python.free_threaded) {
            return Err(InferError::NoPython(project.root.join(project.pyproject_path())));
        }
        let unclear = project.metadata.unclear_requires();
        let unclear = unclear.map(|(text, at)| (text.to_owned(), place(project, &at)));
        Ok(Pythons { all, unclear })
    }

    pub fn facts(&self) -> Vec<Fact> {
        let mut by_source: Vec<(&String, Vec<String>)> = Vec::new();
        for (python, source) in &self.all {
            // The place of the first of several is enough.
            let says = |source: &str| source.split(", ").next().unwrap_or_default().to_owned();
            match by_source.iter_mut().find(|(known, _)| says(known) == says(source)) {
                Some((_, pythons)) => pythons.push(python.to_string()),
                None => by_source.push((source, vec![python.to_string()])),
            }
        }
        let named = by_source.into_iter();
        let named = named.map(|(source, pythons)| Fact::new("python", pythons.join(", "), source.clone()));
        self.warning().into_iter().chain(named).collect()
    }

    /// That `requires-python` was passed over.
    pub fn warning(&self) -> Option<Fact> {
        let (text, place) = self.unclear.as_ref()?;
        let said = format!(
            "requires-python = {text:?} is no version specifier, and is passed over; one looks like \">=3.10\""
        );
        Some(Fact::new("warning", said, place.clone()))
    }
}

fn plain(minor: u8) -> Python {
    Python { major: 3, minor, free_threaded: false }
}

/// Whether a cell can run on it.
fn runs(python: Python) -> bool {
    python.major == 3 && MINORS.contains(&python.minor)
}

fn place(project: &Project, place: &pyo3_doctor::finding::Place) -> String {
    let absolute = std::path::absolute(&place.file).unwrap_or_else(|_| place.file.clone());
    let file = absolute.strip_prefix(&project.root).unwrap_or(&place.file).display();
    place.line.map_or_else(|| file.to_string(), |line| format!("{file}:{line}"))
}

/// The Pythons that a file beside the pyproject, or at the root, names.
fn in_file(project: &Project, file: &str, pattern: &str) -> Vec<(Python, String)> {
    let folders = [project.root.join(&project.folder), project.root.clone()];
    let Some(text) = folders.iter().find_map(|folder| fs::read_to_string(folder.join(file)).ok()) else {
        return Vec::new();
    };
    let Ok(pattern) = Regex::new(pattern) else { return Vec::new() };
    let found = pattern.captures_iter(&text).filter_map(|found| {
        let written = found.get(1)?;
        let dotted = if written.as_str().contains('.') {
            written.as_str().to_owned()
        } else {
            format!("3.{}", &written.as_str()[1..])
        };
        let line = text[..written.start()].matches('\n').count() + 1;
        Some((dotted.parse().ok()?, format!("{file}, {file}:{line}")))
    });
    found.collect()
}
