//! What did a run set out to do? The plan, what it is a part of, and what it is judged by, as `plan.json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Criterion;
use crate::model::record::SCHEMA_VERSION;
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
    pub criteria: Vec<Criterion>,
    #[serde(default)]
    pub basis: Basis,
    /// What the plan is a part of; absent where it is a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
    /// What a merged run was put together from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged: Option<Merged>,
}

impl Intent {
    /// A run of all of `plan`. [`RunFolder::create`] fills in its id and when it began.
    #[must_use]
    pub fn of(plan: Plan, criteria: Vec<Criterion>, basis: Basis) -> Intent {
        let (run, started) = (String::new(), String::new());
        Intent {
            schema_version: SCHEMA_VERSION,
            run,
            started,
            plan,
            criteria,
            basis,
            part: None,
            merged: None,
        }
    }
}
