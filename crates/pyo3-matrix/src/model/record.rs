//! What happened in one cell, on disk. Versioned, and held to a JSON Schema.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::cell::CellId;
use crate::model::detection::Detected;
use crate::model::kit::Kit;
use crate::model::noise::Noise;
pub use crate::model::outcome::Outcome;

/// The version of every JSON that the harness writes.
pub const SCHEMA_VERSION: u32 = 1;

/// Why a test is red that was collected, and that nothing more was told of.
pub const NO_RESULT: &str = "collected, and has no result";

/// The name of a record in its cell's folder.
pub const FILE: &str = "record.json";

pub use crate::model::versions::Versions;

/// What the cell measured of itself, before any test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Observed {
    #[serde(flatten)]
    pub versions: Versions,
    /// `3.12.1`.
    pub python_full: String,
    /// `cpython`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub implementation: Option<String>,
    /// What the module says that it was compiled from. It is compared with what was observed, and no version is taken from it.
    #[serde(default)]
    pub build_info: BTreeMap<String, String>,
    /// The Python packages that took part, such as psycopg, and their versions.
    #[serde(default)]
    pub packages: BTreeMap<String, String>,
    /// The shared object that the module under test was loaded from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loaded: Option<Loaded>,
}

/// A file that the interpreter loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Loaded {
    pub path: String,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
}

/// Which stages a record judges. A later one includes those before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Thoroughness {
    /// The tests alone.
    #[default]
    Tests,
    /// The benchmarks too, with enough rounds for a ratio.
    Quick,
    /// The benchmarks with more rounds.
    Full,
}

impl fmt::Display for Thoroughness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Thoroughness::Tests => "tests alone",
            Thoroughness::Quick => "quick benchmarks",
            Thoroughness::Full => "full benchmarks",
        })
    }
}

/// An earlier try of a cell that ended with failing tests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attempt {
    /// The run that made it, where that was another run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Failing test → one line why.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub failing: BTreeMap<String, String>,
}

/// Everything that is known of one cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    pub schema_version: u32,
    pub cell: CellId,
    pub outcome: Outcome,
    /// Why the outcome is not `Passed`: what, where, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default)]
    pub thoroughness: Thoroughness,
    /// The tries before this one, the first of them first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    /// The names of the variables that the tests had of the user's shell, as `[suite] pass_env` asks for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed_env: Vec<String>,
    pub requested: Versions,
    pub observed: Option<Observed>,
    /// Test node id → `passed`, `failed`, `error`, `skipped`, `xfailed`, `xpassed`, `running` for the one in which the
    /// cell ended, `notrun` for a test that was collected and has no result.
    pub tests: BTreeMap<String, TestResult>,
    /// Test node id → seconds that it took, with setup and teardown.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub seconds: BTreeMap<String, f64>,
    /// Test node id → why it failed.
    #[serde(default)]
    pub failures: BTreeMap<String, TestFailure>,
    /// Test node id → why it was skipped, or is expected to fail.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub skips: BTreeMap<String, String>,
    pub benchmarks: Vec<Benchmark>,
    #[serde(default)]
    pub comparisons: Vec<Comparison>,
    /// How noisy the machine was around the benchmarks: the worse of what it scored before and after them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<Noise>,
    pub memory: Option<Memory>,
    /// What the conformance kit found, where the project has it run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kit: Option<Kit>,
    /// What the kit found with each fault planted, where the tests of the project plant some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub detection: Vec<Detected>,
    /// Seconds on the wall clock, by what they were spent on.
    pub durations: Durations,
    pub hashes: Hashes,
}

/// How one test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TestResult {
    Passed,
    Failed,
    Error,
    Skipped,
    Xfailed,
    Xpassed,
    Running,
    /// It was collected, and has no result.
    NotRun,
}

/// Why a test failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TestFailure {
    /// One line.
    pub message: String,
    /// pytest's whole report.
    pub report: String,
}

/// One benchmark of pytest-benchmark. Times in seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Benchmark {
    pub name: String,
    pub group: Option<String>,
    pub rounds: u64,
    pub min: f64,
    pub median: f64,
    pub iqr: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<Spread>,
}

/// How the rounds of a benchmark lie, in seconds, as pytest-benchmark draws them: the quartiles, and the ends of those rounds
/// that lie within one and a half times the distance between them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Spread {
    #[serde(rename = "ld15iqr")]
    pub low: f64,
    pub q1: f64,
    pub q3: f64,
    #[serde(rename = "hd15iqr")]
    pub high: f64,
}

/// A candidate beside its control, interleaved in one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    pub name: String,
    pub title: String,
    pub control: Side,
    pub candidate: Side,
    pub speedup: Speedup,
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Side {
    pub label: String,
    /// Milliseconds.
    pub median_ms: f64,
}

/// Control over candidate, with a bootstrap interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Speedup {
    pub ratio: f64,
    pub low: f64,
    pub high: f64,
    /// The interval's level, such as 0.95.
    pub confidence: f64,
}

/// The resident set of the test process over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Memory {
    /// `bytes`.
    pub unit: String,
    pub interval_seconds: f64,
    /// Pairs of seconds since the start and resident set.
    pub samples: Vec<(f64, u64)>,
    pub peak: u64,
    /// What the leak tests measured, by test.
    #[serde(default)]
    pub leaks: BTreeMap<String, serde_json::Value>,
}

/// Where a cell's time went, in seconds on the wall clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Durations {
    /// The life of the test process in the correctness stage.
    pub tests: f64,
    /// The same in the benchmark stage.
    pub benchmarks: f64,
    /// Everything else that the harness did for this cell: its database, tox, reading and writing.
    pub harness: f64,
}

/// What the cell ran on, as SHA-256 in hexadecimal. The wheel is named only where the cell's installed files are its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hashes {
    /// The line's `Cargo.lock`.
    pub line_lock: Option<String>,
    /// The hash-locked Python requirements.
    pub cell_lock: Option<String>,
    pub wheel: Option<String>,
    /// The key under which the wheel is kept.
    pub wheel_key: Option<String>,
}

impl Memory {
    /// Whether one of `tests` that looked for a leak failed. The plugin names such a test by the end of its node id.
    #[must_use]
    pub fn leaked(&self, tests: &BTreeMap<String, TestResult>) -> bool {
        let measured = |test: &str| self.leaks.keys().any(|name| test.rsplit("::").next() == Some(name));
        tests.iter().any(|(test, result)| result.is_red() && measured(test))
    }
}

impl TestResult {
    /// Whether the test says that something is wrong.
    #[must_use]
    pub fn is_red(self) -> bool {
        match self {
            TestResult::Failed
            | TestResult::Error
            | TestResult::Xpassed
            | TestResult::Running
            | TestResult::NotRun => true,
            TestResult::Passed | TestResult::Skipped | TestResult::Xfailed => false,
        }
    }
}

impl Record {
    /// The tests that say that something is wrong, each with one line why.
    #[must_use]
    pub fn failing(&self) -> BTreeMap<String, String> {
        let red = self.tests.iter().filter(|(_, result)| result.is_red());
        red.map(|(test, result)| (test.clone(), self.why(test, *result))).collect()
    }

    /// Why a test that ended so is red, in one line.
    #[must_use]
    pub fn why(&self, test: &str, result: TestResult) -> String {
        match (self.failures.get(test), result) {
            (Some(failure), _) => failure.message.clone(),
            (None, TestResult::NotRun) => NO_RESULT.to_owned(),
            (None, TestResult::Running) => "its process ended while it ran".to_owned(),
            (None, result) => format!("{result:?}").to_lowercase(),
        }
    }

    /// How many tests ended so.
    #[must_use]
    pub fn count(&self, wanted: TestResult) -> usize {
        self.tests.values().filter(|result| **result == wanted).count()
    }

    /// This record as a failed try before the next.
    #[must_use]
    pub fn attempt(&self, run: Option<String>) -> Attempt {
        Attempt { run, reason: self.reason.clone(), failing: self.failing() }
    }

    /// This record with the seconds of the try before it, which are those beyond what both had `spent`.
    #[must_use]
    pub fn lasting(mut self, before: &Record, spent: Durations) -> Record {
        self.durations.tests += before.durations.tests - spent.tests;
        self.durations.benchmarks += before.durations.benchmarks - spent.benchmarks;
        self.durations.harness += before.durations.harness - spent.harness;
        self
    }

    /// This record after failed tries. If it passed, it is flaky.
    #[must_use]
    pub fn after(mut self, attempts: Vec<Attempt>) -> Record {
        if !attempts.is_empty() && matches!(self.outcome, Outcome::Passed | Outcome::Flaky) {
            let tries = if attempts.len() == 1 { "one try" } else { "earlier tries" };
            self.outcome = Outcome::Flaky;
            self.reason = Some(format!("its tests failed in {tries}, and then passed on the same sources"));
        }
        self.attempts = attempts;
        self
    }

    /// Whether its tests failed in a way that a second try may answer: a crash, a hang, a mismatch or a leak is no flake.
    /// Nor is a test in which the process ended, though tox may hide how it did.
    #[must_use]
    pub fn may_be_flaky(&self) -> bool {
        self.outcome == Outcome::TestsFailed
            && self.tests.values().any(|result| result.is_red())
            && self.count(TestResult::Running) == 0
            && !self.memory.as_ref().is_some_and(|memory| memory.leaked(&self.tests))
    }

    /// A record of a cell in which nothing has happened yet.
    #[must_use]
    pub fn empty(cell: CellId, requested: Versions, outcome: Outcome, reason: Option<String>) -> Self {
        Record {
            schema_version: SCHEMA_VERSION,
            cell,
            outcome,
            reason,
            thoroughness: Thoroughness::Tests,
            attempts: Vec::new(),
            passed_env: Vec::new(),
            requested,
            observed: None,
            tests: BTreeMap::new(),
            seconds: BTreeMap::new(),
            failures: BTreeMap::new(),
            skips: BTreeMap::new(),
            benchmarks: Vec::new(),
            comparisons: Vec::new(),
            noise: None,
            memory: None,
            kit: None,
            detection: Vec::new(),
            durations: Durations::default(),
            hashes: Hashes::default(),
        }
    }
}

#[cfg(test)]
mod tests;
