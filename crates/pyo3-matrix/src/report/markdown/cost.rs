//! Which axis moves the cost: the steps as a list, and a table for each axis.

use std::fmt::Write as _;

use super::plain;
use crate::report::cost::{Cost, CostTable};
use pyo3_doctor::words::counted;

/// Empty where nothing was measured.
#[must_use]
pub fn render(cost: &Cost) -> String {
    let Some(over) = &cost.over else { return String::new() };
    let mut text = "### Cost by axis\n\n".to_owned();
    for step in &cost.steps {
        let _ = writeln!(text, "- {}", plain(step));
    }
    if cost.more > 0 {
        let _ = writeln!(text, "- and {} more", counted(cost.more, "step"));
    } else {
        let _ = writeln!(text, "- {}", plain(over));
    }
    text.push_str("\n<details><summary>Each value against the first</summary>\n\n");
    for table in &cost.tables {
        text.push_str(&rows(table));
    }
    text + "</details>\n\n"
}

/// One axis: a row for each value.
#[must_use]
pub fn rows(table: &CostTable) -> String {
    let names = table.measures.iter().map(|name| format!(" {} |", plain(name))).collect::<Vec<_>>().concat();
    let mut text =
        format!("| {} |{names}\n|---|{}\n", plain(&table.axis), "---|".repeat(table.measures.len()));
    for (value, cells) in &table.rows {
        let cell = |(text, moves): &(String, bool)| {
            if *moves { format!(" **{text}** |") } else { format!(" {text} |") }
        };
        let _ = writeln!(text, "| {} |{}", plain(value), cells.iter().map(cell).collect::<Vec<_>>().concat());
    }
    text + "\n"
}
