//! Which edges were met: what is red and where, what the conformance kit found beside it, how behaviour that is free turned out,
//! what must not build, and what an upgrade takes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::bridge::{GIL, told};
use super::line;
use crate::model::record::{Outcome, Record};
use crate::report::causes::Skip;
use crate::report::markdown::{code, names, plain};
use crate::report::model::{Model, kit};
use crate::report::tone::Tone;
use pyo3_doctor::words::counted;

/// How many entries a list has.
const ENTRIES: usize = 40;

pub fn section(model: &Model<'_>, records: &[&Record]) -> String {
    let lists = [
        ("Where it breaks", red(model)),
        ("What the conformance kit found", found(records)),
        ("What comes and goes", flaky(records)),
        ("Behaviour that is free", free(records)),
        ("What is left out", model.skips.iter().filter(|skip| !is_known(skip)).map(skipped).collect()),
        ("What must not build", negatives(model)),
        ("What an upgrade takes", upgrades(model)),
    ];
    let mut text = "## Edge cases\n\n".to_owned();
    if lists.iter().all(|(_, entries)| entries.is_empty()) {
        return text + "None was met.\n";
    }
    for (title, entries) in lists.iter().filter(|(_, entries)| !entries.is_empty()) {
        let _ = writeln!(text, "### {title}\n");
        for entry in entries.iter().take(ENTRIES) {
            let _ = writeln!(text, "- {entry}");
        }
        if entries.len() > ENTRIES {
            let _ = writeln!(text, "- and {} more, all of them in the report", entries.len() - ENTRIES);
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text + "\n"
}

/// What fails, with the least that its cells have in common; or in a lone cell, how it ended.
fn red(model: &Model<'_>) -> Vec<String> {
    if !model.why.is_empty() {
        return model.why.iter().map(|why| plain(&why.sentence())).collect();
    }
    let told =
        |outcome: &Outcome, text: &str| format!("{}: {}", plain(&outcome.to_string()), plain(&line(text)));
    model.cells.reasons.iter().map(|reason| told(reason.outcome, reason.text)).collect()
}

/// The checks that did not pass somewhere. Those of the GIL have a section of their own.
fn found(records: &[&Record]) -> Vec<String> {
    let Some(grid) = kit::grid(records.iter().copied()) else { return Vec::new() };
    let beside =
        |row: &&kit::Row<'_>| !GIL.contains(&row.id) && !matches!(row.tone(), Tone::Good | Tone::Skipped);
    grid.rows.iter().filter(beside).map(told).collect()
}

fn flaky(records: &[&Record]) -> Vec<String> {
    let tried = records.iter().filter(|record| record.outcome == Outcome::Flaky);
    let failed = |record: &&&Record| {
        let tests: Vec<String> = record
            .attempts
            .iter()
            .flat_map(|attempt| attempt.failing.keys())
            .map(|test| code(test))
            .collect();
        format!("`{}` passed on a later try: {}", record.cell, tests.join(", "))
    };
    tried.map(|record| failed(&record)).collect()
}

/// What the kit recorded, each value with the number of cells that have it.
fn free(records: &[&Record]) -> Vec<String> {
    let mut notes: BTreeMap<(&str, &str), BTreeMap<String, usize>> = BTreeMap::new();
    let checks = records.iter().filter_map(|record| record.kit.as_ref()).flat_map(|kit| &kit.checks);
    for check in checks.filter(|check| check.outcome == "recorded") {
        for (name, value) in &check.notes {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            *notes.entry((&check.id, name)).or_default().entry(value).or_default() += 1;
        }
    }
    let told = |((id, name), values): (&(&str, &str), &BTreeMap<String, usize>)| {
        format!("{}, {}: {}", plain(id), plain(name), values_of(values))
    };
    notes.iter().map(told).collect()
}

/// Values with the number of cells that have each; numbers from the least to the most.
fn values_of(values: &BTreeMap<String, usize>) -> String {
    let numbers: Option<Vec<f64>> = values.keys().map(|value| value.parse().ok()).collect();
    match (values.len(), numbers) {
        (1, _) => values.keys().map(|value| plain(value)).collect(),
        (_, Some(numbers)) => {
            let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
            let most = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            format!("{least} to {most}")
        }
        _ => {
            let each = values.iter().map(|(value, cells)| format!("{} (in {cells})", plain(value)));
            each.collect::<Vec<_>>().join("; ")
        }
    }
}

/// Whether these are failures that the kit knows of: they stand with what it found.
fn is_known(skip: &Skip<'_>) -> bool {
    skip.reason().starts_with("known: ")
}

fn skipped(skip: &Skip<'_>) -> String {
    let tests = counted(skip.tests.len(), "test");
    let cells = match &skip.cells[..] {
        [_] | [_, _] => names(&skip.cells),
        cells => format!("{} cells", cells.len()),
    };
    format!("{tests} in {cells}: {}", plain(&line(skip.reason())))
}

fn negatives(model: &Model<'_>) -> Vec<String> {
    let told = |record: &crate::model::negative::NegativeRecord| {
        let said = if record.ending.is_green() { "failed as foretold" } else { "did not fail as foretold" };
        format!("{} {said}", code(&record.id))
    };
    model.negatives.records.iter().map(told).collect()
}

fn upgrades(model: &Model<'_>) -> Vec<String> {
    let lines = model.report.rehearsals.iter();
    let told = |rehearsal: &crate::model::rehearsal::Rehearsal| {
        let edits = rehearsal.edits.iter().map(|edit| code(&edit.to_string()));
        let obstacles =
            rehearsal.obstacles.iter().map(|obstacle| format!("in the way: {}", plain(&line(obstacle))));
        let takes: Vec<String> = edits.chain(obstacles).collect();
        let takes =
            if takes.is_empty() { "nothing that could be found out".to_owned() } else { takes.join("; ") };
        format!("PyO3 {}: {takes}", rehearsal.line)
    };
    lines.map(told).collect()
}
