//! What did a cell leave behind? The text of the files that the in-cell plugin and pytest-benchmark wrote in, the record's
//! types out. Pure; what the evidence means is for `outcome` to say.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::model::detection::{self, Detected};
use crate::model::kit::{self, Kit};
use crate::model::record::{Benchmark, Comparison, Memory, Observed, Spread, TestFailure, TestResult};
use crate::process::Exit;
use crate::store::left::{Left, Measured};
use crate::verdict::refusal;
use crate::verdict::workers::Workers;

/// What one stage of a cell left.
#[derive(Debug, Default)]
pub struct Evidence {
    pub observed: Option<Observed>,
    /// The files of the installed distribution: path → SHA-256 as it is on disk. None where nothing was observed.
    pub installed: Option<BTreeMap<String, String>>,
    /// Why the cell could not observe itself.
    pub observe_error: Option<String>,
    /// What pytest said last of an error, which counts where it refused what it was told.
    pub refusal: Option<String>,
    /// Files that are there and cannot be understood.
    pub unreadable: Vec<String>,
    pub tests: BTreeMap<String, TestResult>,
    /// How long each test took.
    pub seconds: BTreeMap<String, f64>,
    pub failures: BTreeMap<String, TestFailure>,
    /// Why tests were skipped, or are expected to fail.
    pub skips: BTreeMap<String, String>,
    /// The exit code that the session told, if it came to its end.
    pub session_code: Option<i32>,
    /// The processes that ran the tests, where pytest-xdist started some.
    pub workers: Workers,
    /// Seconds that the test process lived.
    pub own_seconds: f64,
    pub memory: Option<Memory>,
    /// What the conformance kit found.
    pub kit: Option<Kit>,
    /// What it found with each fault planted.
    pub detection: Vec<Detected>,
}

/// One line of `events.jsonl`.
#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Event {
    SessionStart {
        process_started: f64,
    },
    /// Every test that is about to run.
    Collected {
        tests: Vec<String>,
        time: f64,
    },
    /// A worker measured itself.
    WorkerObserved {
        worker: String,
        observed: serde_json::Value,
    },
    /// A worker ended without saying so.
    WorkerDied {
        worker: String,
        exit_code: Option<i32>,
    },
    TestStart {
        test: String,
        #[serde(default)]
        worker: Option<String>,
        time: f64,
    },
    TestEnd {
        test: String,
        #[serde(default)]
        worker: Option<String>,
        result: TestResult,
        #[serde(default)]
        message: Option<String>,
        #[serde(default)]
        longrepr: Option<String>,
        #[serde(default)]
        seconds: Option<f64>,
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
    /// A file of tests that is skipped as a whole.
    CollectSkip {
        test: String,
        #[serde(default)]
        message: Option<String>,
    },
    SessionEnd {
        exit_code: i32,
        time: f64,
    },
}

/// `observed.json`: versions, or why there are none.
#[derive(Deserialize)]
struct ObservedFile {
    error: Option<String>,
    #[serde(default)]
    installed: BTreeMap<String, String>,
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
    #[serde(flatten)]
    spread: Option<Spread>,
}

#[derive(Deserialize)]
struct SpeedupFile {
    comparisons: Vec<Comparison>,
}

/// Understands what a stage left, and the end of its output. A missing file leaves its part empty; a file that makes no sense is
/// named.
#[must_use]
pub fn evidence(left: &Left, output: &str) -> Evidence {
    let mut evidence = Evidence { refusal: refusal::told(output), ..Evidence::default() };
    if let Some(text) = &left.observed {
        evidence.observe(text);
    }
    let mut clock = Clock::default();
    for (line, number) in left.events.iter().flat_map(|events| events.split_inclusive('\n')).zip(1..) {
        evidence.read_event(line, number, &mut clock);
    }
    evidence.own_seconds = (clock.last - clock.first).max(0.0);
    evidence.memory = evidence.understood("memory.json", left.memory.as_deref());
    evidence.kit = evidence.understood(kit::FILE, left.kit.as_deref());
    evidence.detection = evidence.understood(detection::FILE, left.detection.as_deref()).unwrap_or_default();
    for check in evidence.kit.iter_mut().flat_map(|kit: &mut Kit| &mut kit.checks) {
        check.stacks = check.incident.as_ref().and_then(|file| left.incidents.get(file).cloned());
    }
    evidence
}

/// What the benchmark stage measured, or which of its files cannot be understood.
pub fn benchmarks(measured: &Measured) -> Result<(Vec<Benchmark>, Vec<Comparison>), String> {
    let file: Option<BenchmarkFile> = parsed("benchmark.json", measured.benchmarks.as_deref())?;
    let speedup: Option<SpeedupFile> = parsed("speedup.json", measured.speedup.as_deref())?;
    let entries = file.map(|file| file.benchmarks).unwrap_or_default();
    Ok((
        entries.into_iter().map(Benchmark::from).collect(),
        speedup.map(|file| file.comparisons).unwrap_or_default(),
    ))
}

fn parsed<'t, T: Deserialize<'t>>(name: &str, text: Option<&'t str>) -> Result<Option<T>, String> {
    let text = text.map(|text| serde_json::from_str(text).map_err(|error| format!("{name}: {error}")));
    text.transpose()
}

/// First and last moment that the cell told of.
#[derive(Default)]
struct Clock {
    first: f64,
    last: f64,
}

impl Evidence {
    /// The same of a stage that ended so: one that the clock ended told nothing of the time that it hung.
    #[must_use]
    pub fn with_time_of(mut self, exit: Exit) -> Evidence {
        if let Exit::TimedOut(limit) = exit {
            self.own_seconds = self.own_seconds.max(limit.as_secs_f64());
        }
        self
    }

    fn understood<'t, T: Deserialize<'t>>(&mut self, name: &str, text: Option<&'t str>) -> Option<T> {
        parsed(name, text).unwrap_or_else(|fault| {
            self.unreadable.push(fault);
            None
        })
    }

    fn observe(&mut self, text: &str) {
        let name = "observed.json";
        let Some(file) = self.understood::<ObservedFile>(name, Some(text)) else { return };
        self.observe_error = file.error;
        if self.observe_error.is_none() {
            self.observed = self.understood(name, Some(text));
            self.installed = Some(file.installed);
        }
    }

    /// Reads one line of `events.jsonl`. The last one has no end where the cell was killed while it wrote; any other line
    /// that makes no sense may be the end of a test that failed.
    fn read_event(&mut self, line: &str, number: usize, clock: &mut Clock) {
        match serde_json::from_str(line) {
            Ok(event) => {
                if let Err(fault) = self.learn(event, clock) {
                    self.unreadable.push(format!("events.jsonl, line {number}: {fault}"));
                }
            }
            Err(fault) if line.ends_with('\n') => {
                self.unreadable.push(format!("events.jsonl, line {number}: {fault}"));
            }
            Err(_) => {}
        }
    }

    fn learn(&mut self, event: Event, clock: &mut Clock) -> Result<(), serde_json::Error> {
        match event {
            Event::SessionStart { process_started } => {
                (clock.first, clock.last) = (process_started, process_started);
            }
            Event::Collected { tests, time } => {
                clock.last = time;
                for test in tests {
                    self.tests.entry(test).or_insert(TestResult::NotRun);
                }
            }
            Event::WorkerObserved { worker, observed } => {
                self.workers.observed.insert(worker, serde_json::from_value(observed)?);
            }
            Event::WorkerDied { worker, exit_code } => self.workers.dies(worker, exit_code),
            Event::TestStart { test, worker, time } => {
                clock.last = time;
                self.workers.begins(worker, &test);
                self.tests.insert(test, TestResult::Running);
            }
            Event::TestEnd { test, worker, result, message, longrepr, seconds, time } => {
                clock.last = time.unwrap_or(clock.last);
                self.seconds.extend(seconds.map(|seconds| (test.clone(), seconds)));
                self.workers.ends(worker, &test);
                self.ended(test, result, message, longrepr);
            }
            Event::CollectError { test, message, longrepr } => {
                self.ended(test, TestResult::Error, message, longrepr);
            }
            Event::CollectSkip { test, message } => self.ended(test, TestResult::Skipped, message, None),
            Event::SessionEnd { exit_code, time } => {
                clock.last = time;
                self.session_code = Some(exit_code);
            }
        }
        Ok(())
    }

    /// Keeps how a test ended. Where several workers ran it, one that it failed in makes it red.
    fn ended(&mut self, test: String, result: TestResult, message: Option<String>, longrepr: Option<String>) {
        let message = message.unwrap_or_default();
        if result.is_red() {
            let report = longrepr.unwrap_or_default();
            self.failures.insert(test.clone(), TestFailure { message, report });
        } else if self.failures.contains_key(&test) {
            self.tests.insert(test, TestResult::Failed);
            return;
        } else if matches!(result, TestResult::Skipped | TestResult::Xfailed) {
            self.skips.insert(test.clone(), message);
        }
        self.tests.insert(test, result);
    }
}

impl From<BenchmarkEntry> for Benchmark {
    fn from(entry: BenchmarkEntry) -> Self {
        let BenchmarkStats { rounds, min, median, iqr, spread } = entry.stats;
        Benchmark { name: entry.name, group: entry.group, rounds, min, median, iqr, spread }
    }
}

#[cfg(test)]
mod tests;
