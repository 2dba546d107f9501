//! What grew: each leak test at its steepest, over all cells.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::model::cell::CellId;
use crate::report::Report;
use crate::report::markdown::{code, plain};
use crate::report::model::numbers::bytes;
use crate::verdict::measured::{Leak, Slope};

pub fn section(report: &Report) -> String {
    let mut tests: BTreeMap<&str, Vec<(&CellId, &Leak)>> = BTreeMap::new();
    for cell in &report.verdict.cells {
        for (test, leak) in &cell.measured.leaks {
            tests.entry(test).or_default().push((&cell.cell, leak));
        }
    }
    let mut text = "## Memory\n\n".to_owned();
    if tests.is_empty() {
        return text + "Not measured: no leak test told what it saw.\n";
    }
    text.push_str("| leak test | cells | steepest growth in 1,000 operations | counters that grew most |\n|---|---|---|---|\n");
    for (test, found) in tests {
        let steepest =
            found.iter().flat_map(|(cell, leak)| leak.slopes.iter().map(move |slope| (*cell, slope)));
        let steepest = steepest.max_by(|(_, (_, one)), (_, (_, two))| one.bytes.total_cmp(&two.bytes));
        let steepest = steepest
            .map_or_else(|| "not measured".to_owned(), |(cell, (size, slope))| grew(cell, size, slope));
        let _ = writeln!(text, "| {} | {} | {steepest} | {} |", code(test), found.len(), counters(&found));
    }
    text
}

fn grew(cell: &CellId, size: &str, slope: &Slope) -> String {
    let Slope { bytes: slope, low, high } = *slope;
    if high <= 0.0 {
        return "none".to_owned();
    }
    format!("{} of {} ({} to {}), in `{cell}`", bytes(slope), plain(size), bytes(low), bytes(high))
}

/// The most that any cell's counters grew by.
fn counters(found: &[(&CellId, &Leak)]) -> String {
    let mut most: BTreeMap<&str, i64> = BTreeMap::new();
    for (counter, grown) in found.iter().flat_map(|(_, leak)| &leak.growth) {
        let known = most.entry(counter).or_default();
        *known = (*known).max(*grown);
    }
    let told: Vec<String> = most
        .iter()
        .filter(|(_, grown)| **grown > 0)
        .map(|(counter, grown)| format!("{} {grown}", plain(&counter.replace('_', " "))))
        .collect();
    if told.is_empty() { "none".to_owned() } else { told.join(", ") }
}
