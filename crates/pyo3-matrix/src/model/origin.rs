//! Where does a run come from? The harness, the commit, the machine and the options that it was made with.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::record::Thoroughness;

/// What a run was made with. What is not known is absent; of a merged run it is what all of its parts agree on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Origin {
    /// The version of the harness.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub harness: Option<String>,
    /// Absent where the project is in no git checkout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Commit>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<Manner>,
}

/// The commit that was checked out when a run began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Commit {
    /// All of it, in hexadecimal.
    pub hash: String,
    /// Whether files differed from it, or were there besides.
    pub dirty: bool,
}

/// The machine, without its name: reports are public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Host {
    /// `linux`.
    pub os: String,
    /// `x86_64`.
    pub arch: String,
    /// The model of the CPU, where the system tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    /// Logical cores that the harness may use.
    pub cores: usize,
}

/// The options of a run that decide how it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Manner {
    pub benchmarks: Thoroughness,
    /// How many cells were tested at the same time.
    pub jobs: usize,
    pub retries: usize,
    /// What the preset and the command line added to pytest's arguments for the tests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pytest: Vec<String>,
}

impl Origin {
    /// Whether nothing is known, as of a run that an older harness made.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        *self == Origin::default()
    }

    /// What all of these agree on. Of one commit, a tree that was dirty anywhere makes all of it dirty.
    #[must_use]
    pub fn agreed<'a>(all: impl Iterator<Item = &'a Origin>) -> Origin {
        let all: Vec<&Origin> = all.collect();
        let hash = agree(all.iter().map(|origin| origin.commit.as_ref().map(|commit| &commit.hash)));
        let dirty = all.iter().any(|origin| origin.commit.as_ref().is_some_and(|commit| commit.dirty));
        Origin {
            harness: agree(all.iter().map(|origin| origin.harness.as_ref())),
            commit: hash.map(|hash| Commit { hash, dirty }),
            host: agree(all.iter().map(|origin| origin.host.as_ref())),
            options: agree(all.iter().map(|origin| origin.options.as_ref())),
        }
    }
}

/// The value that all have. One that is absent agrees with none.
fn agree<'a, T: Clone + PartialEq + 'a>(mut values: impl Iterator<Item = Option<&'a T>>) -> Option<T> {
    let first = values.next()??;
    values.all(|value| value == Some(first)).then(|| first.clone())
}

impl fmt::Display for Commit {
    /// `1a2b3c4d5e6f`, and whether the tree was dirty.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.hash.get(..12).unwrap_or(&self.hash))?;
        f.write_str(if self.dirty { " with changes" } else { "" })
    }
}

impl fmt::Display for Host {
    /// `linux x86_64, AMD EPYC, 2 cores`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.os, self.arch)?;
        self.cpu.iter().try_for_each(|cpu| write!(f, ", {cpu}"))?;
        write!(f, ", {} core{}", self.cores, if self.cores == 1 { "" } else { "s" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(hash: &str, dirty: bool, cores: usize) -> Origin {
        Origin {
            harness: Some("1".into()),
            commit: Some(Commit { hash: hash.into(), dirty }),
            host: Some(Host { os: "linux".into(), arch: "x86_64".into(), cpu: None, cores }),
            options: None,
        }
    }

    #[test]
    fn parts_agree_on_what_is_the_same_in_all_of_them() {
        let (one, two) = (origin("a", false, 2), origin("a", true, 4));
        let agreed = Origin::agreed([&one, &two].into_iter());
        assert_eq!(agreed.commit, Some(Commit { hash: "a".into(), dirty: true }));
        assert_eq!((agreed.harness.as_deref(), agreed.host), (Some("1"), None));
        assert_eq!(Origin::agreed([&one, &origin("b", false, 2)].into_iter()).commit, None);
        assert_eq!(
            Origin::agreed([&one, &Origin::default()].into_iter()),
            Origin::default(),
            "one knows nothing"
        );
        assert!(Origin::agreed(std::iter::empty()).is_unknown());
        assert_eq!(Origin::agreed([&one].into_iter()), one);
    }

    #[test]
    fn a_commit_is_told_in_short_and_a_machine_without_its_name() {
        let origin = origin(&"1a2b3c4d5e6f".repeat(4), true, 1);
        assert_eq!(origin.commit.expect("one").to_string(), "1a2b3c4d5e6f with changes");
        assert_eq!(origin.host.expect("one").to_string(), "linux x86_64, 1 core");
    }
}
