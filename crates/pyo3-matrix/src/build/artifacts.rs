//! What did cargo really compile? Its own build messages in; each crate with its version out, compared with the
//! line's lock.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use pyo3_doctor::lockfile::Lockfile;

/// Crates by name, each with every version that was compiled.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Compiled(BTreeMap<String, BTreeSet<String>>);

/// A message of `cargo --message-format json`; only artifacts have the fields that matter here.
#[derive(Deserialize)]
struct Message {
    reason: String,
    package_id: Option<String>,
}

impl Compiled {
    /// Reads the messages of one build, one per line. They name crates that were fresh as well as crates that were
    /// compiled.
    #[must_use]
    pub fn read(messages: &str) -> Self {
        let mut compiled = Compiled::default();
        let messages = messages.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok());
        for message in messages.filter(|message| message.reason == "compiler-artifact") {
            if let Some((name, version)) = message.package_id.as_deref().and_then(named) {
                compiled.0.entry(name.to_owned()).or_default().insert(version.to_owned());
            }
        }
        compiled
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns each compiled crate that `lock` does not have, as `name version`.
    #[must_use]
    pub fn beside(&self, lock: &Lockfile) -> Vec<String> {
        let all = self.0.iter().flat_map(|(name, versions)| versions.iter().map(move |v| (name, v)));
        all.filter(|(name, version)| !lock.holds(name, version))
            .map(|(name, version)| format!("{name} {version}"))
            .collect()
    }

    /// Returns the crates that were compiled in only one version, with their names as Python writes them.
    #[must_use]
    pub fn versions(&self) -> BTreeMap<String, String> {
        let single = self.0.iter().filter(|(_, versions)| versions.len() == 1);
        single
            .filter_map(|(name, versions)| Some((name.replace('-', "_"), versions.first()?.clone())))
            .collect()
    }
}

/// Returns name and version of a package id: `registry+https://…#tokio@1.54.1`, or `path+file:///…/crate#0.1.0`,
/// where the name is the folder's.
pub(super) fn named(id: &str) -> Option<(&str, &str)> {
    let (source, fragment) = id.rsplit_once('#')?;
    match fragment.split_once('@') {
        Some(named) => Some(named),
        None => Some((source.rsplit('/').next()?, fragment)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGES: &str = r#"
{"reason":"compiler-artifact","package_id":"registry+https://example.org/index#pyo3-ffi@0.30.1","fresh":true}
{"reason":"compiler-artifact","package_id":"registry+https://example.org/index#syn@1.0.1"}
{"reason":"compiler-artifact","package_id":"registry+https://example.org/index#syn@2.0.9"}
{"reason":"compiler-artifact","package_id":"path+file:///p/crates/ours#0.1.0"}
{"reason":"build-script-executed","package_id":"registry+https://example.org/index#tokio@1.0.0"}
not a message
"#;

    #[test]
    fn each_artifact_is_a_crate_and_a_version() {
        let versions = Compiled::read(MESSAGES).versions();
        let expected = [("pyo3_ffi", "0.30.1"), ("ours", "0.1.0")];
        assert_eq!(versions, expected.map(|(name, version)| (name.into(), version.into())).into());
    }

    #[test]
    fn a_crate_that_the_lock_does_not_hold_is_named() {
        let package =
            |name: &str, version: &str| format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n");
        let text = ["syn 1.0.1", "syn 2.0.9", "ours 0.1.0", "pyo3-ffi 0.29.3"]
            .map(|entry| entry.split_once(' ').expect("two words"))
            .map(|(name, version)| package(name, version))
            .concat();
        let lock = Lockfile::parse(&format!("version = 4\n{text}")).expect("a lock");
        assert_eq!(Compiled::read(MESSAGES).beside(&lock), ["pyo3-ffi 0.30.1"]);
    }
}
