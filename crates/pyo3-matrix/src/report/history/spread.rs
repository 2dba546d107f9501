//! How far do the numbers of a cell lie apart over the runs? A history in; for each cell and measure the newest number, the
//! lowest and the highest out.

use std::collections::BTreeSet;

use super::{History, Run};
use crate::model::cell::CellId;

/// The numbers of all cells.
#[derive(Debug, PartialEq)]
pub struct Spreads<'a> {
    /// The comparisons that some run has.
    pub comparisons: Vec<&'a str>,
    pub rows: Vec<Row<'a>>,
}

/// The numbers of one cell.
#[derive(Debug, PartialEq)]
pub struct Row<'a> {
    pub cell: &'a CellId,
    /// One for each comparison.
    pub speedups: Vec<Option<Spread>>,
    /// Bytes in 1,000 operations.
    pub slope: Option<Spread>,
}

/// A number over the runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// In the newest run that has it.
    pub newest: f64,
    pub low: f64,
    pub high: f64,
}

/// The numbers of each cell that has any.
#[must_use]
pub fn spreads(history: &History) -> Spreads<'_> {
    let runs = &history.runs;
    let comparisons: BTreeSet<&str> =
        runs.iter().flat_map(|run| &run.comparisons).map(String::as_str).collect();
    let cells: BTreeSet<&CellId> = runs.iter().flat_map(|run| run.cells.keys()).collect();
    let row = |cell| Row {
        cell,
        speedups: comparisons.iter().map(|name| over(runs, |run| run.speedup(cell, name))).collect(),
        slope: over(runs, |run| run.cells.get(cell)?.slope.map(precise)),
    };
    let measured = |row: &Row<'_>| row.slope.is_some() || row.speedups.iter().any(Option::is_some);
    let rows = cells.into_iter().map(row).filter(measured).collect();
    Spreads { comparisons: comparisons.into_iter().collect(), rows }
}

fn over(runs: &[Run], number: impl Fn(&Run) -> Option<f64>) -> Option<Spread> {
    let numbers: Vec<f64> = runs.iter().filter_map(number).collect();
    let low = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    let high = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Some(Spread { newest: *numbers.last()?, low, high })
}

#[expect(clippy::cast_precision_loss, reason = "no page shows the last byte of a petabyte")]
fn precise(bytes: i64) -> f64 {
    bytes as f64
}
