//! How is an upgrade shown that was only rehearsed? Its cells, what it takes and what stands in its way, apart from the verdict.

use std::fmt::Write as _;

use crate::model::rehearsal::Rehearsal;
use crate::report::model::{Model, moved as moved_of};
use pyo3_doctor::words::wrapped;

/// The part of a report about rehearsed lines; nothing where none was.
pub fn render(model: &Model<'_>) -> String {
    let (report, section) = (model.report, &model.rehearsed);
    if section.tables.is_empty() {
        return String::new();
    }
    let mut text = String::from("\nrehearsals, which are no part of the verdict\n");
    text.push_str(&super::grid::render(&section.tables));
    text.push_str(&super::reasons(&section.reasons, report));
    text.push_str(&super::failing(&section.failing, report));
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
    if let Some((count, names)) = moved_of(moved, String::clone) {
        let told = format!("{count} in Cargo.lock: {names}");
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
    use crate::report::tests::{rehearsed, report as plain};

    #[test]
    fn a_rehearsal_stands_apart_with_what_it_takes() {
        let report = rehearsed(1, 1);
        let text = render(&Model::of(&report));
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
        assert_eq!(render(&Model::of(&plain(1, 1))), "");
    }
}
