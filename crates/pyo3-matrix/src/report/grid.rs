//! The cells at a glance: one table per `PyO3` line, Pythons down, servers across.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use crate::model::cell::{Line, Postgres, Python};
use crate::model::record::Outcome;
use crate::verdict::judge::CellVerdict;

const COLUMN: usize = 12;

/// The style of an outcome, wherever one is shown.
#[must_use]
pub fn style(outcome: &Outcome) -> Style {
    let color = match outcome {
        Outcome::Skipped { .. } | Outcome::Flaky | Outcome::UnderWay => AnsiColor::Yellow,
        outcome if outcome.is_green() => AnsiColor::Green,
        _ => AnsiColor::Red,
    };
    color.on_default()
}

/// Renders the table.
#[must_use]
pub fn render(cells: &[CellVerdict]) -> String {
    let mut text = String::new();
    let lines: BTreeSet<Line> = cells.iter().map(|cell| cell.cell.line).collect();
    for line in lines {
        let of_line = cells.iter().filter(|cell| cell.cell.line == line);
        let by_place: BTreeMap<(Python, Postgres), &CellVerdict> =
            of_line.map(|cell| ((cell.cell.python, cell.cell.postgres), cell)).collect();
        table(&mut text, line, &by_place);
    }
    text
}

fn table(text: &mut String, line: Line, cells: &BTreeMap<(Python, Postgres), &CellVerdict>) {
    let pythons: BTreeSet<Python> = cells.keys().map(|(python, _)| *python).collect();
    let majors: BTreeSet<Postgres> = cells.keys().map(|(_, postgres)| *postgres).collect();
    let _ = write!(text, "  {:<12}", format!("PyO3 {line}"));
    for major in &majors {
        let _ = write!(text, "{:<COLUMN$}", format!("pg{major}"));
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    for python in pythons {
        let _ = write!(text, "  {:<12}", format!("py{python}"));
        for &major in &majors {
            let shown = cells.get(&(python, major)).map_or((Style::new(), String::new()), |cell| place(cell));
            let (style, word) = shown;
            let rest = COLUMN.saturating_sub(word.chars().count());
            let _ = write!(text, "{style}{word}{style:#}{:rest$}", "");
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
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
        Outcome::UnderWay => "… under way".to_owned(),
    }
}
