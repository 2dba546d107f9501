//! What happened to a cell that must not build, on disk.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What happened to one negative cell, on disk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NegativeRecord {
    pub schema_version: u32,
    pub id: String,
    pub ending: Ending,
    /// What the plan foretold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foretold: Option<String>,
    /// What the build said, in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// Why it is not as foretold, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// On the wall clock.
    pub seconds: f64,
}

/// How a negative cell ended. Only the first is green.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It failed with what the plan foretold and with the message of `matrix.toml`.
    AsForetold,
    /// It failed with something else.
    Otherwise,
    /// It built: it is possible now.
    Built,
    /// It was planned, and has no record.
    Lost,
}

impl Ending {
    #[must_use]
    pub fn is_green(self) -> bool {
        self == Ending::AsForetold
    }
}
