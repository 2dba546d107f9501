//! What did a cell leave behind? The files that the in-cell plugin and pytest-benchmark wrote, read into the record's
//! types. Reads only; what the evidence means is for `outcome` to say.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde::Deserialize;

use crate::model::record::{self, Benchmark, Comparison, Memory, Observed, TestFailure, TestResult};

/// What one stage of a cell left in its folder.
#[derive(Debug, Default)]
pub struct Evidence {
    pub observed: Option<Observed>,
    /// Why the cell could not observe itself.
    pub observe_error: Option<String>,
    pub tests: BTreeMap<String, TestResult>,
    pub failures: BTreeMap<String, TestFailure>,
    /// The exit code that the session told, if it came to its end.
    pub session_code: Option<i32>,
    /// Seconds that the test process lived.
    pub own_seconds: f64,
    pub memory: Option<Memory>,
}

/// One line of `events.jsonl`.
#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Event {
    SessionStart {
        process_started: f64,
    },
    TestStart {
        test: String,
        time: f64,
    },
    TestEnd {
        test: String,
        result: TestResult,
        #[serde(default)]
        message: Option<String>,
        #[serde(default)]
        longrepr: Option<String>,
        time: Option<f64>,
    },
    /// A file of tests that cannot be imported.
    CollectError {
        test: String,
        #[serde(default)]
        message: Option<String>,
        #[serde(default)]
        longrepr: Option<String>,
    },
    SessionEnd {
        exit_code: i32,
        time: f64,
    },
}

/// `observed.json`: versions, or why there are none.
#[derive(Deserialize)]
#[serde(untagged)]
enum ObservedFile {
    Seen(Observed),
    Failed { error: String },
}

#[derive(Deserialize)]
struct BenchmarkFile {
    benchmarks: Vec<BenchmarkEntry>,
}

#[derive(Deserialize)]
struct BenchmarkEntry {
    name: String,
    group: Option<String>,
    stats: BenchmarkStats,
}

#[derive(Deserialize)]
struct BenchmarkStats {
    rounds: u64,
    min: f64,
    median: f64,
    iqr: f64,
}

#[derive(Deserialize)]
struct SpeedupFile {
    comparisons: Vec<Comparison>,
}

/// Reads what a stage wrote in `folder`. A file that is missing leaves its part empty: the cell may have ended at any
/// moment. A file that is there and cannot be read is an error.
pub fn evidence(folder: &Path) -> io::Result<Evidence> {
    let mut evidence = Evidence::default();
    match read(&folder.join("observed.json"))? {
        Some(ObservedFile::Seen(observed)) => evidence.observed = Some(observed),
        Some(ObservedFile::Failed { error }) => evidence.observe_error = Some(error),
        None => {}
    }
    let events = match std::fs::read_to_string(folder.join("events.jsonl")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        other => other?,
    };
    let mut clock = Clock::default();
    for line in events.lines() {
        // The last line is cut short where the cell was killed while it wrote.
        if let Ok(event) = serde_json::from_str(line) {
            evidence.learn(event, &mut clock);
        }
    }
    evidence.own_seconds = (clock.last - clock.first).max(0.0);
    evidence.memory = read(&folder.join("memory.json"))?;
    Ok(evidence)
}

/// What the benchmark stage measured: pytest-benchmark's own file, and the interleaved comparisons.
pub fn benchmarks(cell: &Path, stage: &Path) -> io::Result<(Vec<Benchmark>, Vec<Comparison>)> {
    let file: Option<BenchmarkFile> = read(&cell.join("benchmark.json"))?;
    let speedup: Option<SpeedupFile> = read(&stage.join("speedup.json"))?;
    let entries = file.map(|file| file.benchmarks).unwrap_or_default();
    Ok((
        entries.into_iter().map(Benchmark::from).collect(),
        speedup.map(|file| file.comparisons).unwrap_or_default(),
    ))
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    record::read(path).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

/// First and last moment that the cell told of.
#[derive(Default)]
struct Clock {
    first: f64,
    last: f64,
}

impl Evidence {
    fn learn(&mut self, event: Event, clock: &mut Clock) {
        match event {
            Event::SessionStart { process_started } => {
                (clock.first, clock.last) = (process_started, process_started);
            }
            Event::TestStart { test, time } => {
                clock.last = time;
                self.tests.insert(test, TestResult::Running);
            }
            Event::TestEnd { test, result, message, longrepr, time } => {
                clock.last = time.unwrap_or(clock.last);
                self.ended(test, result, message, longrepr);
            }
            Event::CollectError { test, message, longrepr } => {
                self.ended(test, TestResult::Error, message, longrepr);
            }
            Event::SessionEnd { exit_code, time } => {
                clock.last = time;
                self.session_code = Some(exit_code);
            }
        }
    }

    fn ended(&mut self, test: String, result: TestResult, message: Option<String>, longrepr: Option<String>) {
        if result.is_red() {
            let (message, report) = (message.unwrap_or_default(), longrepr.unwrap_or_default());
            self.failures.insert(test.clone(), TestFailure { message, report });
        }
        self.tests.insert(test, result);
    }
}

impl From<BenchmarkEntry> for Benchmark {
    fn from(entry: BenchmarkEntry) -> Self {
        let BenchmarkStats { rounds, min, median, iqr } = entry.stats;
        Benchmark { name: entry.name, group: entry.group, rounds, min, median, iqr }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(events: &str) -> Evidence {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("events.jsonl"), events).expect("written");
        evidence(folder.path()).expect("evidence")
    }

    #[test]
    fn a_test_without_an_end_is_the_one_in_which_the_cell_ended() {
        let found = check(concat!(
            "{\"event\":\"session_start\",\"process_started\":10.0,\"time\":10.5}\n",
            "{\"event\":\"test_start\",\"test\":\"a\",\"time\":11.0}\n",
            "{\"event\":\"test_end\",\"test\":\"a\",\"result\":\"passed\",\"seconds\":1.0,\"time\":12.0}\n",
            "{\"event\":\"test_start\",\"test\":\"b\",\"time\":12.5}\n",
            "{\"event\":\"test_en",
        ));
        assert_eq!(found.tests["a"], TestResult::Passed);
        assert_eq!(found.tests["b"], TestResult::Running);
        assert_eq!(found.session_code, None);
        assert!((found.own_seconds - 2.5).abs() < 1e-9);
    }

    #[test]
    fn a_cell_that_left_nothing_is_empty_evidence() {
        let folder = tempfile::tempdir().expect("a folder");
        let found = evidence(folder.path()).expect("evidence");
        assert!(found.tests.is_empty() && found.observed.is_none() && found.memory.is_none());
    }

    #[test]
    fn a_file_that_is_no_json_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("memory.json"), "{").expect("written");
        let message = evidence(folder.path()).expect_err("no JSON").to_string();
        assert!(message.contains("memory.json"), "{message}");
    }
}
