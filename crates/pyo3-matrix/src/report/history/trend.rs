//! How did each criterion and each cell go over the runs? A history in; stretches of runs in which something stayed the same
//! out, each with its days and commits in words.

use std::collections::{BTreeMap, BTreeSet};

use pyo3_doctor::words::counted;

use super::{Ended, History, Run};
use crate::model::cell::CellId;
use crate::report::tone::Tone;
use crate::verdict::criterion::{CriterionResult, Range};

/// Successive runs in which something was the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// The place of its first run, counted from the oldest.
    pub from: usize,
    pub runs: usize,
    pub tone: Tone,
    /// `tests failed in 3 runs, 2026-11-03 (1a2b3c4d5e6f) to 2026-11-05 (5f4e3d2c1b0a)`.
    pub said: String,
}

/// One criterion over the runs.
#[derive(Debug)]
pub struct CriterionTrend<'a> {
    pub name: &'a str,
    /// What the newest run says of it, if that has it.
    pub newest: Option<&'a CriterionResult>,
    pub stretches: Vec<Stretch>,
    /// Comparison → its range in each run.
    pub speedups: Vec<(&'a str, Vec<Option<&'a Range>>)>,
}

/// Cells that ended in the same way in each run.
#[derive(Debug)]
pub struct Group<'a> {
    pub cells: Vec<&'a CellId>,
    pub stretches: Vec<Stretch>,
    /// In how many runs they were not green, and in how many they were.
    pub red: usize,
    pub runs: usize,
    /// How they ended in the newest run, if that has them.
    pub newest: Option<Ended>,
    /// How they ended in every run that has them, where that is the same everywhere.
    pub always: Option<Ended>,
}

/// Whether the runs were green.
#[must_use]
pub fn verdicts(history: &History) -> Vec<Stretch> {
    let state = |run: &Run| Some(if run.green { (Tone::Good, "green") } else { (Tone::Bad, "not green") });
    stretches(&history.runs, &history.runs.iter().map(state).collect::<Vec<_>>())
}

/// Every criterion, those of the newest run first.
#[must_use]
pub fn criteria(history: &History) -> Vec<CriterionTrend<'_>> {
    let mut names: Vec<&str> = Vec::new();
    for result in history.runs.iter().rev().flat_map(|run| &run.criteria) {
        if !names.contains(&result.name.as_str()) {
            names.push(&result.name);
        }
    }
    names.into_iter().map(|name| criterion(name, &history.runs)).collect()
}

fn criterion<'a>(name: &'a str, runs: &'a [Run]) -> CriterionTrend<'a> {
    let result = |run: &'a Run| run.criteria.iter().find(|result| result.name == name);
    let results: Vec<Option<&CriterionResult>> = runs.iter().map(result).collect();
    let state = |result: &'a CriterionResult| (Tone::from(result.status), result.status.word());
    let states: Vec<_> = results.iter().map(|result| result.map(state)).collect();
    let had = results.iter().copied().flatten();
    let comparisons: BTreeSet<&'a str> =
        had.flat_map(|result| result.speedups.keys()).map(String::as_str).collect();
    let ranges = |comparison: &'a str| {
        let range = |result: &'a CriterionResult| result.speedups.get(comparison);
        (comparison, results.iter().map(|result| result.and_then(range)).collect())
    };
    CriterionTrend {
        name,
        newest: results.last().copied().flatten(),
        stretches: stretches(runs, &states),
        speedups: comparisons.into_iter().map(ranges).collect(),
    }
}

/// All cells, together where they ended in the same way in each run: red ones first, then by how often they were.
#[must_use]
pub fn cells(history: &History) -> Vec<Group<'_>> {
    let runs = &history.runs;
    let all: BTreeSet<&CellId> = runs.iter().flat_map(|run| run.cells.keys()).collect();
    let mut same: BTreeMap<Vec<Option<Ended>>, Vec<&CellId>> = BTreeMap::new();
    for cell in all {
        let ended = runs.iter().map(|run| run.cells.get(cell).map(|cell| cell.ended));
        same.entry(ended.collect()).or_default().push(cell);
    }
    let mut groups: Vec<Group<'_>> =
        same.into_iter().map(|(ended, cells)| group(&ended, cells, runs)).collect();
    groups.sort_by_key(|group| (!group.is_red(), std::cmp::Reverse(group.red), group.cells[0]));
    groups
}

fn group<'a>(ended: &[Option<Ended>], cells: Vec<&'a CellId>, runs: &[Run]) -> Group<'a> {
    let states: Vec<_> = ended.iter().map(|ended| ended.map(|ended| (ended.tone(), ended.word()))).collect();
    let had: Vec<Ended> = ended.iter().flatten().copied().collect();
    let first = had.first().copied();
    Group {
        cells,
        stretches: stretches(runs, &states),
        red: had.iter().filter(|ended| !ended.is_green()).count(),
        runs: had.len(),
        newest: ended.last().copied().flatten(),
        always: first.filter(|first| had.iter().all(|ended| ended == first)),
    }
}

impl Group<'_> {
    /// Whether they are not green now.
    #[must_use]
    pub fn is_red(&self) -> bool {
        self.newest.is_some_and(|ended| !ended.is_green())
    }
}

impl Ended {
    fn is_green(self) -> bool {
        matches!(self, Ended::Passed | Ended::Skipped)
    }
}

/// The runs in stretches of one word. A run that does not have what is meant is in none.
fn stretches(runs: &[Run], states: &[Option<(Tone, &'static str)>]) -> Vec<Stretch> {
    let mut found = Vec::new();
    let mut from = 0;
    for same in states.chunk_by(|one, other| one == other) {
        if let Some((tone, word)) = same[0] {
            let said = format!("{word} {}", when(&runs[from..from + same.len()]));
            found.push(Stretch { from, runs: same.len(), tone, said });
        }
        from += same.len();
    }
    found
}

/// `in 3 runs, 2026-11-03 (1a2b3c4d5e6f) to 2026-11-05 (5f4e3d2c1b0a)`.
fn when(runs: &[Run]) -> String {
    match runs {
        [] => String::new(),
        [one] => format!("on {}", one.name()),
        [first, .., last] => {
            format!("in {}, {} to {}", counted(runs.len(), "run"), first.name(), last.name())
        }
    }
}
