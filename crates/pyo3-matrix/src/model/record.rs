//! What happened in one cell, on disk. Versioned, and held to a JSON Schema.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::cell::CellId;

/// The version of every JSON that the harness writes.
pub const SCHEMA_VERSION: u32 = 1;

/// The name of a record in its cell's folder.
pub const FILE: &str = "record.json";

/// The four versions that make a cell what its label says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Versions {
    /// `3.12`; with a `t` for a free-threaded build.
    pub python: String,
    /// The server's major version.
    pub postgres: String,
    pub pyo3: String,
    pub pyo3_async_runtimes: String,
}

/// What the cell measured of itself, before any test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Observed {
    #[serde(flatten)]
    pub versions: Versions,
    /// `3.12.1`.
    pub python_full: String,
    /// `16.14`.
    pub postgres_full: String,
    /// What the module says that it was compiled from.
    #[serde(default)]
    pub build_info: BTreeMap<String, String>,
    /// The Python packages that took part, such as psycopg, and their versions.
    #[serde(default)]
    pub packages: BTreeMap<String, String>,
}

/// How a cell ended. Closed: a new way to end is a new variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Outcome {
    Passed,
    TestsFailed,
    /// The test process was ended by a signal, such as `SIGSEGV`.
    Crashed {
        signal: String,
    },
    /// The wall clock outside the cell ran out.
    Hung,
    BuildFailed,
    ProvisionFailed,
    /// Observed is not requested.
    Mismatch,
    Skipped {
        reason: String,
    },
    /// The cell was planned, and has no record.
    Lost,
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
    pub requested: Versions,
    pub observed: Option<Observed>,
    /// Test node id → `passed`, `failed`, `error`, `skipped`, `xfailed`, `xpassed`, or `running` for the one in which
    /// the cell ended.
    pub tests: BTreeMap<String, TestResult>,
    /// Test node id → why it failed.
    #[serde(default)]
    pub failures: BTreeMap<String, TestFailure>,
    pub benchmarks: Vec<Benchmark>,
    #[serde(default)]
    pub comparisons: Vec<Comparison>,
    pub memory: Option<Memory>,
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
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

/// What the cell ran on, as SHA-256 in hexadecimal.
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

impl Outcome {
    /// Whether a cell that ended so keeps the verdict green.
    #[must_use]
    pub fn is_green(&self) -> bool {
        match self {
            Outcome::Passed | Outcome::Skipped { .. } => true,
            Outcome::TestsFailed
            | Outcome::Crashed { .. }
            | Outcome::Hung
            | Outcome::BuildFailed
            | Outcome::ProvisionFailed
            | Outcome::Mismatch
            | Outcome::Lost => false,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Passed => f.write_str("passed"),
            Outcome::TestsFailed => f.write_str("tests failed"),
            Outcome::Crashed { signal } => write!(f, "crashed ({signal})"),
            Outcome::Hung => f.write_str("hung"),
            Outcome::BuildFailed => f.write_str("build failed"),
            Outcome::ProvisionFailed => f.write_str("provision failed"),
            Outcome::Mismatch => f.write_str("mismatch"),
            Outcome::Skipped { .. } => f.write_str("skipped"),
            Outcome::Lost => f.write_str("lost"),
        }
    }
}

impl TestResult {
    /// Whether the test says that something is wrong.
    #[must_use]
    pub fn is_red(self) -> bool {
        match self {
            TestResult::Failed | TestResult::Error | TestResult::Xpassed | TestResult::Running => true,
            TestResult::Passed | TestResult::Skipped | TestResult::Xfailed => false,
        }
    }
}

impl Record {
    /// A record of a cell in which nothing has happened yet.
    #[must_use]
    pub fn empty(cell: CellId, requested: Versions, outcome: Outcome, reason: Option<String>) -> Self {
        Record {
            schema_version: SCHEMA_VERSION,
            cell,
            outcome,
            reason,
            requested,
            observed: None,
            tests: BTreeMap::new(),
            failures: BTreeMap::new(),
            benchmarks: Vec::new(),
            comparisons: Vec::new(),
            memory: None,
            durations: Durations::default(),
            hashes: Hashes::default(),
        }
    }
}

/// Reads a JSON document that the harness or a cell wrote; `None` where there is none.
pub fn read<T: serde::de::DeserializeOwned>(path: &Path) -> std::io::Result<Option<T>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a JSON document whole or not at all: a harness that is killed leaves no half of it.
pub fn write<T: Serialize>(path: &Path, document: &T) -> std::io::Result<()> {
    let mut text = serde_json::to_vec_pretty(document)?;
    text.push(b'\n');
    let partial = path.with_extension("partial");
    std::fs::write(&partial, text)?;
    std::fs::rename(&partial, path)
}
