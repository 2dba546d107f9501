//! Which Pythons does a wheel of the stable ABI promise to serve? The name of a wheel, or features of `pyo3`, in; a
//! [`Stable`] out. What it says is what installers go by (PEP 425 for abi3, PEP 803 for abi3t).

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::cell::{Python, WheelId};

/// A stable ABI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Abi {
    /// For builds with a global interpreter lock.
    Abi3,
    /// For free-threaded builds.
    Abi3t,
}

/// The promise of one wheel: every Python from a floor on, of one or of both stable ABIs. Prints as its tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stable {
    /// The oldest Python. None before the build, where no feature names one: then it is the Python that builds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<Python>,
    pub abis: Vec<Abi>,
}

impl Stable {
    /// Reads the name of a wheel. None where the wheel serves one Python alone.
    #[must_use]
    pub fn of_wheel(name: &str) -> Option<Stable> {
        let mut parts = name.strip_suffix(".whl")?.rsplit('-').skip(1);
        let (abis, pythons) = (parts.next()?, parts.next()?);
        let mut abis: Vec<Abi> = abis.split('.').filter_map(abi).collect();
        abis.sort();
        let floor = pythons.split('.').filter_map(python).min()?;
        (!abis.is_empty()).then_some(Stable { floor: Some(floor), abis })
    }

    /// Reads the features of `pyo3` that are on. A wheel of abi3t has both tags, since it serves both kinds of builds.
    #[must_use]
    pub fn of_features(features: &[String]) -> Vec<Stable> {
        let of = |prefix: &str, abis: &[Abi]| {
            let is_on = features.iter().any(|name| name.strip_prefix(prefix).is_some_and(is_end));
            let floors = features.iter().filter_map(|name| name.strip_prefix(prefix)?.strip_prefix("-py"));
            let floor = floors.filter_map(digits).min();
            is_on.then(|| Stable { floor, abis: abis.to_vec() })
        };
        let both = [of("abi3", &[Abi::Abi3]), of("abi3t", &[Abi::Abi3, Abi::Abi3t])];
        both.into_iter().flatten().collect()
    }

    /// The names of its ABIs, as a tag has them.
    #[must_use]
    pub fn abi(&self) -> &'static str {
        match (self.abis.contains(&Abi::Abi3), self.abis.contains(&Abi::Abi3t)) {
            (true, true) => "abi3.abi3t",
            (false, true) => "abi3t",
            _ => "abi3",
        }
    }

    /// Whether an installer on this Python takes the wheel.
    #[must_use]
    pub fn serves(&self, python: Python) -> bool {
        let abi = if python.free_threaded { Abi::Abi3t } else { Abi::Abi3 };
        let version = |python: Python| (python.major, python.minor);
        self.abis.contains(&abi) && self.floor.is_none_or(|floor| version(floor) <= version(python))
    }
}

/// Which of `ids` builds the wheel of each, if those promises are kept. `ids` begin with the oldest Python of a line.
#[must_use]
pub fn builders(ids: &[WheelId], promised: &[Stable]) -> Vec<(WheelId, WheelId)> {
    let mut built: Vec<(WheelId, &Stable)> = Vec::new();
    let of = |&id: &WheelId| {
        let served = built.iter().find(|(other, by)| other.line == id.line && by.serves(id.python));
        if let Some((builder, _)) = served {
            return (id, *builder);
        }
        built.extend(promised.iter().find(|by| by.serves(id.python)).map(|by| (id, by)));
        (id, id)
    };
    ids.iter().map(of).collect()
}

/// What may follow `abi3` in the name of a feature: nothing, or the oldest Python.
fn is_end(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with("-py")
}

fn abi(tag: &str) -> Option<Abi> {
    match tag {
        "abi3" => Some(Abi::Abi3),
        "abi3t" => Some(Abi::Abi3t),
        _ => None,
    }
}

fn python(tag: &str) -> Option<Python> {
    digits(tag.strip_prefix("cp")?)
}

/// `311` is 3.11.
fn digits(text: &str) -> Option<Python> {
    let (major, minor) = text.split_at_checked(1)?;
    Some(Python { major: major.parse().ok()?, minor: minor.parse().ok()?, free_threaded: false })
}

impl fmt::Display for Stable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Python { major, minor, .. }) = self.floor {
            write!(f, "cp{major}{minor}-")?;
        }
        f.write_str(self.abi())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pythons(texts: &[&str]) -> Vec<Python> {
        texts.iter().map(|text| text.parse().expect("a Python")).collect()
    }

    fn features(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    /// The Pythons that a wheel of this name serves.
    fn served(name: &str) -> Vec<String> {
        let all = pythons(&["3.10", "3.11", "3.14", "3.14t", "3.15", "3.15t", "3.16"]);
        let stable = Stable::of_wheel(name);
        let of = |python: &Python| stable.as_ref().is_some_and(|stable| stable.serves(*python));
        all.into_iter().filter(of).map(|python| python.to_string()).collect()
    }

    #[test]
    fn a_wheel_serves_the_pythons_that_its_tag_promises() {
        let abi3 = ["3.11", "3.14", "3.15", "3.16"];
        assert_eq!(served("ours_x-0.1.0-cp311-abi3-linux_x86_64.whl"), abi3);
        assert_eq!(served("x-1-cp311-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"), abi3);
        assert_eq!(
            served("x-1-1-cp315-abi3t-linux_x86_64.whl"),
            ["3.15t"],
            "abi3t alone, and a build number"
        );
        assert_eq!(served("x-1-cp315-abi3.abi3t-linux_x86_64.whl"), ["3.15", "3.15t", "3.16"]);
    }

    #[test]
    fn a_wheel_of_one_python_or_of_none_is_not_stable() {
        for name in ["x-1-cp312-cp312-l.whl", "x-1-cp314-cp314t-l.whl", "x-1-py3-none-any.whl", "x.whl", "x"]
        {
            assert_eq!(Stable::of_wheel(name), None, "{name}");
        }
    }

    #[test]
    fn features_of_pyo3_foretell_the_tag() {
        let of = |names: &[&str]| {
            let stable = Stable::of_features(&features(names));
            stable.iter().map(Stable::to_string).collect::<Vec<_>>()
        };
        assert_eq!(of(&["macros", "extension-module"]), [""; 0]);
        assert_eq!(of(&["abi3-py311"]), ["cp311-abi3"]);
        assert_eq!(of(&["abi3-py312", "abi3-py39", "abi3"]), ["cp39-abi3"]);
        assert_eq!(of(&["abi3"]), ["abi3"]);
        assert_eq!(of(&["abi3t-py315"]), ["cp315-abi3.abi3t"]);
        assert_eq!(of(&["abi3-py311", "abi3t-py315"]), ["cp311-abi3", "cp315-abi3.abi3t"]);
    }

    /// The builder of each of these Pythons, on one line.
    fn built_by(asked_for: &[&str], asked: &[&str]) -> Vec<String> {
        let line = "0.30".parse().expect("a line");
        let ids: Vec<WheelId> = pythons(asked).into_iter().map(|python| WheelId { python, line }).collect();
        let builders = builders(&ids, &Stable::of_features(&features(asked_for)));
        builders.into_iter().map(|(_, builder)| builder.python.to_string()).collect()
    }

    #[test]
    fn the_oldest_python_that_a_tag_promises_builds_for_the_others() {
        let asked = ["3.10", "3.11", "3.12", "3.14t", "3.15", "3.15t"];
        assert_eq!(built_by(&[], &asked), asked);
        assert_eq!(built_by(&["abi3-py311"], &asked), ["3.10", "3.11", "3.11", "3.14t", "3.11", "3.15t"]);
        assert_eq!(built_by(&["abi3"], &asked), ["3.10", "3.10", "3.10", "3.14t", "3.10", "3.15t"]);
        let both = ["abi3-py311", "abi3t-py315"];
        assert_eq!(built_by(&both, &asked), ["3.10", "3.11", "3.11", "3.14t", "3.11", "3.15t"]);
        assert_eq!(built_by(&["abi3t-py315"], &["3.14", "3.15", "3.15t"]), ["3.14", "3.15", "3.15"]);
    }
}
