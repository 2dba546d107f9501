//! Why are cells not green? Each reason and each failing test once, with the cells that it stands for.

use std::collections::BTreeMap;

use crate::model::cell::CellId;
use crate::model::record::Outcome;
use crate::verdict::judge::CellVerdict;

/// One reason of one outcome.
#[derive(Debug)]
pub struct Reason<'a> {
    pub outcome: &'a Outcome,
    pub text: &'a str,
    pub cells: Vec<CellId>,
}

/// One failing test.
#[derive(Debug)]
pub struct Failing<'a> {
    pub test: &'a str,
    /// Why it failed in the first of its cells, in one line.
    pub message: &'a str,
    pub cells: Vec<CellId>,
}

/// Every reason, by outcome.
#[must_use]
pub fn reasons(cells: &[CellVerdict]) -> Vec<Reason<'_>> {
    let mut by_reason: BTreeMap<(String, &str), Reason<'_>> = BTreeMap::new();
    for cell in cells {
        if let Some(text) = &cell.reason {
            let new = || Reason { outcome: &cell.outcome, text, cells: Vec::new() };
            by_reason.entry((cell.outcome.to_string(), text)).or_insert_with(new).cells.push(cell.cell);
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
            by_test.entry(test).or_insert_with(new).cells.push(cell.cell);
        }
    }
    by_test.into_values().collect()
}
