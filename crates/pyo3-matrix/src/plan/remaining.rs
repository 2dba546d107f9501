//! How long does a run still take? What its cells and wheels took before, and what is still to do, in; seconds out. Pure: it
//! knows nothing of what was not seen.

use std::collections::BTreeMap;

use crate::model::cell::CellId;
use crate::model::record::{Durations, Outcome};
use crate::plan::cost::typical;

/// Seconds on the wall clock that things took, as far as runs have shown it.
#[derive(Debug, Clone, Default)]
pub struct Known {
    tests: BTreeMap<CellId, f64>,
    benchmarks: BTreeMap<CellId, f64>,
    wheel: Option<f64>,
}

/// What is still to do, each thing with the seconds that it has been under way.
#[derive(Debug, Default)]
pub struct Todo<'a> {
    /// How many wheels are built, the one that is being built among them.
    pub wheels: usize,
    /// How long that one has been built.
    pub building: f64,
    /// The cells whose tests are not over.
    pub tests: Vec<(&'a CellId, f64)>,
    /// How many cells are tested at the same time.
    pub jobs: usize,
    /// The cells that are still to be measured, one after another.
    pub benchmarks: Vec<(&'a CellId, f64)>,
}

impl Known {
    /// Learns of a cell's record. A cell that did not pass may have ended early, and says nothing.
    pub fn cell(&mut self, cell: &CellId, outcome: &Outcome, spent: Durations) {
        if !matches!(outcome, Outcome::Passed | Outcome::Flaky) {
            return;
        }
        self.tests.insert(cell.clone(), spent.tests + spent.harness);
        if spent.benchmarks > 0.0 {
            self.benchmarks.insert(cell.clone(), spent.benchmarks);
        }
    }

    /// Learns what a wheel took.
    pub fn wheel(&mut self, seconds: f64) {
        self.wheel = Some(seconds);
    }

    /// Whether this very cell was seen in every stage that is asked for.
    #[must_use]
    pub fn has(&self, cell: &CellId, measured: bool) -> bool {
        self.tests.contains_key(cell) && (!measured || self.benchmarks.contains_key(cell))
    }

    /// Whether it was seen what a wheel takes.
    #[must_use]
    pub fn has_wheel(&self) -> bool {
        self.wheel.is_some()
    }

    /// The seconds that all of it takes. None where nothing like a part of it was seen, or nothing is left.
    #[must_use]
    pub fn remaining(&self, todo: &Todo<'_>) -> Option<f64> {
        if todo.wheels == 0 && todo.tests.is_empty() && todo.benchmarks.is_empty() {
            return None;
        }
        let tests = costs(&self.tests, &todo.tests)?;
        let benchmarks = costs(&self.benchmarks, &todo.benchmarks)?;
        let wheels = match (todo.wheels, self.wheel) {
            (0, _) => 0.0,
            (_, None) => return None,
            (wheels, Some(each)) => amount(wheels - 1) * each + (each - todo.building).max(0.0),
        };
        // However many are tested at once, the longest has to end.
        let longest = tests.iter().copied().fold(0.0, f64::max);
        let tests = (tests.iter().sum::<f64>() / amount(todo.jobs.max(1))).max(longest);
        Some(wheels + tests + benchmarks.iter().sum::<f64>())
    }
}

/// What is left of each cell's cost.
fn costs(known: &BTreeMap<CellId, f64>, cells: &[(&CellId, f64)]) -> Option<Vec<f64>> {
    cells.iter().map(|(cell, spent)| Some((typical(known, cell)? - spent).max(0.0))).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a number of wheels or workers")]
fn amount(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> CellId {
        name.parse().expect("an id")
    }

    fn known(cells: &[(&str, f64, f64)]) -> Known {
        let mut known = Known::default();
        for (name, tests, benchmarks) in cells {
            let spent = Durations { tests: *tests, benchmarks: *benchmarks, harness: 1.0 };
            known.cell(&id(name), &Outcome::Passed, spent);
        }
        known
    }

    #[test]
    fn tests_share_the_workers_and_benchmarks_do_not() {
        let (one, other) = (id("py3.9-pyo3_0.30"), id("py3.10-pyo3_0.30"));
        let known = known(&[("py3.9-pyo3_0.30", 9.0, 20.0), ("py3.10-pyo3_0.30", 29.0, 30.0)]);
        let todo = |jobs| Todo {
            tests: vec![(&one, 0.0), (&other, 4.0)],
            benchmarks: vec![(&one, 0.0), (&other, 0.0)],
            jobs,
            ..Todo::default()
        };
        assert_eq!(known.remaining(&todo(1)), Some(10.0 + 26.0 + 50.0));
        assert_eq!(known.remaining(&todo(2)), Some(26.0 + 50.0), "the longest one has to end");
    }

    #[test]
    fn a_cell_that_was_never_seen_takes_the_median_and_a_late_one_no_less_than_nothing() {
        let new = id("py3.13-pyo3_0.30");
        let known = known(&[
            ("py3.9-pyo3_0.30", 1.0, 0.0),
            ("py3.10-pyo3_0.30", 3.0, 0.0),
            ("py3.11-pyo3_0.30", 9.0, 0.0),
        ]);
        let left = |spent| known.remaining(&Todo { tests: vec![(&new, spent)], jobs: 1, ..Todo::default() });
        assert_eq!((left(0.0), left(99.0)), (Some(4.0), Some(0.0)));
    }

    #[test]
    fn where_nothing_was_seen_of_a_part_nothing_is_said_of_the_whole() {
        let cell = id("py3.9-pyo3_0.30");
        let mut known = known(&[("py3.9-pyo3_0.30", 1.0, 0.0)]);
        let tests = || vec![(&cell, 0.0)];
        let measured = Todo { tests: tests(), benchmarks: tests(), jobs: 1, ..Todo::default() };
        assert_eq!(known.remaining(&measured), None);
        let built = Todo { wheels: 3, building: 5.0, tests: tests(), jobs: 1, ..Todo::default() };
        assert_eq!(known.remaining(&built), None);
        known.wheel(20.0);
        assert_eq!(known.remaining(&built), Some(20.0 * 2.0 + 15.0 + 2.0));
        assert_eq!(known.remaining(&Todo::default()), None, "where nothing is left, nothing is said of it");
    }

    #[test]
    fn a_cell_that_did_not_pass_says_nothing() {
        let mut known = Known::default();
        let spent = Durations { tests: 1.0, benchmarks: 1.0, harness: 0.0 };
        known.cell(&id("py3.9-pyo3_0.30"), &Outcome::TestsFailed, spent);
        assert!(!known.has(&id("py3.9-pyo3_0.30"), false));
    }
}
