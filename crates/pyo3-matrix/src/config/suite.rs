//! What runs in a cell? pytest's arguments for the two stages, where it stands, what it needs, and what a flaky test means.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Packages;
use crate::model::outcome::Outcome;

/// What runs in a cell.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    /// The folder of the hash-locked requirements: `py<version>.txt`. Without one, the harness makes them of `packages`.
    #[serde(default)]
    pub requirements: Option<PathBuf>,
    /// What the tests need, where no lock of it is kept.
    #[serde(default)]
    pub packages: Option<Packages>,
    /// The folder that pytest is started in, and takes its settings from.
    #[serde(default)]
    pub folder: PathBuf,
    /// Whether each cell runs in a private copy of the checkout, without the files that its wheel installs.
    #[serde(default)]
    pub copy: bool,
    /// pytest arguments of the correctness stage.
    pub tests: Vec<String>,
    /// pytest arguments of the benchmark stage; without any there is none.
    #[serde(default)]
    pub benchmarks: Vec<String>,
    /// Files and folders whose content decides what those two stages do, besides what pytest loads by its arguments.
    #[serde(default)]
    pub sources: Vec<PathBuf>,
    /// Variables of the user's shell that the tests see: names, or how they begin and a `*`.
    #[serde(default)]
    pub pass_env: Vec<String>,
    /// The adapter for the conformance kit, `FILE.py` or `FILE.py:NAME`; with one, each cell runs the kit beside its tests.
    #[serde(default)]
    pub kit: Option<String>,
    /// The outcome of a cell whose tests failed first and then passed.
    #[serde(default)]
    pub flaky: Flaky,
}

/// What a flaky cell does to the verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Flaky {
    /// It is red.
    #[default]
    Fail,
    /// It is green, and counted apart.
    Pass,
}

impl Flaky {
    /// Whether a cell that ended so keeps the verdict green.
    #[must_use]
    pub fn is_green(self, outcome: &Outcome) -> bool {
        outcome.is_green() || (self == Flaky::Pass && *outcome == Outcome::Flaky)
    }
}

impl Suite {
    /// The file of the kit's adapter, as `kit` names it.
    #[must_use]
    pub fn adapter(&self) -> Option<PathBuf> {
        let kit = self.kit.as_deref()?;
        let file = match kit.rsplit_once(".py:") {
            Some((path, _)) => format!("{path}.py"),
            None => kit.to_owned(),
        };
        Some(self.folder.join(file))
    }

    /// The content of both stages; two runs have the same suite if this is equal.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        self.tests.iter().chain(&self.benchmarks).cloned().collect()
    }
}
