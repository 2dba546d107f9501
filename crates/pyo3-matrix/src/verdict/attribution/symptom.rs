//! What goes wrong in cells, each thing for itself: the cells that show it, and those that show that it is absent.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::cell::CellId;
use crate::model::record::{Outcome, Record, TestResult};

/// A cell and how it ended, beside what it left.
#[derive(Debug, Clone, Copy)]
pub struct Ended<'a> {
    pub outcome: &'a Outcome,
    pub record: &'a Record,
}

/// One thing that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Symptom<'a> {
    Test(&'a str),
    /// A way to end before the tests did, or in the midst of them.
    Outcome(&'a Outcome),
}

/// What the cells say of a symptom. A cell in none of the sets says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Known<'a> {
    pub red: BTreeSet<&'a CellId>,
    pub green: BTreeSet<&'a CellId>,
    pub flaky: BTreeSet<&'a CellId>,
}

/// Every symptom of these cells.
#[must_use]
pub fn all<'a>(ended: &[Ended<'a>]) -> Vec<(Symptom<'a>, Known<'a>)> {
    let tests = tests(ended).into_iter().map(|(test, known)| (Symptom::Test(test), known));
    let outcomes = outcomes(ended).into_iter().map(|(outcome, known)| (Symptom::Outcome(outcome), known));
    outcomes.chain(tests).filter(|(_, known)| !known.red.is_empty()).collect()
}

/// Each test that failed somewhere. A test without a result says nothing where another ended the cell.
fn tests<'a>(ended: &[Ended<'a>]) -> BTreeMap<&'a str, Known<'a>> {
    let mut by_test: BTreeMap<&str, Known<'a>> = BTreeMap::new();
    let is_red = |result: TestResult| result.is_red() && result != TestResult::NotRun;
    for Ended { record, .. } in ended {
        for (test, _) in record.tests.iter().filter(|(_, result)| is_red(**result)) {
            by_test.entry(test).or_default();
        }
        for test in record.attempts.iter().flat_map(|attempt| attempt.failing.keys()) {
            by_test.entry(test).or_default();
        }
    }
    for Ended { record, .. } in ended {
        let came_and_went =
            |test: &str| record.attempts.iter().any(|attempt| attempt.failing.contains_key(test));
        for (test, known) in &mut by_test {
            match result(record, test) {
                Some(TestResult::Passed | TestResult::Xfailed) if came_and_went(test) => {
                    known.flaky.insert(&record.cell)
                }
                Some(TestResult::Passed | TestResult::Xfailed) => known.green.insert(&record.cell),
                Some(TestResult::Skipped | TestResult::NotRun) | None => false,
                Some(_) => known.red.insert(&record.cell),
            };
        }
    }
    by_test
}

/// How a test ended in a cell. A file that cannot be collected is a test of its name; where it can be, that one has passed.
fn result(record: &Record, test: &str) -> Option<TestResult> {
    let is_collected = || {
        let inside = format!("{test}::");
        let mut behind = record.tests.range(inside.clone()..);
        !test.contains("::") && behind.next().is_some_and(|(next, _)| next.starts_with(&inside))
    };
    record.tests.get(test).copied().or_else(|| is_collected().then_some(TestResult::Passed))
}

/// Each way to end that no test shows.
fn outcomes<'a>(ended: &[Ended<'a>]) -> BTreeMap<&'a Outcome, Known<'a>> {
    let mut by_outcome: BTreeMap<&Outcome, Known<'a>> = BTreeMap::new();
    for cell in ended.iter().filter(|cell| stage(cell).is_some_and(|stage| stage < Stage::Ended)) {
        by_outcome.entry(cell.outcome).or_default().red.insert(&cell.record.cell);
    }
    for known in by_outcome.values_mut() {
        let stages = ended.iter().filter(|cell| known.red.contains(&cell.record.cell)).map(stage);
        let missed = stages.max().flatten();
        let further = ended.iter().filter(|cell| stage(cell) > missed);
        known.green = further.map(|cell| &cell.record.cell).collect();
    }
    by_outcome
}

/// What a cell did not come through.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Provision,
    Build,
    Observation,
    Tests,
    /// Only its tests can say more.
    Ended,
}

/// None where the outcome says nothing of the extension.
fn stage(cell: &Ended<'_>) -> Option<Stage> {
    match cell.outcome {
        Outcome::ProvisionFailed => Some(Stage::Provision),
        Outcome::BuildFailed => Some(Stage::Build),
        Outcome::Mismatch => Some(Stage::Observation),
        Outcome::Crashed { .. } | Outcome::Hung => Some(Stage::Tests),
        Outcome::TestsFailed if cell.record.failing().is_empty() => Some(Stage::Tests),
        Outcome::Passed | Outcome::Flaky | Outcome::TestsFailed => Some(Stage::Ended),
        Outcome::Skipped { .. } | Outcome::Lost | Outcome::Interrupted | Outcome::UnderWay => None,
    }
}
