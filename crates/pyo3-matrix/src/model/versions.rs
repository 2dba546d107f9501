//! Which versions make a cell what its label says? A name for each, and the version beside it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

/// Version by name: `python`, each service that has releases, `pyo3`, and the crates that go with it, in which `_` stands
/// for `-`. A cell that measured itself also says `<service>_full`, the whole version of a service's release.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Versions(BTreeMap<String, String>);

impl Versions {
    /// The version of `name`, if there is one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Each name with its version.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, version)| (name.as_str(), version.as_str()))
    }

    /// The versions of a cell in a test: each of them is 1.
    #[cfg(test)]
    #[must_use]
    pub fn ones() -> Versions {
        ["python", "postgres", "pyo3", "pyo3_async_runtimes"].into_iter().map(|name| (name, "1")).collect()
    }

    /// Sets the version of `name`.
    #[cfg(test)]
    pub fn set(&mut self, name: &str, version: &str) {
        self.0.insert(name.to_owned(), version.to_owned());
    }

    /// Whether `version` is said of `PyO3` or of a crate that goes with it, such as `pyo3_log` or `numpy`.
    #[must_use]
    pub fn is_companion(name: &str, version: &str) -> bool {
        let named = name == "pyo3" || name.starts_with("pyo3_") || ["numpy", "pythonize"].contains(&name);
        named && semver::Version::parse(version).is_ok()
    }

    /// The name that stands for a crate here.
    #[must_use]
    pub fn of_crate(name: &str) -> String {
        name.replace('-', "_")
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Versions {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Versions(pairs.into_iter().map(|(name, version)| (name.into(), version.into())).collect())
    }
}

/// A document may say other things beside the versions. They are no texts, and are passed over.
impl<'de> Deserialize<'de> for Versions {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let all = BTreeMap::<String, serde_json::Value>::deserialize(input)?;
        let text = |(name, value)| match value {
            serde_json::Value::String(text) => Some((name, text)),
            _ => None,
        };
        Ok(Versions(all.into_iter().filter_map(text).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_a_document_that_says_more() {
        let text = r#"{"python":"3.12","postgres":"16","postgres_full":"16.14","free_threaded":false,"packages":{}}"#;
        let read: Versions = serde_json::from_str(text).expect("versions");
        assert_eq!(
            read.iter().collect::<Vec<_>>(),
            [("postgres", "16"), ("postgres_full", "16.14"), ("python", "3.12")]
        );
        assert_eq!((read.get("python"), read.get("packages")), (Some("3.12"), None));
    }
}
