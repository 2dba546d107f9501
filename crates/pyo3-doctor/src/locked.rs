//! Which packages does a `Cargo.lock` hold, and where in it does each stand? Its text in; the packages that matter here, with
//! their places, out. [`crate::lockfile`] compares whole locks, and knows no places.

use std::collections::BTreeSet;
use std::sync::Arc;

use cargo_lock::{Lockfile, Package, SourceId};

use super::finding::Place;
use super::pyo3::{self, line_of};
use super::text::TextFile;
use crate::version::Line;

/// The packages of one lock file, each with its place.
#[derive(Debug)]
pub struct LockedPackages {
    pub file: Arc<TextFile>,
    /// The line that the file is named after, as in `lines/0.30.lock`.
    pub label: Option<Line>,
    /// Whether it lies on disk; else, cargo made it in passing.
    pub on_disk: bool,
    packages: Vec<Package>,
}

impl LockedPackages {
    pub fn parse(file: Arc<TextFile>) -> Result<Self, cargo_lock::Error> {
        let packages = file.text.parse::<Lockfile>()?.packages;
        let label = file.path.file_stem().and_then(|stem| stem.to_string_lossy().parse().ok());
        Ok(LockedPackages { file, label, on_disk: true, packages })
    }

    /// A lock that cargo made in passing: `file` is named after the manifest, and no line of it can be pointed at.
    pub fn resolved(file: &TextFile) -> Result<Self, cargo_lock::Error> {
        let packages = file.text.parse::<Lockfile>()?.packages;
        let file = TextFile::new(&file.path, "");
        Ok(LockedPackages { file, label: None, on_disk: false, packages })
    }

    /// The packages of a name; several where versions or sources differ.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Package> {
        self.packages.iter().filter(move |package| package.name.as_str() == name)
    }

    /// What comes from crates.io.
    pub fn of_registry(&self) -> impl Iterator<Item = &Package> {
        let from = |package: &&Package| package.source.as_ref().is_some_and(SourceId::is_default_registry);
        self.packages.iter().filter(from)
    }

    /// The lines of `pyo3` in this lock: one, unless something is wrong.
    #[must_use]
    pub fn lines(&self) -> BTreeSet<Line> {
        self.all(pyo3::PYO3).map(|package| line_of(&package.version)).collect()
    }

    /// Where a package stands. Cargo writes its name and its version on two lines, and in no other way.
    #[must_use]
    pub fn place(&self, package: &Package) -> Place {
        let (name, version) = (package.name.as_str(), &package.version);
        let ends = ["\n", "\r\n"];
        let found = ends.iter().find_map(|end| {
            self.file.text.find(&format!("name = \"{name}\"{end}version = \"{version}\"{end}"))
        });
        found.map_or_else(|| self.file.whole(), |offset| self.file.place(offset))
    }
}

/// Where a package comes from, as a reader would say it.
#[must_use]
pub fn origin(package: &Package) -> String {
    match &package.source {
        None => "a path".to_owned(),
        Some(source) if source.is_git() => format!("git {}", source.url()),
        Some(source) if source.is_default_registry() => "crates.io".to_owned(),
        Some(source) => source.url().to_string(),
    }
}
