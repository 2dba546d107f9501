//! The report for a step summary or a pull request: the grid, what is red, why and how to run it again, the criteria, the
//! decision. Pure. What a test or a server said goes in escaped, and the whole stays below what GitHub takes.

pub mod cost;
mod rehearsals;

use std::fmt::Write as _;

use crate::model::cell::CellId;
use crate::model::negative::NegativeRecord;
use crate::model::program;
use crate::report::Report;
use crate::report::causes::{Failing, Reason, Skip, because};
use crate::report::grid::{Mark, Table, mark};
use crate::report::model::{Criterion, Headline, Model, Negatives};
use crate::report::why::Why;
use crate::verdict::judge::CellVerdict;

/// The name of this report in a run's folder.
pub const FILE: &str = "report.md";

/// What GitHub takes for one step's summary is 1 MiB; the rest is for what stands after the failures.
const ROOM: usize = 1000 * 1024;

/// How much of one reason is shown; the record has all of it.
const REASON_LINES: usize = 30;
const REASON_CHARACTERS: usize = 4000;

/// How many cells are named at once, and how many characters of a test's message.
const NAMED: usize = 8;
const MESSAGE_CHARACTERS: usize = 200;

/// Renders the report.
#[must_use]
pub fn render(report: &Report) -> String {
    let model = Model::of(report);
    let mut text = head(&model) + &tables(&model.cells.tables);
    let (word, because) = model.decision;
    let after = rehearsals::render(report)
        + &negatives(&model.negatives)
        + &criteria(&model.criteria)
        + &noise(model.noise.as_deref())
        + &cost::render(&model.cost)
        + &merged(report)
        + &format!("**Decision: {word}**, {because}\n");
    let room = ROOM.saturating_sub(after.len());
    within(&mut text, room, "### Why\n\n", model.why.iter().map(why).collect());
    let blocks = model.cells.reasons.iter().map(|reason| block(reason, report)).collect();
    within(&mut text, room, "### Cells\n\n", blocks);
    let table = "### Failing tests\n\n| test | cells | why |\n|---|---|---|\n";
    within(&mut text, room, table, model.cells.failing.iter().map(row).collect());
    let table = "### Skipped, or expected to fail\n\n| tests | cells | why |\n|---|---|---|\n";
    within(&mut text, room, table, model.skips.iter().map(skip_row).collect());
    text + &after
}

/// Adds a title and what fits of the sections under it, and says how many did not.
fn within(text: &mut String, room: usize, title: &str, sections: Vec<String>) {
    if sections.is_empty() {
        return;
    }
    text.push_str(title);
    let count = sections.len();
    for (at, section) in sections.into_iter().enumerate() {
        if text.len() + section.len() > room {
            let _ = writeln!(text, "\n_{} more: see `report.json`_", count - at);
            break;
        }
        text.push_str(&section);
    }
    text.push('\n');
}

fn head(model: &Model<'_>) -> String {
    let Headline { tone, title, tally } = &model.headline;
    let report = model.report;
    let head = format!("## {} {}: {tally}\n\n", tone.emoji(), plain(title));
    head + &format!("run `{}`, begun {}\n\n", report.run, report.started)
}

/// The tables of the terminal's grid, in signs that have a colour of their own.
fn tables(tables: &[Table<'_>]) -> String {
    let mut text = String::new();
    let sign = |cell: &CellVerdict| {
        let Mark { tone, text } = mark(cell);
        format!("{} {}", tone.emoji(), plain(&text))
    };
    for Table { corner, columns, rows } in tables {
        let names = columns.iter().map(|column| format!(" {column} |")).collect::<Vec<_>>().concat();
        let _ = writeln!(text, "| {corner} |{names}\n|---|{}", "---|".repeat(columns.len()));
        for (label, row) in rows {
            let places = row.iter().map(|cell| format!(" {} |", cell.map_or_else(String::new, sign)));
            let _ = writeln!(text, "| {label} |{}", places.collect::<Vec<_>>().concat());
        }
        text.push('\n');
    }
    text
}

fn why(why: &Why) -> String {
    let mut text = format!("- {}\n", plain(&why.sentence()));
    for doubt in &why.doubts {
        let _ = writeln!(text, "  - {}", plain(doubt));
    }
    if let Some(command) = &why.tells {
        let _ = writeln!(text, "  - {} tells", code(command));
    }
    text
}

fn block(reason: &Reason<'_>, report: &Report) -> String {
    let Reason { outcome, text, cells } = reason;
    let mut block = format!("**{}**: {}\n\n", plain(&outcome.to_string()), names(cells));
    block.push_str(&fenced(text));
    if let Some(cell) = reason.again() {
        let _ = writeln!(
            block,
            "\nAgain: {}; `{} repro {cell}` says how in Docker and Nix.",
            code(&report.again(cell)),
            program::command()
        );
    }
    block + "\n"
}

fn row(failing: &Failing<'_>) -> String {
    let Failing { test, message, cells } = failing;
    let message = shortened(message, MESSAGE_CHARACTERS);
    format!("| {} | {} | {} |\n", code(&shortened(test, MESSAGE_CHARACTERS)), names(cells), plain(&message))
}

fn skip_row(skip: &Skip<'_>) -> String {
    let first = skip.tests.iter().next().copied().unwrap_or_default();
    let more = skip.tests.len() - 1;
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let (test, why) = (shortened(first, MESSAGE_CHARACTERS), shortened(skip.reason(), MESSAGE_CHARACTERS));
    format!("| {}{more} | {} | {} |\n", code(&test), names(&skip.cells), plain(&why))
}

pub fn names(cells: &[CellId]) -> String {
    let named: Vec<String> = cells.iter().take(NAMED).map(|cell| format!("`{cell}`")).collect();
    let more = if cells.len() > NAMED { format!(" and {} more", cells.len() - NAMED) } else { String::new() };
    named.join(", ") + &more
}

/// The cells that must not build: how many failed as foretold, and what the others did.
fn negatives(negatives: &Negatives<'_>) -> String {
    if negatives.records.is_empty() {
        return String::new();
    }
    let red = negatives.records.iter().filter(|record| !record.ending.is_green());
    let mut text = format!("### Negative cells: {}\n\n", negatives.tally);
    for NegativeRecord { id, reason, said, .. } in red {
        let why: Vec<&str> = reason.as_deref().into_iter().chain(said.as_deref()).collect();
        let _ = writeln!(text, "- {}: {}", code(id), plain(&shortened(&why.join(" · "), MESSAGE_CHARACTERS)));
    }
    if text.ends_with("\n\n") { text } else { text + "\n" }
}

fn criteria(criteria: &[Criterion<'_>]) -> String {
    if criteria.is_empty() {
        return String::new();
    }
    let mut text = "### Criteria\n\n| criterion | | over |\n|---|---|---|\n".to_owned();
    for Criterion { name, tone, word, over, .. } in criteria {
        let _ = writeln!(text, "| {} | {} {word} | {over} |", plain(name), tone.emoji());
    }
    text + "\n" + &speedups(criteria)
}

/// How far the times can be trusted.
fn noise(sentence: Option<&str>) -> String {
    sentence.map(|sentence| format!("Measured on {}.\n\n", plain(sentence))).unwrap_or_default()
}

fn speedups(criteria: &[Criterion<'_>]) -> String {
    let ranges = criteria.iter().flat_map(|criterion| &criterion.speedups);
    let rows: Vec<String> = ranges
        .map(|(name, range)| {
            let (low, high) = (range.low, range.high);
            let (median, needed) = (range.median, range.needed);
            format!("| {} | {median:.2}× | {low:.2}× to {high:.2}× | {needed:.2}× |\n", plain(name))
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let rows = rows.concat();
    format!("| speed-up | median | intervals | needed |\n|---|---|---|---|\n{rows}\n")
}

/// What a merged run was put together from, and which cells its parts disagreed on.
fn merged(report: &Report) -> String {
    let Some(merged) = &report.merged else { return String::new() };
    let mut text = format!("### Merged from {} runs\n\n", merged.runs.len());
    for source in &merged.runs {
        let part = source.part.as_deref().map(|part| format!(", {}", plain(part))).unwrap_or_default();
        let _ = writeln!(text, "- `{}`{part}: {} of its records count", source.run, source.cells);
    }
    for contested in &merged.contested {
        let why = because(contested.why);
        let (outcome, other) =
            (plain(&contested.outcome.to_string()), plain(&contested.other_outcome.to_string()));
        let (cell, counts, over) = (&contested.cell, &contested.counts, &contested.passed_over);
        let _ = writeln!(
            text,
            "- `{cell}`: {outcome} in `{counts}`, {other} in `{over}`; the first counts, since {why}"
        );
    }
    text + "\n"
}

/// Text as it is, whatever it holds: nothing in it is markup, a mention or the end of a table's cell.
pub fn plain(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '@' => escaped.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' => escaped.extend(['\\', character]),
            character if character.is_whitespace() => escaped.push(' '),
            character if character.is_control() => {}
            character => escaped.push(character),
        }
    }
    escaped
}

/// A code span inside a table's cell, where a bar needs its backslash even in code.
pub fn code(text: &str) -> String {
    let text: String = text.chars().filter(|character| !character.is_control()).collect();
    let fence = "`".repeat(longest_run(&text) + 1);
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{}{space}{fence}", text.replace('|', "\\|"))
}

/// A code block that its text cannot end.
fn fenced(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let shown = lines[..lines.len().min(REASON_LINES)].join("\n");
    let shown = shortened(&shown, REASON_CHARACTERS);
    let shown: String = shown.chars().filter(|c| !c.is_control() || *c == '\n' || *c == '\t').collect();
    let fence = "`".repeat((longest_run(&shown) + 1).max(3));
    let more = if lines.len() > REASON_LINES { "\n…" } else { "" };
    format!("{fence}text\n{shown}{more}\n{fence}\n")
}

fn longest_run(text: &str) -> usize {
    text.split(|character| character != '`').map(str::len).max().unwrap_or(0)
}

pub fn shortened(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
