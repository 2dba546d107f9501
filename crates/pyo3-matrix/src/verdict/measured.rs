//! What did a cell measure, in short? A record in; what two runs can be compared by, and a report has room for, out. Pure.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::kit::Kit;
use crate::model::noise::Noise;
use crate::model::record::{Durations, Record, Speedup};

/// What a cell measured.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Measured {
    /// Comparison → its speed-up, and what both sides took.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub comparisons: BTreeMap<String, Ratio>,
    /// Leak test → what grew in it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub leaks: BTreeMap<String, Leak>,
    /// Instructions of one call, in Rust and in Python together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<f64>,
    /// The largest resident set of the test process, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_rss: Option<u64>,
    /// How noisy the machine was around the benchmarks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<Noise>,
    /// Seconds on the wall clock.
    #[serde(default, skip_serializing_if = "took_nothing")]
    pub durations: Durations,
    #[serde(default, skip_serializing_if = "Locks::is_unknown")]
    pub locks: Locks,
}

/// A speed-up, and what both sides took.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ratio {
    #[serde(flatten)]
    pub speedup: Speedup,
    /// Milliseconds, as medians.
    pub control_ms: f64,
    pub candidate_ms: f64,
}

/// What grew in a leak test.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Leak {
    /// A size, such as `rss` or `malloc` → how fast it grew.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub slopes: BTreeMap<String, Slope>,
    /// A counter, such as `threads` → by how many it grew.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub growth: BTreeMap<String, i64>,
}

/// Bytes in 1,000 operations, with an interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Slope {
    #[serde(rename = "slope_bytes_per_1000")]
    pub bytes: f64,
    pub low: f64,
    pub high: f64,
}

/// What a cell ran on, as SHA-256 in hexadecimal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Locks {
    /// The line's `Cargo.lock`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
    /// The hash-locked Python requirements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<String>,
}

impl Measured {
    /// What `record` holds of it.
    #[must_use]
    pub fn of(record: &Record) -> Measured {
        let ratio = |comparison: &crate::model::record::Comparison| Ratio {
            speedup: comparison.speedup,
            control_ms: comparison.control.median_ms,
            candidate_ms: comparison.candidate.median_ms,
        };
        let memory = record.memory.as_ref();
        let leaks = memory.into_iter().flat_map(|memory| &memory.leaks);
        Measured {
            comparisons: record.comparisons.iter().map(|one| (one.name.clone(), ratio(one))).collect(),
            leaks: leaks.map(|(test, measure)| (test.clone(), Leak::of(measure))).collect(),
            instructions: record.kit.as_ref().and_then(Kit::instructions),
            peak_rss: memory.map(|memory| memory.peak),
            noise: record.noise,
            durations: record.durations,
            locks: Locks { line: record.hashes.line_lock.clone(), cell: record.hashes.cell_lock.clone() },
        }
    }

    /// Bytes in 1,000 operations of the leak test that grew most: of what was allocated, else of what was resident.
    #[must_use]
    pub fn steepest(&self) -> Option<f64> {
        let slope = |leak: &Leak| Some(leak.slopes.get("malloc").or_else(|| leak.slopes.get("rss"))?.bytes);
        self.leaks.values().filter_map(slope).filter(|bytes| bytes.is_finite()).max_by(f64::total_cmp)
    }

    /// Whether there is nothing of it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Measured::default()
    }
}

impl Leak {
    /// What a leak test told: a project's own test may tell anything, of which only sizes and counters are known.
    fn of(measure: &Value) -> Leak {
        let entries = || measure.as_object().into_iter().flatten();
        let slopes =
            entries().filter_map(|(size, value)| Some((size.clone(), Slope::deserialize(value).ok()?)));
        let growth = measure.get("growth").and_then(Value::as_object).into_iter().flatten();
        let growth = growth.filter_map(|(counter, value)| Some((counter.clone(), value.as_i64()?)));
        Leak { slopes: slopes.collect(), growth: growth.collect() }
    }
}

impl Locks {
    fn is_unknown(&self) -> bool {
        *self == Locks::default()
    }
}

fn took_nothing(durations: &Durations) -> bool {
    *durations == Durations::default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::record::{Comparison, Memory, Outcome, Side, Versions};

    fn record() -> Record {
        let cell = "py3.12-pg16-pyo3_0.30".parse().expect("an id");
        Record::empty(cell, Versions::ones(), Outcome::Passed, None)
    }

    #[test]
    fn a_cell_that_measured_nothing_takes_no_room() {
        assert!(Measured::of(&record()).is_empty());
    }

    #[test]
    fn what_was_measured_is_kept_without_its_readings() {
        let mut record = record();
        let side = |median_ms| Side { label: "a".into(), median_ms };
        record.comparisons.push(Comparison {
            name: "simple".into(),
            title: "Simple".into(),
            control: side(2.0),
            candidate: side(1.0),
            speedup: Speedup { ratio: 2.0, low: 1.9, high: 2.1, confidence: 0.95 },
        });
        let leak = json!({
            "operations": 1000,
            "malloc": { "slope_bytes_per_1000": 6055, "low": 4779, "high": 8384, "confidence": 0.99, "readings": [1, 2] },
            "growth": { "threads": 2, "noise": "much" },
        });
        record.memory = Some(Memory {
            unit: "bytes".into(),
            interval_seconds: 0.05,
            samples: vec![(0.0, 7)],
            peak: 7,
            leaks: BTreeMap::from([("test_leak".to_owned(), leak), ("test_own".to_owned(), json!(3))]),
        });
        record.hashes.line_lock = Some("c0ffee".into());
        let shown = serde_json::to_value(Measured::of(&record)).expect("JSON");
        let expected = json!({
            "comparisons": { "simple": {
                "ratio": 2.0, "low": 1.9, "high": 2.1, "confidence": 0.95, "control_ms": 2.0, "candidate_ms": 1.0,
            } },
            "leaks": {
                "test_leak": {
                    "slopes": { "malloc": { "slope_bytes_per_1000": 6055.0, "low": 4779.0, "high": 8384.0 } },
                    "growth": { "threads": 2 },
                },
                "test_own": {},
            },
            "peak_rss": 7,
            "locks": { "line": "c0ffee" },
        });
        assert_eq!(shown, expected);
    }
}
