//! How is an upgrade shown that was only rehearsed? Its cells, what it takes and what stands in its way, apart from the verdict.

use std::fmt::Write as _;

use crate::model::rehearsal::Rehearsal;
use crate::report::{Report, grid};
use pyo3_doctor::words::{counted, wrapped};

/// How many packages that move are named.
const MOVED: usize = 12;

/// The part of a report about rehearsed lines; nothing where none was.
pub fn render(report: &Report) -> String {
    let cells = &report.verdict.rehearsals;
    if cells.is_empty() {
        return String::new();
    }
    let mut text = String::from("\nrehearsals, which are no part of the verdict\n");
    text.push_str(&grid::render(cells));
    text.push_str(&super::reasons(cells, report));
    text.push_str(&super::failing(cells, report));
    report.rehearsals.iter().for_each(|rehearsal| text.push_str(&takes(rehearsal)));
    text
}

/// What one line takes.
fn takes(rehearsal: &Rehearsal) -> String {
    let Rehearsal { line, edits, moved, obstacles, .. } = rehearsal;
    let mut text = format!("\nPyO3 {line} takes\n");
    for edit in edits {
        let _ = writeln!(text, "  {edit}");
    }
    if edits.is_empty() && moved.is_empty() {
        let _ = writeln!(text, "  nothing that could be found out");
    }
    if !moved.is_empty() {
        let named: Vec<&str> = moved.iter().take(MOVED).map(String::as_str).collect();
        let more = moved.len().saturating_sub(MOVED);
        let more = if more == 0 { String::new() } else { format!(", and {more} more") };
        let told = format!("{} in Cargo.lock: {}{more}", counted(moved.len(), "change"), named.join(", "));
        let _ = writeln!(text, "{}", wrapped(&told, "  ", "    "));
    }
    for obstacle in obstacles {
        let _ = writeln!(text, "{}", wrapped(obstacle, "  in the way: ", "    "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::{rehearsed, report};

    #[test]
    fn a_rehearsal_stands_apart_with_what_it_takes() {
        let text = render(&rehearsed(1, 1));
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for said in [
            "rehearsals, which are no part of the verdict",
            "PyO3 0.1 takes Cargo.toml:7: pyo3 \"0.0\" -> \"0.1\"",
            "14 changes in Cargo.lock: ~ crate0 1.0.0 -> 1.0.1,",
            "and 2 more",
            "in the way: `downcast`",
            "again cargo matrix run --cell py3.0-pg1-pyo3_0.1",
        ] {
            assert!(words.contains(said), "{said}: {text}");
        }
        assert_eq!(render(&report(1, 1)), "");
    }
}
