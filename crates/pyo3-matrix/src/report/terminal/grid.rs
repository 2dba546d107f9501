//! How do the tables of cells stand on a terminal of any width? In parts below each other, if they are too wide.

use std::fmt::Write as _;
use std::ops::Range;

use anstyle::Style;

use crate::report::grid::{Table, mark};
use crate::verdict::judge::CellVerdict;
use pyo3_doctor::words::width;

/// Room for the longest mark of a cell.
const COLUMN: usize = 12;

/// Renders the tables.
#[must_use]
pub fn render(tables: &[Table<'_>]) -> String {
    tables.iter().map(|table| fitted(table, width())).collect()
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
    let mark = mark(cell);
    let word = format!("{} {}", mark.tone.sign(), mark.text);
    (mark.tone.style(), word.trim_start().to_owned())
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
