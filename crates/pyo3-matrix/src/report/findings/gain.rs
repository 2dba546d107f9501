//! What is gained: each comparison with its control over all cells, and which axis moves the time.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::model::cell::CellId;
use crate::model::program;
use crate::model::record::{Comparison, Record};
use crate::report::markdown::{code, names, plain};
use crate::report::model::Model;
use crate::report::model::numbers::{factor, milliseconds};
use crate::verdict::criterion::middle;

/// One comparison, in every cell that made it.
type Made<'a> = Vec<(&'a CellId, &'a Comparison)>;

pub fn section(model: &Model<'_>, records: &[&Record]) -> String {
    let mut text = "## Performance\n\n".to_owned();
    let mut all: BTreeMap<&str, Made<'_>> = BTreeMap::new();
    for record in records {
        for comparison in &record.comparisons {
            all.entry(&comparison.name).or_default().push((&record.cell, comparison));
        }
    }
    if all.is_empty() {
        let command = program::command();
        let _ = writeln!(
            text,
            "Not measured: {} measures it.",
            code(&format!("{command} run --benchmarks full"))
        );
        return text;
    }
    text.push_str("| | control | candidate | speed-up | intervals | needed |\n|---|---|---|---|---|---|\n");
    for (name, made) in &all {
        text.push_str(&row(model, name, made));
    }
    text.push_str("\nTimes and speed-ups are medians over the cells; both sides of a speed-up ran in turns in the same cell. ");
    text.push_str("The intervals reach from the lowest end in any cell to the highest.\n");
    if let Some(noise) = &model.noise {
        let _ = writeln!(text, "Measured on {}.", plain(noise));
    }
    for made in all.values() {
        text.push_str(&slower(made));
    }
    text + &moved(model)
}

fn row(model: &Model<'_>, name: &str, made: &Made<'_>) -> String {
    let Some((_, first)) = made.first() else { return String::new() };
    let over = |value: fn(&Comparison) -> f64| {
        middle(made.iter().map(|(_, one)| value(one)).collect()).unwrap_or(f64::NAN)
    };
    let side = |label: &str, time: f64| format!("{} {} ms", plain(label), milliseconds(time));
    let (low, high) = (
        made.iter().map(|(_, one)| one.speedup.low).fold(f64::INFINITY, f64::min),
        made.iter().map(|(_, one)| one.speedup.high).fold(f64::NEG_INFINITY, f64::max),
    );
    let ranges = model.criteria.iter().flat_map(|criterion| &criterion.speedups);
    let needed = ranges.filter(|(known, _)| *known == name).map(|(_, range)| factor(range.needed)).next();
    format!(
        "| {} | {} | {} | **{}** | {} to {} | {} |\n",
        plain(&first.title),
        side(&first.control.label, over(|one| one.control.median_ms)),
        side(&first.candidate.label, over(|one| one.candidate.median_ms)),
        factor(over(|one| one.speedup.ratio)),
        factor(low),
        factor(high),
        needed.unwrap_or_default(),
    )
}

/// The cells in which a candidate is slower beyond doubt.
fn slower(made: &Made<'_>) -> String {
    let cells: Vec<CellId> =
        made.iter().filter(|(_, one)| one.speedup.high < 1.0).map(|(cell, _)| (*cell).clone()).collect();
    let Some((_, first)) = made.first().filter(|_| !cells.is_empty()) else { return String::new() };
    let (of, title, control) = (made.len(), plain(&first.title), plain(&first.control.label));
    format!("\n- {title} is slower than {control} in {} of {of} cells: {}\n", cells.len(), names(&cells))
}

/// Which axis moves the cost.
fn moved(model: &Model<'_>) -> String {
    let Some(over) = &model.cost.over else { return String::new() };
    let mut text = "\n### What moves the cost\n\n".to_owned();
    for step in &model.cost.steps {
        let _ = writeln!(text, "- {}", plain(step));
    }
    let more = format!("and {} more, all of them in the report", model.cost.more);
    let _ = writeln!(text, "- {}", if model.cost.more > 0 { more } else { plain(over) });
    text
}
