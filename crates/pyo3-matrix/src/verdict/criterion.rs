//! Is a criterion met? The records of the cells that ran in, a status over all of them out. Pure.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Criterion;
use crate::model::cell::WheelId;
use crate::model::record::{Outcome, Record, Speedup, TestResult};

/// A speed-up that lies by less below what is needed is not missed: the share of the factor.
const LEAST_MISS: f64 = 0.05;

/// How one criterion counts over all cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CriterionResult {
    pub name: String,
    pub status: Status,
    /// What `met` and `measured` count.
    pub unit: Unit,
    /// How many cells or wheels meet it, and how many say anything about it.
    pub met: usize,
    pub measured: usize,
    /// For a speed-up: comparison → the range over all cells.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub speedups: BTreeMap<String, Range>,
}

/// What a criterion is counted over: a test's result is a cell's, a speed-up a wheel's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    Cells,
    Wheels,
}

/// Whether a criterion holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Met,
    Missed,
    /// A speed-up whose interval holds the factor for some wheel, or lies below it by a negligible share, and is missed by none.
    Undecided,
    NotMeasured,
}

impl Status {
    /// As every format names it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Status::Met => "met",
            Status::Missed => "missed",
            Status::Undecided => "undecided",
            Status::NotMeasured => "not measured",
        }
    }
}

/// A speed-up over all cells of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Range {
    /// The factor asked for.
    pub needed: f64,
    /// The median of the cells' ratios.
    pub median: f64,
    /// The lowest end of any cell's interval, and the highest.
    pub low: f64,
    pub high: f64,
}

/// Holds one criterion to the records of the cells that ran.
#[must_use]
pub fn judge(criterion: &Criterion, records: &[&Record]) -> CriterionResult {
    match &criterion.test {
        Some(test) => judge_test(&criterion.name, test, records),
        None => judge_speedup(criterion, records),
    }
}

/// Met where the test passed in every cell that ran, and there is at least one.
fn judge_test(name: &str, test: &str, records: &[&Record]) -> CriterionResult {
    let result = |record: &&&Record| {
        let mut results = record.tests.iter().filter(|(id, _)| id.ends_with(test)).map(|(_, result)| *result);
        results
            .next()
            .map(|first| results.fold(first == TestResult::Passed, |all, r| all && r == TestResult::Passed))
    };
    let results: Vec<bool> = records.iter().filter_map(|record| result(&record)).collect();
    let met = results.iter().filter(|passed| **passed).count();
    let status = match (met, results.len()) {
        (_, 0) => Status::NotMeasured,
        (met, measured) if met == measured && measured == records.len() => Status::Met,
        _ => Status::Missed,
    };
    CriterionResult {
        name: name.to_owned(),
        status,
        unit: Unit::Cells,
        met,
        measured: results.len(),
        speedups: BTreeMap::new(),
    }
}

/// A speed-up belongs to a wheel: the cells of one wheel measure it again and again, and their medians count, so that
/// one disturbed cell decides nothing.
fn judge_speedup(criterion: &Criterion, records: &[&Record]) -> CriterionResult {
    let mut wheels: BTreeMap<WheelId, Vec<&Record>> = BTreeMap::new();
    for record in records.iter().filter(|record| !record.comparisons.is_empty()) {
        wheels.entry(record.cell.wheel()).or_default().push(record);
    }
    let planned = records.iter().filter(|record| !compares_nothing(record)).map(|record| record.cell.wheel());
    let planned = planned.collect::<BTreeSet<_>>().len();
    let each: Vec<Status> = wheels.values().map(|cells| speedup_of(criterion, cells)).collect();
    let count = |status| each.iter().filter(|found| **found == status).count();
    let status = match each.len() {
        0 => Status::NotMeasured,
        // A run that ended among its benchmarks has not measured every wheel.
        measured if measured == planned && count(Status::Met) == planned => Status::Met,
        _ if count(Status::Missed) > 0 => Status::Missed,
        _ => Status::Undecided,
    };
    let all: Vec<&Record> = wheels.values().flatten().copied().collect();
    let range = |(name, needed): (&String, &f64)| Some((name.clone(), range(name, *needed, &all)?));
    CriterionResult {
        name: criterion.name.clone(),
        status,
        unit: Unit::Wheels,
        met: count(Status::Met),
        measured: each.len(),
        speedups: criterion.speedup.iter().filter_map(range).collect(),
    }
}

/// Whether the benchmarks of a cell came to their end and left out the comparison, as where its control cannot be had.
fn compares_nothing(record: &Record) -> bool {
    record.comparisons.is_empty() && record.durations.benchmarks > 0.0 && record.outcome == Outcome::Passed
}

/// What one wheel says of a speed-up. It is met if the interval of every comparison lies above its factor, and missed if one
/// interval lies below, by more than is negligible.
fn speedup_of(criterion: &Criterion, cells: &[&Record]) -> Status {
    let mut status = Status::Met;
    for (name, needed) in &criterion.speedup {
        let over = |value: fn(&Speedup) -> f64| median(name, cells, value);
        let (low, ratio, high) = (over(|s| s.low), over(|s| s.ratio), over(|s| s.high));
        let negligible = ratio.is_some_and(|ratio| ratio >= needed * (1.0 - LEAST_MISS));
        match low.zip(high) {
            Some((_, high)) if high < *needed && !negligible => return Status::Missed,
            Some((low, _)) if low >= *needed => {}
            _ => status = Status::Undecided,
        }
    }
    status
}

fn speedups<'a>(name: &'a str, records: &'a [&Record]) -> impl Iterator<Item = &'a Speedup> {
    let comparisons = records.iter().flat_map(|record| &record.comparisons);
    comparisons.filter(move |comparison| comparison.name == name).map(|comparison| &comparison.speedup)
}

fn median(name: &str, records: &[&Record], value: impl Fn(&Speedup) -> f64) -> Option<f64> {
    middle(speedups(name, records).map(value).collect())
}

/// The median of these numbers, if there are any.
#[must_use]
pub fn middle(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    Some(f64::midpoint(values[last / 2], values[values.len() / 2]))
}

fn range(name: &str, needed: f64, records: &[&Record]) -> Option<Range> {
    let low = speedups(name, records).map(|speedup| speedup.low).fold(f64::INFINITY, f64::min);
    let high = speedups(name, records).map(|speedup| speedup.high).fold(f64::NEG_INFINITY, f64::max);
    Some(Range { needed, median: median(name, records, |speedup| speedup.ratio)?, low, high })
}
