//! What did the conformance kit find with each fault planted? The part of `detection.json` that a record keeps.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The name of the table in the folder of a cell that plants faults.
pub const FILE: &str = "detection.json";

/// The fault that plants nothing.
const CLEAN: &str = "none";

/// What the kit found with one fault planted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Detected {
    pub fault: Fault,
    /// The id of each check that found something → how long it took, in seconds.
    pub found: BTreeMap<String, f64>,
    /// How long the kit took, in seconds.
    pub seconds: f64,
    /// Why there is no result, if there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub problem: String,
}

/// One planted fault.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fault {
    pub id: String,
    /// What is wrong, a sentence.
    pub what: String,
    /// Which group of checks is asked: `core`, or one of a kind of driver.
    pub layer: String,
    /// The checks of which one is meant to find it.
    pub caught_by: Vec<String>,
}

impl Fault {
    /// Whether nothing is planted.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.id == CLEAN
    }
}

impl Detected {
    /// The check that was meant to find the fault, and did, with its seconds.
    #[must_use]
    pub fn caught(&self) -> Option<(&str, f64)> {
        let found = |check: &String| self.found.get_key_value(check);
        self.fault.caught_by.iter().find_map(found).map(|(check, seconds)| (check.as_str(), *seconds))
    }

    /// The other checks that found something.
    pub fn also(&self) -> impl Iterator<Item = &str> {
        self.found.keys().filter(|check| !self.fault.caught_by.contains(check)).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `pytest_pyo3_bridge.detection` writes it.
    const WRITTEN: &str = r#"{
        "fault": {
            "id": "gil-held", "what": "It is held.", "layer": "core", "caught_by": ["core/b", "core/c"],
            "build": "any", "environment": {"A": "1"}
        },
        "found": {"core/a": 1.5, "core/c": 0.5}, "seconds": 3.0, "problem": ""
    }"#;

    #[test]
    fn a_fault_is_caught_by_the_check_that_is_meant_for_it_and_found_by_others_too() {
        let mut one: Detected = serde_json::from_str(WRITTEN).expect("a result");
        assert_eq!(one.caught(), Some(("core/c", 0.5)));
        assert_eq!(one.also().collect::<Vec<_>>(), ["core/a"]);
        assert!(!one.fault.is_none());
        one.found.remove("core/c");
        assert_eq!(one.caught(), None);
    }
}
