//! The cells at a glance: the two longest axes span a table, and there is one table for each combination of the others.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::Range;

use anstyle::{AnsiColor, Style};

use crate::model::cell::{CellId, Line, Python, Release};
use crate::model::record::Outcome;
use crate::verdict::judge::CellVerdict;
use pyo3_doctor::words::width;

const COLUMN: usize = 12;

/// A table of cells.
pub struct Table<'a> {
    /// What all of its cells have in common.
    pub corner: String,
    pub columns: Vec<String>,
    pub rows: Vec<(String, Vec<Option<&'a CellVerdict>>)>,
}

/// What a cell has on one axis, in the order of the axis.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Label {
    Python(Python),
    Release(Release),
    Line(Line),
    Choice(String),
    Absent,
}

impl Label {
    /// What a cell has on each axis, in the order of an id; `releases` and `choices` say how many there may be.
    fn all(cell: &CellId, releases: usize, choices: usize) -> Vec<Label> {
        let release = |at| cell.releases.get(at).cloned().map_or(Label::Absent, Label::Release);
        let choice = |at| cell.choices.get(at).cloned().map_or(Label::Absent, Label::Choice);
        let mut labels = vec![Label::Python(cell.python)];
        labels.extend((0..releases).map(release));
        labels.push(Label::Line(cell.line));
        labels.extend((0..choices).map(choice));
        labels
    }

    fn text(&self) -> String {
        match self {
            Label::Python(python) => format!("py{python}"),
            Label::Release(release) => release.to_string(),
            Label::Line(line) => format!("PyO3 {line}"),
            Label::Choice(choice) => choice.clone(),
            Label::Absent => String::new(),
        }
    }
}

/// The tables of these cells: the longest axis down, the second across.
#[must_use]
pub fn tables(cells: &[CellVerdict]) -> Vec<Table<'_>> {
    let most =
        |count: fn(&CellId) -> usize| cells.iter().map(|cell| count(&cell.cell)).max().unwrap_or_default();
    let (releases, choices) = (most(|cell| cell.releases.len()), most(|cell| cell.choices.len()));
    let labels: Vec<Vec<Label>> =
        cells.iter().map(|cell| Label::all(&cell.cell, releases, choices)).collect();
    let length = |axis: usize| labels.iter().map(|labels| &labels[axis]).collect::<BTreeSet<_>>().len();
    let mut axes: Vec<usize> = (0..releases + choices + 2).collect();
    axes.sort_by_key(|&axis| std::cmp::Reverse(length(axis)));
    let (down, across) = (axes[0], axes[1]);
    axes.drain(..2);
    axes.sort_unstable();
    let mut by_rest: BTreeMap<Vec<&Label>, BTreeMap<(&Label, &Label), &CellVerdict>> = BTreeMap::new();
    for (cell, labels) in cells.iter().zip(&labels) {
        let rest = axes.iter().map(|&axis| &labels[axis]).collect();
        by_rest.entry(rest).or_default().insert((&labels[down], &labels[across]), cell);
    }
    by_rest.iter().map(|(rest, places)| table(rest, places)).collect()
}

fn table<'a>(rest: &[&Label], places: &BTreeMap<(&Label, &Label), &'a CellVerdict>) -> Table<'a> {
    let rows: BTreeSet<&Label> = places.keys().map(|(down, _)| *down).collect();
    let columns: BTreeSet<&Label> = places.keys().map(|(_, across)| *across).collect();
    let row = |&down: &&Label| {
        let row = columns.iter().map(|across| places.get(&(down, *across)).copied());
        (down.text(), row.collect())
    };
    let corner = rest.iter().map(|label| label.text()).filter(|text| !text.is_empty());
    Table {
        corner: corner.collect::<Vec<_>>().join(" "),
        rows: rows.iter().map(row).collect(),
        columns: columns.iter().map(|label| label.text()).collect(),
    }
}

/// The style of an outcome, wherever one is shown.
#[must_use]
pub fn style(outcome: &Outcome) -> Style {
    let color = match outcome {
        Outcome::Skipped { .. } | Outcome::Flaky | Outcome::Interrupted | Outcome::UnderWay => {
            AnsiColor::Yellow
        }
        outcome if outcome.is_green() => AnsiColor::Green,
        _ => AnsiColor::Red,
    };
    color.on_default()
}

/// Renders the tables for a terminal.
#[must_use]
pub fn render(cells: &[CellVerdict]) -> String {
    tables(cells).iter().map(|table| fitted(table, width())).collect()
}

/// A table, in as many parts, one below the other, as its columns need on a terminal of this width.
fn fitted(table: &Table<'_>, width: usize) -> String {
    let labels = table.rows.iter().map(|(label, _)| label).chain([&table.corner]);
    let first = labels.map(|label| label.chars().count() + 2).max().unwrap_or_default().max(COLUMN);
    let label = |label: &String| label.chars().count() + 1;
    let wide = table.columns.iter().map(label).max().unwrap_or_default().max(COLUMN);
    let count = table.columns.len();
    let fit = (width.saturating_sub(first + 2) / wide).clamp(1, count.max(1));
    let parts = count.div_ceil(fit).max(1);
    let each = count.div_ceil(parts);
    (0..parts).map(|at| part(table, at * each..count.min((at + 1) * each), [first, wide])).collect()
}

fn part(table: &Table<'_>, columns: Range<usize>, [first, wide]: [usize; 2]) -> String {
    let mut text = format!("  {:<first$}", table.corner);
    for column in &table.columns[columns.clone()] {
        let _ = write!(text, "{column:<wide$}");
    }
    end_line(&mut text);
    for (label, row) in &table.rows {
        let _ = write!(text, "  {label:<first$}");
        for cell in &row[columns.clone()] {
            let (style, word) = cell.map_or((Style::new(), String::new()), place);
            let rest = wide.saturating_sub(word.chars().count());
            let _ = write!(text, "{style}{word}{style:#}{:rest$}", "");
        }
        end_line(&mut text);
    }
    text
}

fn end_line(text: &mut String) {
    text.truncate(text.trim_end().len());
    text.push('\n');
}

/// What stands in one place of the table: never wider than a column.
fn place(cell: &CellVerdict) -> (Style, String) {
    (style(&cell.outcome), word(cell))
}

/// The same without its style.
#[must_use]
pub fn word(cell: &CellVerdict) -> String {
    match &cell.outcome {
        Outcome::Passed if cell.passed == cell.total => format!("✔ {}", cell.passed),
        Outcome::Passed => format!("✔ {}/{}", cell.passed, cell.total),
        Outcome::Flaky => "~ flaky".to_owned(),
        Outcome::TestsFailed if cell.total > 0 => format!("✘ {}/{}", cell.passed, cell.total),
        Outcome::TestsFailed => "✘ no tests".to_owned(),
        Outcome::Crashed { signal } => format!("✘ {signal}"),
        Outcome::Hung => "✘ hung".to_owned(),
        Outcome::BuildFailed => "✘ build".to_owned(),
        Outcome::ProvisionFailed => "✘ provision".to_owned(),
        Outcome::Mismatch => "✘ mismatch".to_owned(),
        Outcome::Skipped { .. } => "- skipped".to_owned(),
        Outcome::Lost => "✘ lost".to_owned(),
        Outcome::Interrupted => "interrupted".to_owned(),
        Outcome::UnderWay => "… under way".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_is_wider_than_the_terminal_stands_in_parts_below_each_other() {
        let columns: Vec<String> = (23..31).map(|line| format!("PyO3 0.{line}")).collect();
        let rows = vec![("py3.9".to_owned(), vec![None; 8]), ("py3.13".to_owned(), vec![None; 8])];
        let table = Table { corner: "pg16".to_owned(), columns, rows };
        for (width, heads) in [(120, vec![8]), (80, vec![4, 4]), (60, vec![3, 3, 2])] {
            let text = fitted(&table, width);
            assert!(text.lines().all(|line| line.chars().count() <= width), "{width}: {text}");
            let found = text.lines().filter(|line| line.starts_with("  pg16"));
            let found: Vec<usize> = found.map(|line| line.matches("PyO3").count()).collect();
            assert_eq!(found, heads, "{width}: {text}");
        }
    }
}
