//! What is on disk, as the checks see it? Values alone: nothing here reads a file.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::claim::Claim;
use super::finding::Place;
use super::locked::LockedPackages;
use super::manifest::{Manifest, Origin, Panic};
use super::pyo3;
use super::pyproject::Pyproject;
use super::text::{At, TextFile};
use super::unseen::Unseen;
use crate::facts::LineFacts;
use crate::version::{Line, Python};

/// Everything that was found under one path.
#[derive(Debug, Default)]
pub struct Project {
    pub workspaces: Vec<Workspace>,
    /// What workflows, `.python-version` and tox say; the claims of metadata are in the workspaces.
    pub claims: Vec<Claim>,
    /// The channel of `rust-toolchain.toml`.
    pub channel: Option<At<String>>,
    /// Variables that steer a build: of this process, of workflows and of configuration files.
    pub settings: Vec<Setting>,
    /// `panic` in the profiles of `.cargo/config.toml`.
    pub panics: Vec<Panic>,
    /// Whether a workflow, a recipe or a guide says `--no-default-features`.
    pub tests_without_defaults: bool,
    /// The crates here that use `pyo3` and belong to no workspace above.
    pub unseen: Vec<Unseen>,
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
    /// The Rust that every locked package needs, where it was asked for and is known.
    pub needed: Option<(u16, u16)>,
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

    /// `the locked line is 0.30`, or what stands for it where nothing is locked.
    #[must_use]
    pub fn line_is(&self, line: Line) -> String {
        let on_disk =
            self.locks.iter().filter(|lock| lock.lines().contains(&line)).map(|lock| lock.on_disk).max();
        match on_disk {
            Some(true) => format!("the locked line is {line}"),
            Some(false) => format!("cargo would lock line {line}"),
            None => format!("the manifest asks for line {line}"),
        }
    }

    /// The lock whose line the oldest Rust compiles.
    #[must_use]
    pub fn easiest_lock(&self) -> Option<&LockedPackages> {
        let rust = |lock: &LockedPackages| {
            lock.lines().first().and_then(|line| LineFacts::of(*line)).map(|it| it.rust)
        };
        self.locks.iter().filter(|lock| rust(lock).is_some()).min_by_key(|lock| rust(lock))
    }

    /// Whether a lock file holds a crate.
    #[must_use]
    pub fn holds(&self, package: &str) -> bool {
        self.locks.iter().any(|lock| lock.all(package).next().is_some())
    }

    pub fn extensions(&self) -> impl Iterator<Item = &Manifest> {
        self.manifests.iter().filter(|manifest| manifest.is_extension())
    }

    /// The crates that a `pyproject.toml` builds.
    pub fn built_by<'w>(&'w self, pyproject: &'w Pyproject) -> impl Iterator<Item = &'w Manifest> {
        self.manifests.iter().filter(|manifest| pyproject.builds.contains(&manifest.file.path))
    }

    /// Each `pyproject.toml` that builds a crate of this workspace; those of Python alone claim nothing of one.
    pub fn building(&self) -> impl Iterator<Item = &Pyproject> {
        self.pyprojects.iter().filter(|pyproject| self.built_by(pyproject).next().is_some())
    }

    /// The features of `pyo3` that are on in any crate, as it is built for Python.
    #[must_use]
    pub fn pyo3_features(&self) -> Vec<At<String>> {
        self.manifests.iter().flat_map(|manifest| self.pyo3_features_of(manifest)).collect()
    }

    /// The features of `pyo3` that are on where a crate is built: its own, and those of the crates of this workspace that
    /// it always takes in.
    #[must_use]
    pub fn pyo3_features_of(&self, manifest: &Manifest) -> Vec<At<String>> {
        let building = self.pyprojects.iter().filter(|it| it.builds.contains(&manifest.file.path));
        let asked: Vec<At<String>> =
            building.flat_map(|pyproject| pyproject.features.iter().cloned()).collect();
        let (mut found, mut seen) = (Vec::new(), vec![&manifest.file.path]);
        let mut open = vec![(manifest, asked)];
        while let Some((manifest, asked)) = open.pop() {
            found.extend(manifest.pyo3_features(&asked));
            let taken = manifest.dependencies.iter().filter(|dependency| !dependency.optional);
            for dependency in taken.filter(|dependency| matches!(dependency.origin, Origin::Path(_))) {
                let is_it = |other: &&Manifest| {
                    other.package.as_ref().is_some_and(|it| it.name == dependency.package)
                };
                let Some(other) = self.manifests.iter().find(is_it) else { continue };
                if !seen.contains(&&other.file.path) {
                    seen.push(&other.file.path);
                    open.push((other, dependency.features.clone()));
                }
            }
        }
        found
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
