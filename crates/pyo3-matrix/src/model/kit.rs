//! What did the conformance kit find in a cell? The part of `bridge.json` that a record keeps.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The name of the kit's file in a cell's folder.
pub const FILE: &str = "bridge.json";

/// The folder of the stacks of checks that hung or crashed.
pub const INCIDENTS: &str = "incidents";

/// What the kit found on one adapter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Kit {
    /// The adapter's own name.
    pub adapter: String,
    /// Name and version of what it drives, if it says so.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub driver: String,
    /// `quick`, `default` or `soak`.
    pub depth: String,
    /// Of all that is random.
    pub seed: u64,
    pub checks: Vec<KitCheck>,
}

/// The check that counts what a call costs, and what it notes.
const INSTRUCTIONS: (&str, &str) = ("core/instructions-per-call", "instructions per call");

impl Kit {
    /// How many instructions a call takes, where they were counted.
    #[must_use]
    pub fn instructions(&self) -> Option<f64> {
        let (id, note) = INSTRUCTIONS;
        let check = self.checks.iter().find(|check| check.id == id)?;
        check.notes.get(note)?.as_f64().filter(|count| *count > 0.0)
    }
}

/// One check of the kit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KitCheck {
    /// `core/every-answer-comes`.
    pub id: String,
    /// `MUST`, `SHOULD` or `INFO`.
    pub level: String,
    /// What holds if it passes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub holds: String,
    /// `passed`, `failed`, `hung`, `crashed`, `known`, `stale`, `recorded` or `not applicable`.
    pub outcome: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    pub seconds: f64,
    /// Measurements, and behaviour that is free.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub notes: BTreeMap<String, serde_json::Value>,
    /// The class of a hang.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hang: Option<String>,
    /// The file with the stacks, in the cell's folder of incidents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
    /// The beginning of that file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stacks: Option<String>,
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A check that ended so, and says nothing.
    #[must_use]
    pub fn check(id: &str, outcome: &str) -> KitCheck {
        KitCheck {
            id: id.into(),
            level: "MUST".into(),
            holds: String::new(),
            outcome: outcome.into(),
            message: String::new(),
            seconds: 1.0,
            notes: BTreeMap::new(),
            hang: None,
            incident: None,
            stacks: None,
        }
    }

    /// What a kit found that made these checks.
    #[must_use]
    pub fn kit(checks: Vec<KitCheck>) -> Kit {
        Kit { adapter: "A".into(), driver: String::new(), depth: "quick".into(), seed: 1, checks }
    }
}
