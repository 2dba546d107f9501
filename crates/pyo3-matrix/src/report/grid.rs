//! The cells at a glance: the two longest axes span a table, and there is one table for each combination of the others.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::cell::{CellId, Line, Python, Release};
use crate::model::record::Outcome;
use crate::report::tone::Tone;
use crate::verdict::judge::CellVerdict;

/// A table of cells.
#[derive(Debug)]
pub struct Table<'a> {
    /// What all of its cells have in common.
    pub corner: String,
    pub columns: Vec<String>,
    pub rows: Vec<(String, Vec<Option<&'a CellVerdict>>)>,
}

/// What a cell has on one axis, in the order of the axis.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Label {
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

    pub(super) fn text(&self) -> String {
        match self {
            Label::Python(python) => format!("py{python}"),
            Label::Release(release) => release.to_string(),
            Label::Line(line) => format!("PyO3 {line}"),
            Label::Choice(choice) => choice.clone(),
            Label::Absent => String::new(),
        }
    }
}

/// What each of these cells has on each axis: every cell says something of every axis.
pub(super) fn labels(cells: &[&CellId]) -> Vec<Vec<Label>> {
    let most = |count: fn(&CellId) -> usize| cells.iter().map(|cell| count(cell)).max().unwrap_or_default();
    let (releases, choices) = (most(|cell| cell.releases.len()), most(|cell| cell.choices.len()));
    cells.iter().map(|cell| Label::all(cell, releases, choices)).collect()
}

/// The tables of these cells: the longest axis down, the second across.
#[must_use]
pub fn tables(cells: &[CellVerdict]) -> Vec<Table<'_>> {
    let labels = labels(&cells.iter().map(|cell| &cell.cell).collect::<Vec<_>>());
    let length = |axis: usize| labels.iter().map(|labels| &labels[axis]).collect::<BTreeSet<_>>().len();
    let mut axes: Vec<usize> = (0..labels.first().map_or(0, Vec::len)).collect();
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

/// What stands in one place of a table.
#[derive(Debug)]
pub struct Mark {
    pub tone: Tone,
    /// In few characters, without a sign.
    pub text: String,
}

/// How a cell ended, or how many of its tests passed.
#[must_use]
pub fn mark(cell: &CellVerdict) -> Mark {
    let of = || format!("{}/{}", cell.passed, cell.total);
    let text = match &cell.outcome {
        Outcome::Passed if cell.passed == cell.total => cell.passed.to_string(),
        Outcome::Passed => of(),
        Outcome::TestsFailed if cell.total > 0 => of(),
        Outcome::TestsFailed => "no tests".to_owned(),
        Outcome::Crashed { signal } => signal.clone(),
        Outcome::BuildFailed => "build".to_owned(),
        Outcome::ProvisionFailed => "provision".to_owned(),
        Outcome::Flaky
        | Outcome::Hung
        | Outcome::Mismatch
        | Outcome::Skipped { .. }
        | Outcome::Lost
        | Outcome::Interrupted
        | Outcome::UnderWay => cell.outcome.to_string(),
    };
    Mark { tone: Tone::from(&cell.outcome), text }
}
