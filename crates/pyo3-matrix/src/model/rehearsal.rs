//! What would it take to move to a line that the manifest does not ask for yet? The record of one rehearsed line, as
//! `rehearsal/<line>/record.json`.

use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::cell::Line;

/// What the upgrade to a line would take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rehearsal {
    pub schema_version: u32,
    pub line: Line,
    /// The requirements of manifests that were changed in the copy.
    pub edits: Vec<Edit>,
    /// What differs from the project's own lock, a package each, such as `~ pyo3 0.29.3 -> 0.30.1`.
    pub moved: Vec<String>,
    /// What stands in the way, and what is known to mend it.
    pub obstacles: Vec<String>,
}

/// A requirement that a line needs otherwise than it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Edit {
    /// The manifest, relative to the root of the checkout.
    pub file: PathBuf,
    /// Its line, from 1 on.
    pub line: usize,
    /// The crate.
    pub package: String,
    pub from: String,
    pub to: String,
}

/// `Cargo.toml:14: pyo3 "0.29" -> "0.30"`.
impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Edit { file, line, package, from, to } = self;
        write!(f, "{}:{line}: {package} \"{from}\" -> \"{to}\"", file.display())
    }
}
