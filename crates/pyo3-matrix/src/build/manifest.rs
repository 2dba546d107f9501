//! What does the extension's manifest ask for? Its dependencies as requirements, and the same manifest with one fixed
//! pairing.

use std::collections::BTreeMap;
use std::path::Path;

use semver::VersionReq;
use toml::{Table, Value};

use crate::build::workspace;
use pyo3_doctor::lockfile::Requirement;

/// The extension's `Cargo.toml`.
#[derive(Debug, Clone)]
pub struct Manifest(Table);

/// The crates that `PyO3` releases together, with one version.
pub const OF_PYO3: [&str; 5] =
    ["pyo3", "pyo3-build-config", "pyo3-ffi", "pyo3-macros", "pyo3-macros-backend"];

/// The tables in which a manifest lists its dependencies.
const TABLES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

impl Manifest {
    pub fn read(path: &Path) -> std::io::Result<Self> {
        workspace::read(path).map(Manifest)
    }

    /// The manifest of this content.
    #[must_use]
    pub fn of(content: Table) -> Self {
        Manifest(content)
    }

    /// The package's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0
            .get("package")
            .and_then(|package| package.get("name"))
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// Returns every dependency for every platform. If a dependency is inherited from the workspace, `inherited` has
    /// it.
    #[must_use]
    pub fn requirements(&self, inherited: Option<&Table>) -> Vec<Requirement> {
        let targets = self.0.get("target").and_then(Value::as_table);
        let places = std::iter::once(&self.0)
            .chain(targets.into_iter().flat_map(|targets| targets.values()).filter_map(Value::as_table));
        let tables = places.flat_map(|place| TABLES.iter().filter_map(|table| place.get(*table)?.as_table()));
        let lent = |name: &String| inherited.and_then(|inherited| inherited.get(name));
        let asked = tables.flatten().map(|(name, asked)| {
            let lent = lent(name).filter(|_| is_inherited(asked));
            requirement(name, lent.unwrap_or(asked))
        });
        asked.collect()
    }

    /// Returns the manifest with only these versions of packages, and those of `pyo3` for what is released with it, also
    /// in the dependencies that it provides as a workspace. Then cargo resolves that pairing or says why it cannot, and
    /// never moves to another.
    #[must_use]
    pub fn pinned<'a>(&self, versions: impl Iterator<Item = (&'a str, &'a str)>) -> String {
        let mut manifest = self.0.clone();
        let versions: BTreeMap<&str, &str> = versions.collect();
        pin_in(&mut manifest, &|package| {
            let name = if OF_PYO3.contains(&package) { OF_PYO3[0] } else { package };
            versions.get(name).copied()
        });
        manifest.to_string()
    }
}

fn is_inherited(asked: &Value) -> bool {
    asked.get("workspace").is_some()
}

/// Returns the crate of an entry, which the manifest may call by another name.
fn package<'a>(name: &'a str, asked: &'a Value) -> &'a str {
    asked.get("package").and_then(Value::as_str).unwrap_or(name)
}

fn requirement(name: &str, asked: &Value) -> Requirement {
    let versions = asked.as_str().or_else(|| asked.get("version")?.as_str());
    // An entry with a path or a repository need not have a version.
    let versions = versions.and_then(|versions| VersionReq::parse(versions).ok());
    Requirement { name: package(name, asked).to_owned(), versions }
}

/// Sets the version of every crate that `version` knows: in the tables of `place`, of its targets and of its
/// workspace.
fn pin_in<'a>(place: &mut Table, version: &impl Fn(&str) -> Option<&'a str>) {
    for (key, value) in place.iter_mut() {
        let Some(table) = value.as_table_mut() else { continue };
        match key.as_str() {
            "workspace" => pin_in(table, version),
            "target" => {
                table
                    .iter_mut()
                    .filter_map(|(_, place)| place.as_table_mut())
                    .for_each(|p| pin_in(p, version));
            }
            key if TABLES.contains(&key) => {
                for (name, asked) in table.iter_mut() {
                    if let Some(version) = version(package(name, asked)) {
                        pin(asked, version);
                    }
                }
            }
            _ => {}
        }
    }
}

fn pin(asked: &mut Value, version: &str) {
    let exact = Value::String(format!("={version}"));
    match asked {
        // The workspace's manifest has its version, and cargo accepts no second one here.
        asked if is_inherited(asked) => {}
        Value::Table(table) => drop(table.insert("version".to_owned(), exact)),
        other => *other = exact,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairing(
        pyo3: &'static str,
        runtimes: &'static str,
    ) -> impl Iterator<Item = (&'static str, &'static str)> {
        [("pyo3", pyo3), ("pyo3-async-runtimes", runtimes)].into_iter()
    }

    const TEXT: &str = "[package]\nname = \"ours\"\n[dependencies]\nbytes = \"1\"\npyo3 = \">=0.23, <0.31\"\n\
        pyo3-async-runtimes = { version = \">=0.23, <0.31\", features = [\"tokio-runtime\"] }\n\
        local = { path = \"../local\" }\n[dev-dependencies]\ntempfile = \"3\"\n[build-dependencies]\npyo3-build-config = \">=0.23, <0.31\"\n\
        [target.'cfg(unix)'.dependencies]\nours-libc = { package = \"libc\", version = \"0.2\" }\n\
        [target.'cfg(windows)'.dependencies]\npyo3-ffi = \">=0.23, <0.31\"\n";

    fn manifest() -> Manifest {
        Manifest(TEXT.parse().expect("TOML"))
    }

    /// Returns the requirements of `manifest` by name.
    fn asked(manifest: &Manifest, inherited: Option<&Table>) -> BTreeMap<String, Option<String>> {
        let asked = manifest.requirements(inherited).into_iter();
        asked.map(|asked| (asked.name, asked.versions.map(|versions| versions.to_string()))).collect()
    }

    #[test]
    fn every_dependency_is_a_requirement_wherever_it_comes_from() {
        let asked = asked(&manifest(), None);
        let expected = [
            "bytes",
            "libc",
            "local",
            "pyo3",
            "pyo3-async-runtimes",
            "pyo3-build-config",
            "pyo3-ffi",
            "tempfile",
        ];
        assert_eq!(asked.keys().map(String::as_str).collect::<Vec<_>>(), expected);
        assert_eq!((&asked["local"], &asked["bytes"]), (&None, &Some("^1".to_owned())));
    }

    #[test]
    fn what_the_workspace_lends_is_asked_for_as_it_stands_there_and_pinned_there() {
        let text =
            "[package]\nname = \"ours\"\n[dependencies]\npy = { workspace = true, features = [\"abi3\"] }\n";
        let member = Manifest(text.parse().expect("TOML"));
        let root = "[workspace.dependencies]\npy = { package = \"pyo3\", version = \">=0.29\" }\n";
        let root: Table = root.parse().expect("TOML");
        let lent = root["workspace"]["dependencies"].as_table();
        assert_eq!(asked(&member, lent), [("pyo3".to_owned(), Some(">=0.29".to_owned()))].into());
        assert_eq!(member.pinned(pairing("0.30.1", "0.30.0")), member.0.to_string());
        let pinned: Table = Manifest(root).pinned(pairing("0.30.1", "0.30.0")).parse().expect("TOML");
        assert_eq!(pinned["workspace"]["dependencies"]["py"]["version"].as_str(), Some("=0.30.1"));
    }

    #[test]
    fn a_pinned_manifest_asks_for_one_pairing_and_is_otherwise_the_same() {
        let pinned = Manifest(manifest().pinned(pairing("0.30.1", "0.29.0")).parse().expect("TOML"));
        let asked = asked(&pinned, None);
        let of = |name: &str| asked[name].clone().expect("a version");
        assert_eq!((of("pyo3"), of("pyo3-build-config")), ("=0.30.1".into(), "=0.30.1".into()));
        assert_eq!((of("pyo3-async-runtimes"), of("bytes")), ("=0.29.0".into(), "^1".into()));
        assert!(pinned.0["dependencies"]["pyo3-async-runtimes"].get("features").is_some());
        let windows = &pinned.0["target"]["cfg(windows)"]["dependencies"]["pyo3-ffi"];
        assert_eq!(windows.as_str(), Some("=0.30.1"));
    }
}
