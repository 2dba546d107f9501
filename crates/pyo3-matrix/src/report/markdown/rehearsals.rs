//! How does Markdown tell of upgrades that were only rehearsed? Each line with its cells, what it takes and what is in its way.

use std::fmt::Write as _;

use super::plain;
use crate::model::cell::Line;
use crate::report::Report;
use crate::report::model::moved;
use crate::verdict::judge::CellVerdict;

/// The section about rehearsed lines; nothing where none was.
pub fn render(report: &Report) -> String {
    let cells = &report.verdict.rehearsals;
    if cells.is_empty() {
        return String::new();
    }
    let mut text = String::from("### Rehearsals\n\nThey are no part of the verdict.\n\n");
    for rehearsal in &report.rehearsals {
        let _ = writeln!(text, "- **PyO3 {}**: {}", rehearsal.line, ended(cells, rehearsal.line));
        for edit in &rehearsal.edits {
            let _ = writeln!(text, "  - `{edit}`");
        }
        if let Some((_, names)) = moved(&rehearsal.moved, |moved| format!("`{moved}`")) {
            let _ = writeln!(text, "  - Cargo.lock: {names}");
        }
        for obstacle in &rehearsal.obstacles {
            let _ = writeln!(text, "  - in the way: {}", plain(obstacle));
        }
    }
    text.push('\n');
    text
}

/// `2/2 cells green`, or how those ended that are not.
fn ended(cells: &[CellVerdict], line: Line) -> String {
    let of_line: Vec<&CellVerdict> = cells.iter().filter(|cell| cell.cell.line == line).collect();
    let red: Vec<String> = of_line
        .iter()
        .filter(|cell| !cell.outcome.is_green())
        .map(|cell| format!("{} {}", cell.cell, cell.outcome))
        .collect();
    let green = format!("{}/{} cells green", of_line.len() - red.len(), of_line.len());
    if red.is_empty() { green } else { format!("{green}; {}", red.join(", ")) }
}
