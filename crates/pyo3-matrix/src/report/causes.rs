//! Why are cells not green? Each reason, each failing test and each reason for a skip once, with the cells that it stands
//! for.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::cell::CellId;
use crate::model::record::Outcome;
use crate::store::merge::choice::Why;
use crate::verdict::judge::CellVerdict;

/// One reason of one outcome.
#[derive(Debug)]
pub struct Reason<'a> {
    pub outcome: &'a Outcome,
    pub text: &'a str,
    pub cells: Vec<CellId>,
}

impl Reason<'_> {
    /// The cell that shows it again when it is run again.
    #[must_use]
    pub fn again(&self) -> Option<&CellId> {
        let nothing_to_see = matches!(self.outcome, Outcome::Skipped { .. } | Outcome::UnderWay);
        self.cells.first().filter(|_| !nothing_to_see)
    }
}

/// One failing test.
#[derive(Debug)]
pub struct Failing<'a> {
    pub test: &'a str,
    /// Why it failed in the first of its cells, in one line.
    pub message: &'a str,
    pub cells: Vec<CellId>,
}

/// One reason for which tests were skipped, or are expected to fail.
#[derive(Debug)]
pub struct Skip<'a> {
    text: &'a str,
    pub tests: BTreeSet<&'a str>,
    pub cells: Vec<CellId>,
}

impl Skip<'_> {
    /// The reason, in one line.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self.text.lines().next().unwrap_or_default() {
            "" => "no reason given",
            reason => reason,
        }
    }
}

/// Every reason for a skip.
#[must_use]
pub fn skips(cells: &[CellVerdict]) -> Vec<Skip<'_>> {
    let mut by_reason: BTreeMap<&str, Skip<'_>> = BTreeMap::new();
    for cell in cells {
        for (test, text) in &cell.skips {
            let new = || Skip { text, tests: BTreeSet::new(), cells: Vec::new() };
            let skip = by_reason.entry(text).or_insert_with(new);
            skip.tests.insert(test);
            if skip.cells.last() != Some(&cell.cell) {
                skip.cells.push(cell.cell.clone());
            }
        }
    }
    by_reason.into_values().collect()
}

/// Why one of two records counts, after "since".
#[must_use]
pub fn because(why: Why) -> &'static str {
    match why {
        Why::Retry => "it retries the other",
        Why::Merged => "it was merged from the other",
        Why::NoTest => "the retry ran no test",
        Why::LeftOut => "the retry left out a stage",
        Why::NoFlake => {
            "only failing tests may pass on a retry; a crash, a hang, a mismatch or a leak stays red"
        }
        Why::Red => "a red record counts over a flaky one, and both over a green one",
        Why::Later => "it began later",
    }
}

/// Every reason, by outcome.
#[must_use]
pub fn reasons(cells: &[CellVerdict]) -> Vec<Reason<'_>> {
    let mut by_reason: BTreeMap<(String, &str), Reason<'_>> = BTreeMap::new();
    for cell in cells {
        if let Some(text) = &cell.reason {
            let new = || Reason { outcome: &cell.outcome, text, cells: Vec::new() };
            by_reason
                .entry((cell.outcome.to_string(), text))
                .or_insert_with(new)
                .cells
                .push(cell.cell.clone());
        }
    }
    by_reason.into_values().collect()
}

/// Every failing test, by name.
#[must_use]
pub fn failing(cells: &[CellVerdict]) -> Vec<Failing<'_>> {
    let mut by_test: BTreeMap<&str, Failing<'_>> = BTreeMap::new();
    for cell in cells {
        for (test, message) in &cell.failing {
            let message = message.lines().next().unwrap_or_default();
            let new = || Failing { test, message, cells: Vec::new() };
            by_test.entry(test).or_insert_with(new).cells.push(cell.cell.clone());
        }
    }
    by_test.into_values().collect()
}
