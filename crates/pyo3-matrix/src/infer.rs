//! What would `matrix.toml` say of a project that has none? A checkout in; the text of that file, and where each value comes from,
//! out. Nothing is written, and no process is started.

mod commands;
mod lines;
mod packages;
mod project;
mod pythons;
mod suite;
mod text;
mod tox;

use std::path::{Path, PathBuf};

use pyo3_doctor::error::DoctorError;

use lines::Lines;
use packages::Chosen;
use project::Project;
use pythons::Pythons;
use suite::Suite;

/// The `matrix.toml` of a project that has none.
#[derive(Debug)]
pub struct Inferred {
    /// The folder where it would stand.
    pub root: PathBuf,
    /// Its text, with the source of each value beside it.
    pub text: String,
    pub facts: Vec<Fact>,
}

/// A value, and what says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    pub key: &'static str,
    pub value: String,
    pub source: String,
}

impl Fact {
    fn new(key: &'static str, value: impl Into<String>, source: impl Into<String>) -> Fact {
        Fact { key, value: value.into(), source: source.into() }
    }
}

/// Why nothing can be inferred.
#[derive(Debug, thiserror::Error)]
pub enum InferError {
    #[error("no matrix.toml, and no pyproject.toml that builds a crate, in {} or above it\nhint: run this in a project that maturin or setuptools-rust builds, or name a matrix.toml with --config", .0.display())]
    NoProject(PathBuf),
    #[error("several projects here build a crate: {}\nhint: run this in the folder of one of them", .0.join(", "))]
    Several(Vec<String>),
    #[error("{}: nothing says which PyO3 this is: no Cargo.lock holds pyo3, and the manifest asks for no release that is known here\nhint: ask for pyo3 in the manifest, or write a matrix.toml with a [[line]]", .0.display())]
    NoLine(PathBuf),
    #[error("{} says that no Python from 3.9 on is supported, and cells need one\nhint: correct requires-python, or write a matrix.toml", .0.display())]
    NoPython(PathBuf),
    #[error("no tests found: no testpaths, no `pytest` with a path in workflows, nox, tox, make or just files, and no folder tests in {}\nhint: a source distribution often lacks them: use a checkout; or name them in a matrix.toml, [suite] tests", .0.display())]
    NoTests(PathBuf),
    #[error(transparent)]
    Doctor(#[from] DoctorError),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl InferError {
    /// Whether something of the project is wrong, and nothing of the machine.
    #[must_use]
    pub fn is_of_the_project(&self) -> bool {
        !matches!(self, InferError::Io(error) if error.kind() != std::io::ErrorKind::InvalidData)
            && !matches!(self, InferError::Doctor(DoctorError::Ask(_)))
    }
}

/// Infers the matrix of the project in or around the folder `here`. `toplevel` is the folder of the git checkout, if this is in
/// one.
pub fn infer(here: &Path, toplevel: Option<&Path>) -> Result<Inferred, InferError> {
    let project = Project::find(here, toplevel)?;
    let lines = Lines::of(&project)?;
    let pythons = Pythons::of(&project, &lines)?;
    let suite = Suite::of(&project)?;
    let packages = Chosen::of(&project);
    let facts = [project.facts(), pythons.facts(), lines.facts(), suite.facts(), packages.facts()].concat();
    let text = text::render(&project, &pythons, &lines, &suite, &packages);
    Ok(Inferred { root: project.root, text, facts })
}
