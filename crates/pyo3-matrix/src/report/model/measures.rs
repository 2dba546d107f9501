//! What can the grid show of each cell besides its outcome? Records in; for each measure the cells' numbers, each with its
//! place on a scale, out.

use std::collections::BTreeMap;

use crate::model::cell::CellId;
use crate::model::record::{Comparison, Memory, Record};
use crate::report::model::numbers;

/// How many steps a scale has beyond its first.
const STEPS: f64 = 6.0;

/// Numbers that differ by less than this factor are alike: a scale that is stretched to its ends would paint noise.
const LEAST_SPAN: f64 = 1.5;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    SpeedUp,
    Latency,
    Memory,
    Duration,
}

/// One measure over all cells that have it.
#[derive(Debug)]
pub struct Measure<'a> {
    pub kind: Kind,
    /// The comparison that was measured, where it is one's.
    pub comparison: Option<&'a str>,
    pub shown: BTreeMap<&'a CellId, Shown>,
    /// The lowest number and the highest.
    pub ends: (String, String),
}

/// The number of one cell.
#[derive(Debug, PartialEq, Eq)]
pub struct Shown {
    pub text: String,
    /// From 0 to 6; below 0 where a candidate is slower than its control.
    pub step: i8,
}

impl Kind {
    pub const ALL: [Kind; 4] = [Kind::SpeedUp, Kind::Latency, Kind::Memory, Kind::Duration];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::SpeedUp => "Speed-up",
            Kind::Latency => "Latency",
            Kind::Memory => "Memory slope",
            Kind::Duration => "Duration",
        }
    }

    /// What a number of it says.
    #[must_use]
    pub fn note(self) -> &'static str {
        match self {
            Kind::SpeedUp => "how many times as fast as its control the candidate is, in the same cell",
            Kind::Latency => "the candidate's median in milliseconds",
            Kind::Memory => "growth per operation in the leak test that grew most",
            Kind::Duration => "time for the cell's tests, benchmarks and what the harness did for it",
        }
    }

    /// Whether it is measured for each comparison apart.
    #[must_use]
    pub fn is_of_a_comparison(self) -> bool {
        matches!(self, Kind::SpeedUp | Kind::Latency)
    }

    fn text(self, number: f64) -> String {
        match self {
            Kind::SpeedUp => numbers::factor(number),
            Kind::Latency => numbers::milliseconds(number),
            Kind::Memory => numbers::bytes(number),
            Kind::Duration => numbers::seconds(number),
        }
    }
}

/// The titles of all comparisons by name, in the order of the records.
#[must_use]
pub fn comparisons(records: &[Record]) -> Vec<(&str, &str)> {
    let mut found: Vec<(&str, &str)> = Vec::new();
    for Comparison { name, title, .. } in records.iter().flat_map(|record| &record.comparisons) {
        if found.iter().all(|(known, _)| known != name) {
            found.push((name, title));
        }
    }
    found
}

/// Every measure that some cell has.
#[must_use]
pub fn all(records: &[Record]) -> Vec<Measure<'_>> {
    let comparisons = comparisons(records);
    let mut all = Vec::new();
    for kind in Kind::ALL {
        if kind.is_of_a_comparison() {
            let of = |name| one(kind, Some(name), records, |record| compared(record, kind, name));
            all.extend(comparisons.iter().map(|(name, _)| of(name)));
        } else {
            all.push(one(kind, None, records, |record| alone(record, kind)));
        }
    }
    all.retain(|measure| !measure.shown.is_empty());
    all
}

fn compared(record: &Record, kind: Kind, name: &str) -> Option<f64> {
    let comparison = record.comparisons.iter().find(|comparison| comparison.name == name)?;
    let speed_up = kind == Kind::SpeedUp;
    Some(if speed_up { comparison.speedup.ratio } else { comparison.candidate.median_ms })
}

fn alone(record: &Record, kind: Kind) -> Option<f64> {
    if kind == Kind::Memory {
        return record.memory.as_ref().and_then(steepest);
    }
    let durations = record.durations;
    let time = durations.tests + durations.benchmarks + durations.harness;
    (time > 0.0).then_some(time)
}

/// Bytes per operation of the leak test that grew most.
fn steepest(memory: &Memory) -> Option<f64> {
    memory.leaks.values().filter_map(slope).max_by(f64::total_cmp)
}

/// Bytes per operation that a leak test found: of what was allocated, else of what was resident.
#[must_use]
pub fn slope(leak: &serde_json::Value) -> Option<f64> {
    let per_1000 =
        |of: &serde_json::Value| of.get("slope_bytes_per_1000").and_then(serde_json::Value::as_f64);
    let found = leak.get("malloc").and_then(per_1000).or_else(|| leak.get("rss").and_then(per_1000));
    found.or_else(|| per_1000(leak)).map(|slope| slope / 1000.0)
}

fn one<'a>(
    kind: Kind,
    comparison: Option<&'a str>,
    records: &'a [Record],
    number: impl Fn(&Record) -> Option<f64>,
) -> Measure<'a> {
    let measured = records.iter().filter_map(|record| Some((&record.cell, number(record)?)));
    let measured: Vec<(&CellId, f64)> = measured.filter(|(_, number)| number.is_finite()).collect();
    let low = measured.iter().map(|(_, number)| *number).fold(f64::INFINITY, f64::min);
    let high = measured.iter().map(|(_, number)| *number).fold(f64::NEG_INFINITY, f64::max);
    let step = |number| {
        if kind == Kind::SpeedUp { around_one(number, low, high) } else { between(number, low, high) }
    };
    let shown = |(cell, number)| (cell, Shown { text: kind.text(number), step: step(number) });
    Measure {
        kind,
        comparison,
        shown: measured.iter().copied().map(shown).collect(),
        ends: (kind.text(low), kind.text(high)),
    }
}

/// The place of a ratio on a scale that has 1 in its middle: half of the time is as far from there as double.
fn around_one(ratio: f64, low: f64, high: f64) -> i8 {
    let far = low.log2().abs().max(high.log2().abs()).max(1.0);
    let place = STEPS * ratio.log2() / far;
    // A candidate that is slower by any amount has another colour.
    rounded(if place < 0.0 { place.min(-1.0) } else { place }, -STEPS)
}

/// The place between two ends: by factors where all numbers are positive, else by differences.
fn between(number: f64, low: f64, high: f64) -> i8 {
    let place = if low > 0.0 {
        let (low, high) = (low.ln(), high.ln());
        let (middle, half) = (f64::midpoint(low, high), ((high - low) / 2.0).max(LEAST_SPAN.ln() / 2.0));
        (number.ln() - middle) / half
    } else {
        (number - low) / (high - low).max(1.0) * 2.0 - 1.0
    };
    rounded(f64::midpoint(place, 1.0) * STEPS, 0.0)
}

#[expect(clippy::cast_possible_truncation, reason = "it is clamped to a scale of a few steps")]
fn rounded(place: f64, least: f64) -> i8 {
    place.clamp(least, STEPS).round() as i8
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::record::{Durations, Outcome, Side, Speedup, Versions};

    /// A record of a cell on this line, in which one comparison has this ratio.
    fn record(line: u16, ratio: f64) -> Record {
        let cell = format!("py3.12-pyo3_0.{line}").parse().expect("an id");
        let mut record = Record::empty(cell, Versions::ones(), Outcome::Passed, None);
        let side = |median_ms| Side { label: "x".into(), median_ms };
        record.comparisons.push(Comparison {
            name: "simple".into(),
            title: "Simple".into(),
            control: side(ratio),
            candidate: side(1.0),
            speedup: Speedup { ratio, low: ratio, high: ratio, confidence: 0.95 },
        });
        record
    }

    fn steps(kind: Kind, records: &[Record]) -> Vec<i8> {
        let all = all(records);
        let measure = all.iter().find(|measure| measure.kind == kind).expect("a measure");
        measure.shown.values().map(|shown| shown.step).collect()
    }

    #[test]
    fn a_speed_up_has_one_in_the_middle_of_its_scale() {
        let records = [record(1, 4.0), record(2, 2.0), record(3, 1.0), record(4, 0.99), record(5, 0.5)];
        assert_eq!(steps(Kind::SpeedUp, &records), [6, 3, 0, -1, -3]);
        assert_eq!(all(&records)[0].ends, ("0.50×".to_owned(), "4.00×".to_owned()));
    }

    #[test]
    fn numbers_that_hardly_differ_have_no_other_colours() {
        let records = [record(1, 2.0), record(2, 2.0)];
        assert_eq!(steps(Kind::Latency, &records), [3, 3]);
        let timed = [10.0, 10.2, 11.0, 40.0].map(|tests| {
            let mut record = record(1, 1.0);
            record.durations = Durations { tests, ..Durations::default() };
            record
        });
        assert_eq!(steps(Kind::Duration, &timed[..1]), [3]);
    }

    #[test]
    fn the_slope_of_a_cell_is_that_of_its_worst_leak_test() {
        let mut record = record(1, 1.0);
        let leaks = [
            ("a", json!({"malloc": {"slope_bytes_per_1000": 500}, "rss": {"slope_bytes_per_1000": 9000}})),
            ("b", json!({"rss": {"slope_bytes_per_1000": 2000}})),
            ("c", json!({"other": 1})),
        ];
        let leaks = leaks.map(|(name, leak)| (name.to_owned(), leak));
        record.memory = Some(Memory {
            unit: "bytes".into(),
            interval_seconds: 0.1,
            samples: Vec::new(),
            peak: 1,
            leaks: leaks.into(),
        });
        let records = [record];
        let all = all(&records);
        let memory = all.iter().find(|measure| measure.kind == Kind::Memory).expect("a measure");
        assert_eq!(memory.ends, ("2 B".to_owned(), "2 B".to_owned()));
    }

    #[test]
    fn what_no_cell_has_is_no_measure() {
        let cell = "py3.12-pyo3_0.1".parse().expect("an id");
        let records = [Record::empty(cell, Versions::ones(), Outcome::Passed, None)];
        assert!(all(&records).is_empty() && all(&[]).is_empty());
    }
}
