//! Why can something not be had? An outcome and a reason, for every cell that needs it.

use std::collections::BTreeMap;

use crate::model::record::Outcome;

/// Why something cannot be had, as every cell that needs it will record.
#[derive(Debug, Clone)]
pub struct Failure {
    pub outcome: Outcome,
    pub reason: String,
}

/// What could be had of an axis, and why not for the rest.
pub type Provided<K, V> = BTreeMap<K, Result<V, Failure>>;
