//! What does the extension's manifest ask for? Its dependencies as requirements, and the same manifest held to one pairing.

use std::path::Path;

use semver::VersionReq;
use toml::{Table, Value};

use crate::build::workspace;
use crate::lockfile::Requirement;

/// The extension's `Cargo.toml`.
#[derive(Debug, Clone)]
pub struct Manifest(Table);

/// Crates that `PyO3` releases together, under one version.
const OF_PYO3: [&str; 5] = ["pyo3", "pyo3-build-config", "pyo3-ffi", "pyo3-macros", "pyo3-macros-backend"];

const ASYNC: &str = "pyo3-async-runtimes";

/// Where a manifest lists what it depends on.
const TABLES: [&str; 2] = ["dependencies", "build-dependencies"];

impl Manifest {
    pub fn read(path: &Path) -> std::io::Result<Self> {
        workspace::read(path).map(Manifest)
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

    /// Every dependency that comes from a registry, for every platform.
    #[must_use]
    pub fn requirements(&self) -> Vec<Requirement> {
        let targets = self.0.get("target").and_then(Value::as_table);
        let places = std::iter::once(&self.0)
            .chain(targets.into_iter().flat_map(|targets| targets.values()).filter_map(Value::as_table));
        let tables = places.flat_map(|place| TABLES.iter().filter_map(|table| place.get(*table)?.as_table()));
        tables.flatten().filter_map(|(name, asked)| requirement(name, asked)).collect()
    }

    /// The manifest with one pairing alone: cargo then resolves that or says why it cannot, and never moves to another.
    #[must_use]
    pub fn pinned(&self, pyo3: &str, pyo3_async_runtimes: &str) -> String {
        let mut manifest = self.0.clone();
        for table in TABLES {
            let Some(dependencies) = manifest.get_mut(table).and_then(Value::as_table_mut) else { continue };
            for (name, asked) in dependencies.iter_mut() {
                match name.as_str() {
                    ASYNC => pin(asked, pyo3_async_runtimes),
                    name if OF_PYO3.contains(&name) => pin(asked, pyo3),
                    _ => {}
                }
            }
        }
        manifest.to_string()
    }
}

fn requirement(name: &str, asked: &Value) -> Option<Requirement> {
    let (name, versions) = match asked {
        Value::String(versions) => (name, versions.as_str()),
        asked => {
            let text = |key| asked.get(key).and_then(Value::as_str);
            (text("package").unwrap_or(name), text("version")?)
        }
    };
    Some(Requirement { name: name.to_owned(), versions: VersionReq::parse(versions).ok()? })
}

fn pin(asked: &mut Value, version: &str) {
    let exact = Value::String(format!("={version}"));
    match asked {
        Value::Table(table) => drop(table.insert("version".to_owned(), exact)),
        other => *other = exact,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[package]\nname = \"ours\"\n[dependencies]\nbytes = \"1\"\npyo3 = \">=0.23, <0.31\"\n\
        pyo3-async-runtimes = { version = \">=0.23, <0.31\", features = [\"tokio-runtime\"] }\n\
        local = { path = \"../local\" }\n[build-dependencies]\npyo3-build-config = \">=0.23, <0.31\"\n\
        [target.'cfg(unix)'.dependencies]\nours-libc = { package = \"libc\", version = \"0.2\" }\n";

    fn manifest() -> Manifest {
        Manifest(TEXT.parse().expect("TOML"))
    }

    #[test]
    fn every_dependency_of_a_registry_is_a_requirement() {
        let mut names: Vec<String> = manifest().requirements().into_iter().map(|asked| asked.name).collect();
        names.sort();
        assert_eq!(names, ["bytes", "libc", "pyo3", "pyo3-async-runtimes", "pyo3-build-config"]);
    }

    #[test]
    fn a_pinned_manifest_asks_for_one_pairing_and_is_otherwise_the_same() {
        let pinned = Manifest(manifest().pinned("0.30.1", "0.29.0").parse().expect("TOML"));
        let of = |name: &str| pinned.requirements().into_iter().find(|asked| asked.name == name).expect(name);
        assert_eq!(of("pyo3").versions.to_string(), "=0.30.1");
        assert_eq!(of("pyo3-build-config").versions.to_string(), "=0.30.1");
        assert_eq!(of("pyo3-async-runtimes").versions.to_string(), "=0.29.0");
        assert_eq!(of("bytes").versions.to_string(), "^1");
        assert!(pinned.0["dependencies"]["pyo3-async-runtimes"].get("features").is_some());
    }
}
