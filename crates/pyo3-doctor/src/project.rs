//! What is on disk, as the checks see it? Values alone: nothing here reads a file.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::claim::{Claim, Pyproject};
use super::finding::Place;
use super::locked::LockedPackages;
use super::manifest::{Manifest, Panic};
use super::pyo3;
use super::text::{At, TextFile};
use crate::version::{Line, Python};

/// Everything that was found under one path.
#[derive(Debug, Default)]
pub struct Project {
    pub workspaces: Vec<Workspace>,
    /// What workflows, `.python-version` and tox say; the claims of metadata are in the workspaces.
    pub claims: Vec<Claim>,
    /// The channel of `rust-toolchain.toml`.
    pub channel: Option<At<String>>,
    /// Variables that steer a build, whoever sets them.
    pub settings: Vec<Setting>,
    /// `panic` in the profiles of `.cargo/config.toml`.
    pub panics: Vec<Panic>,
    /// Whether a workflow, a recipe or a guide says `--no-default-features`.
    pub tests_without_defaults: bool,
}

/// Crates that share a lock file, or a lock file alone.
#[derive(Debug, Default)]
pub struct Workspace {
    /// Relative to the current folder.
    pub folder: PathBuf,
    /// The root's comes first.
    pub manifests: Vec<Manifest>,
    /// One `Cargo.lock`, and any that are named after a line.
    pub locks: Vec<LockedPackages>,
    pub pyprojects: Vec<Pyproject>,
    /// The Rust sources of the crates that use `pyo3`.
    pub sources: Vec<Arc<TextFile>>,
    /// Paths of the wheels that were built here.
    pub wheels: Vec<PathBuf>,
    /// The rustc that runs in its folder, as (major, minor).
    pub rustc: Option<(u16, u16)>,
}

/// A variable of the environment.
#[derive(Debug, Clone)]
pub struct Setting {
    pub name: String,
    pub value: String,
    /// None for the environment of this process.
    pub at: Option<At<String>>,
    /// The file that the value names, for the variables that name one.
    pub target: Option<Target>,
}

/// What a variable points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    Missing,
    /// There, with the Python that it is for where it says so.
    There(Option<Python>),
}

impl Workspace {
    /// The lines that are locked; without a lock, the one line that the requirements leave.
    #[must_use]
    pub fn lines(&self) -> BTreeSet<Line> {
        let locked: BTreeSet<Line> = self.locks.iter().flat_map(LockedPackages::lines).collect();
        if !locked.is_empty() {
            return locked;
        }
        let mut asked = self.manifests.iter().flat_map(|manifest| manifest.on(pyo3::PYO3));
        let lines = asked.find_map(super::manifest::Dependency::lines).unwrap_or_default();
        if lines.len() == 1 { lines } else { BTreeSet::new() }
    }

    /// Whether a lock file holds a crate.
    #[must_use]
    pub fn holds(&self, package: &str) -> bool {
        self.locks.iter().any(|lock| lock.all(package).next().is_some())
    }

    pub fn extensions(&self) -> impl Iterator<Item = &Manifest> {
        self.manifests.iter().filter(|manifest| manifest.is_extension())
    }

    /// The features of `pyo3` that are on in any crate that is built for Python.
    #[must_use]
    pub fn pyo3_features(&self) -> Vec<At<String>> {
        let asked: Vec<At<String>> =
            self.pyprojects.iter().flat_map(|pyproject| pyproject.features.iter().cloned()).collect();
        self.manifests.iter().flat_map(|manifest| manifest.pyo3_features(&asked)).collect()
    }

    /// Whether wheels are built for the stable ABI, and so run on Pythons that nothing here names.
    #[must_use]
    pub fn is_abi3(&self) -> bool {
        self.pyo3_features().iter().any(|feature| feature.value.starts_with("abi3"))
    }

    /// Crates that `[patch]` of the root replaces.
    #[must_use]
    pub fn patches(&self, package: &str) -> bool {
        self.manifests.first().is_some_and(|root| root.patched.contains(package))
    }
}

impl Setting {
    #[must_use]
    pub fn place(&self) -> Place {
        let environment = || Place { file: "environment".into(), line: None };
        self.at.as_ref().map_or_else(environment, At::place)
    }
}
