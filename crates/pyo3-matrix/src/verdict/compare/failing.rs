//! Which tests fail that did not, and which do not fail any more? What two runs say of each cell's tests in, tests by the cells
//! that show it out.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Pair;
use crate::model::cell::CellId;
use crate::model::record::{NO_RESULT, Outcome};
use crate::verdict::judge::CellVerdict;

/// Tests that changed in the same cells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TestGroup {
    pub tests: BTreeSet<String>,
    pub cells: Vec<CellId>,
    /// How many cells ran tests in both runs.
    pub of: usize,
    /// Why the first of them failed in the first of these cells, in one line.
    pub message: String,
}

/// The tests that fail in the second run, and did not in the first.
#[must_use]
pub fn newly(pairs: &[Pair<'_>]) -> Vec<TestGroup> {
    grouped(pairs, |pair| new(pair).collect())
}

/// The tests that failed in the first run, and do not in the second, though its cell ran tests.
#[must_use]
pub fn no_longer(pairs: &[Pair<'_>]) -> Vec<TestGroup> {
    grouped(pairs, |Pair { before, after }| {
        let is_fine = |test: &str| !after.failing.contains_key(test) && !after.skips.contains_key(test);
        failed(before).filter(|(test, _)| is_fine(test)).collect()
    })
}

/// Whether a cell that was red has new failing tests.
#[must_use]
pub fn adds(pair: Pair<'_>) -> bool {
    ran(pair) && new(pair).next().is_some()
}

/// Whether every test that fails in a cell failed in it before.
#[must_use]
pub fn adds_none(pair: Pair<'_>) -> bool {
    let Pair { before, after } = pair;
    !after.failing.is_empty() && after.failing.keys().all(|test| before.failing.contains_key(test))
}

fn new(Pair { before, after }: Pair<'_>) -> impl Iterator<Item = (&str, &str)> {
    failed(after).filter(|(test, _)| !before.failing.contains_key(*test))
}

/// The tests that failed in a cell, and not only did not run. In a flaky cell they come and go.
fn failed(cell: &CellVerdict) -> impl Iterator<Item = (&str, &str)> {
    let all = cell.failing.iter().filter(|_| cell.outcome != Outcome::Flaky);
    let lines = all.map(|(test, message)| (test.as_str(), message.lines().next().unwrap_or_default()));
    lines.filter(|(_, message)| *message != NO_RESULT)
}

/// Whether the cell ran tests in both runs.
fn ran(Pair { before, after }: Pair<'_>) -> bool {
    let ran = |cell: &CellVerdict| cell.total > 0 && cell.outcome.is_judged();
    ran(before) && ran(after)
}

/// Tests by the cells in which `changed` names them; those of the most cells first.
fn grouped<'a>(pairs: &[Pair<'a>], changed: impl Fn(Pair<'a>) -> Vec<(&'a str, &'a str)>) -> Vec<TestGroup> {
    let pairs: Vec<Pair<'a>> = pairs.iter().copied().filter(|pair| ran(*pair)).collect();
    let mut by_test: BTreeMap<&str, (Vec<&CellId>, &str)> = BTreeMap::new();
    for pair in &pairs {
        for (test, message) in changed(*pair) {
            by_test.entry(test).or_insert_with(|| (Vec::new(), message)).0.push(&pair.after.cell);
        }
    }
    let mut by_cells: BTreeMap<Vec<&CellId>, TestGroup> = BTreeMap::new();
    for (test, (cells, message)) in by_test {
        let blank = |cells: &Vec<&CellId>| TestGroup {
            tests: BTreeSet::new(),
            cells: cells.iter().map(|cell| (*cell).clone()).collect(),
            of: pairs.len(),
            message: message.to_owned(),
        };
        by_cells.entry(cells).or_insert_with_key(blank).tests.insert(test.to_owned());
    }
    let mut groups: Vec<TestGroup> = by_cells.into_values().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.cells.len()));
    groups
}
