//! What did a run set out to do? The plan, what it is a part of, and what it is judged by, as `plan.json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::{Config, Criterion, Flaky};
use crate::model::origin::Origin;
use crate::model::record::{SCHEMA_VERSION, Thoroughness};
use crate::plan::Plan;
use crate::plan::part::Part;
use crate::store::basis::Basis;
use crate::store::merge::Merged;

/// `plan.json`: what a run set out to do, and by what it is judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Intent {
    pub schema_version: u32,
    pub run: String,
    /// When the run began, in UTC.
    pub started: String,
    pub plan: Plan,
    #[serde(flatten)]
    pub terms: Terms,
    #[serde(default)]
    pub basis: Basis,
    /// The commit, the machine and the options. Runs of older harnesses do not know it.
    #[serde(default, skip_serializing_if = "Origin::is_unknown")]
    pub origin: Origin,
    /// What the plan is a part of; absent where it is a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
    /// What a merged run was put together from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged: Option<Merged>,
}

/// By what a run is judged.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Terms {
    pub criteria: Vec<Criterion>,
    /// The stages that every cell has to come through.
    #[serde(default)]
    pub thoroughness: Thoroughness,
    #[serde(default)]
    pub flaky: Flaky,
}

impl Terms {
    /// The terms of `matrix.toml`, for a run of these stages.
    #[must_use]
    pub fn of(config: &Config, thoroughness: Thoroughness) -> Terms {
        Terms { criteria: config.criteria.clone(), thoroughness, flaky: config.suite.flaky }
    }
}

impl Intent {
    /// A run of all of `plan`. [`RunFolder::create`](crate::store::folder::RunFolder::create) fills in its id and when it
    /// began.
    #[must_use]
    pub fn of(plan: Plan, terms: Terms, basis: Basis) -> Intent {
        let (run, started) = (String::new(), String::new());
        Intent {
            schema_version: SCHEMA_VERSION,
            run,
            started,
            plan,
            terms,
            basis,
            origin: Origin::default(),
            part: None,
            merged: None,
        }
    }
}
