//! What does a line's lock file hold? Its text in, packages and versions out, and how two locks differ. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use cargo_lock::Lockfile as Parsed;
use semver::{Version, VersionReq};

/// The packages of a `Cargo.lock`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lockfile {
    packages: BTreeMap<String, BTreeSet<Version>>,
    /// What each package depends on, by name.
    edges: BTreeMap<String, BTreeSet<String>>,
}

/// A lock that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("not a lock file: {0}")]
pub struct Unreadable(String);

/// A dependency as a manifest asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The package's name.
    pub name: String,
    /// None where any version will do, as at a path.
    pub versions: Option<VersionReq>,
}

/// What became of one package between two locks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The name and the version of one that is new.
    Added(String, Version),
    /// The name and the version of one that is gone.
    Removed(String, Version),
    /// The name, and the versions before and after.
    Moved(String, Version, Version),
}

impl Lockfile {
    /// Reads the text of a lock file.
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        let parsed: Parsed =
            text.parse().map_err(|error: cargo_lock::Error| Unreadable(error.to_string()))?;
        let mut lock = Lockfile::default();
        for package in parsed.packages {
            let name = package.name.to_string();
            lock.packages.entry(name.clone()).or_default().insert(package.version);
            let names = package.dependencies.iter().map(|dependency| dependency.name.to_string());
            lock.edges.entry(name).or_default().extend(names);
        }
        Ok(lock)
    }

    /// How many packages it locks.
    #[must_use]
    pub fn packages(&self) -> usize {
        self.packages.values().map(BTreeSet::len).sum()
    }

    /// The version of a package that is locked once.
    #[must_use]
    pub fn version(&self, name: &str) -> Option<&Version> {
        let versions = self.packages.get(name)?;
        if versions.len() == 1 { versions.first() } else { None }
    }

    /// Whether a package is locked at a version, given as it is written.
    #[must_use]
    pub fn holds(&self, name: &str, version: &str) -> bool {
        let versions = self.packages.get(name);
        versions.is_some_and(|versions| versions.iter().any(|locked| locked.to_string() == version))
    }

    /// Whether `other` is among the direct dependencies of `name`.
    #[must_use]
    pub fn depends_on(&self, name: &str, other: &str) -> bool {
        self.edges.get(name).is_some_and(|edges| edges.contains(other))
    }

    /// How this lock is not a pairing, given as packages with their versions: one sentence for each package.
    #[must_use]
    pub fn beside_pairing<'a>(&self, pairing: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<String> {
        let differs = pairing.filter_map(|(name, asked)| match self.version(name) {
            Some(locked) if locked.to_string() == asked => None,
            Some(locked) => Some(format!("{name}: expected {asked}, the lock has {locked}")),
            None => Some(format!("{name}: expected {asked}, the lock has none, or several")),
        });
        differs.collect()
    }

    /// How this lock does not answer a manifest of the package `root` that asks for `requirements`.
    #[must_use]
    pub fn beside_manifest(&self, root: &str, requirements: &[Requirement]) -> Vec<String> {
        let Some(locked) = self.edges.get(root) else { return vec![format!("it does not lock {root}")] };
        let unmet = requirements.iter().filter_map(|asked| {
            let fits =
                |version: &Version| asked.versions.as_ref().is_none_or(|versions| versions.matches(version));
            match self.packages.get(&asked.name).filter(|_| locked.contains(&asked.name)) {
                Some(found) if found.iter().any(fits) => None,
                Some(found) => {
                    let found: Vec<String> = found.iter().map(Version::to_string).collect();
                    Some(format!("the manifest asks for {asked}, the lock has {}", found.join(", ")))
                }
                None => Some(format!("the manifest asks for {asked}, the lock has none")),
            }
        });
        let asked = |name: &&String| !requirements.iter().any(|requirement| requirement.name == **name);
        let gone = locked.iter().filter(asked).map(|name| format!("the manifest no longer asks for {name}"));
        unmet.chain(gone).collect()
    }

    /// What changed from `before` to this lock, by package.
    #[must_use]
    pub fn since(&self, before: &Lockfile) -> Vec<Change> {
        let names: BTreeSet<&String> = self.packages.keys().chain(before.packages.keys()).collect();
        names.into_iter().flat_map(|name| self.changes_of(name, before)).collect()
    }

    fn changes_of(&self, name: &str, before: &Lockfile) -> Vec<Change> {
        let none = BTreeSet::new();
        let (old, new) =
            (before.packages.get(name).unwrap_or(&none), self.packages.get(name).unwrap_or(&none));
        let gone: Vec<_> = old.difference(new).cloned().collect();
        let come: Vec<_> = new.difference(old).cloned().collect();
        if let ([old], [new]) = (&gone[..], &come[..]) {
            return vec![Change::Moved(name.to_owned(), old.clone(), new.clone())];
        }
        let gone = gone.into_iter().map(|version| Change::Removed(name.to_owned(), version));
        gone.chain(come.into_iter().map(|version| Change::Added(name.to_owned(), version))).collect()
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.versions {
            Some(versions) => write!(f, "{} {versions}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Added(name, version) => write!(f, "+ {name} {version}"),
            Change::Removed(name, version) => write!(f, "- {name} {version}"),
            Change::Moved(name, old, new) => write!(f, "~ {name} {old} -> {new}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(packages: &[(&str, &str, &[&str])]) -> Lockfile {
        let entry = |(name, version, dependencies): &(&str, &str, &[&str])| {
            let dependencies: Vec<String> = dependencies.iter().map(|name| format!("{name:?}")).collect();
            let dependencies = dependencies.join(", ");
            format!("[[package]]\nname = {name:?}\nversion = {version:?}\ndependencies = [{dependencies}]\n")
        };
        let text: String = packages.iter().map(entry).collect();
        Lockfile::parse(&format!("version = 4\n{text}")).expect("a lock")
    }

    fn asks(name: &str, versions: &str) -> Requirement {
        Requirement { name: name.into(), versions: Some(versions.parse().expect("a requirement")) }
    }

    #[test]
    fn a_lock_of_another_pairing_says_what_it_has() {
        let pairing = [("pyo3", "0.30.1"), ("pyo3-async-runtimes", "0.30.0")];
        let other = lock(&[("pyo3", "0.29.3", &[]), ("pyo3-async-runtimes", "0.30.0", &[])]);
        assert_eq!(other.beside_pairing(pairing.into_iter()), ["pyo3: expected 0.30.1, the lock has 0.29.3"]);
        let right = lock(&[("pyo3", "0.30.1", &[]), ("pyo3-async-runtimes", "0.30.0", &[])]);
        assert!(right.beside_pairing(pairing.into_iter()).is_empty());
    }

    #[test]
    fn a_manifest_that_asks_for_more_less_or_another_version_is_not_answered() {
        let locked = lock(&[("ours", "0.1.0", &["a", "b"]), ("a", "1.2.0", &[]), ("b", "2.0.0", &[])]);
        assert!(locked.beside_manifest("ours", &[asks("a", "1"), asks("b", "2")]).is_empty());
        let faults = locked.beside_manifest("ours", &[asks("a", "1.3"), asks("c", "3")]);
        let expected = [
            "the manifest asks for a ^1.3, the lock has 1.2.0",
            "the manifest asks for c ^3, the lock has none",
            "the manifest no longer asks for b",
        ];
        assert_eq!(faults, expected);
        assert_eq!(locked.beside_manifest("theirs", &[]), ["it does not lock theirs"]);
        let anywhere = |name: &str| Requirement { name: name.into(), versions: None };
        let faults = locked.beside_manifest("ours", &[anywhere("a"), anywhere("b"), anywhere("c")]);
        assert_eq!(faults, ["the manifest asks for c, the lock has none"]);
    }

    #[test]
    fn two_locks_differ_in_what_was_added_removed_and_moved() {
        let old = lock(&[("a", "1.0.0", &[]), ("b", "1.0.0", &[]), ("d", "1.0.0", &[]), ("d", "2.0.0", &[])]);
        let new = lock(&[("a", "1.0.1", &[]), ("c", "1.0.0", &[]), ("d", "2.0.0", &[])]);
        let changes: Vec<String> = new.since(&old).iter().map(Change::to_string).collect();
        assert_eq!(changes, ["~ a 1.0.0 -> 1.0.1", "- b 1.0.0", "+ c 1.0.0", "- d 1.0.0"]);
        assert!(new.since(&new).is_empty());
    }
}
