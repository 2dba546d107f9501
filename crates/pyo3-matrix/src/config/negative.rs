//! Which cells must not build? A Python that the line refuses, or a pairing that cannot be resolved, each with the message
//! that the build is expected to fail with.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::cell::{Line, Python};

/// A cell that is impossible on purpose. Exactly one of `python` and `pyo3_async_runtimes` is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Negative {
    pub line: Line,
    /// A Python that the line refuses; it need not be on the axis, nor on the machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub python: Option<Python>,
    /// A release that the line's `pyo3` cannot be paired with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pyo3_async_runtimes: Option<String>,
    /// Part of what the build says.
    pub message: String,
}

/// `py3.14-pyo3_0.24`, or `pyo3_0.30-with-pyo3-async-runtimes_0.29.0`: also the name of its folder in a run.
impl fmt::Display for Negative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.python, &self.pyo3_async_runtimes) {
            (Some(python), _) => write!(f, "py{python}-pyo3_{}", self.line),
            (None, Some(version)) => write!(f, "pyo3_{}-with-pyo3-async-runtimes_{version}", self.line),
            (None, None) => write!(f, "pyo3_{}", self.line),
        }
    }
}
