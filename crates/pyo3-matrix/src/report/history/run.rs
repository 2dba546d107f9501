//! What does a history keep of a run? A report in, the run in short out.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::cell::CellId;
use crate::model::origin::Origin;
use crate::model::record::Outcome;
use crate::report::Report;
use crate::report::tone::Tone;
use crate::verdict::criterion::CriterionResult;
use crate::verdict::judge::{CellVerdict, Decision};

/// One run in short.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    #[serde(rename = "run")]
    pub id: String,
    pub preset: String,
    /// When it began, in UTC.
    pub started: String,
    /// The commit, the machine, the options and the version of the harness.
    #[serde(default, skip_serializing_if = "Origin::is_unknown")]
    pub origin: Origin,
    pub green: bool,
    pub decision: Decision,
    /// How many cells are green.
    pub green_cells: usize,
    /// How many cells there are, without the skipped ones.
    pub of: usize,
    pub criteria: Vec<CriterionResult>,
    /// The names of the comparisons, in the order of each cell's speed-ups.
    pub comparisons: Vec<String>,
    pub cells: BTreeMap<CellId, Cell>,
}

/// One cell of a run in short, written as a row: how it ended; the speed-up of each comparison of the run, or none where the
/// cell measured nothing; bytes in 1,000 operations of the leak test that grew most.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "Row", into = "Row")]
#[schemars(with = "Row")]
pub struct Cell {
    pub ended: Ended,
    /// The speed-up of each comparison of the run.
    pub speedups: Vec<Option<f64>>,
    /// Bytes in 1,000 operations of the leak test that grew most.
    pub slope: Option<i64>,
}

/// A cell as it is written: names of fields would double the size of a history.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Row(Ended, Vec<Option<f64>>, Option<i64>);

/// How a cell ended, as one letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Ended {
    /// It passed.
    #[serde(rename = "P")]
    Passed,
    /// Its tests failed, and then passed.
    #[serde(rename = "Y")]
    Flaky,
    /// Its tests failed.
    #[serde(rename = "F")]
    TestsFailed,
    /// A signal ended the test process.
    #[serde(rename = "C")]
    Crashed,
    /// It came to no end in time.
    #[serde(rename = "H")]
    Hung,
    /// Its wheel could not be built.
    #[serde(rename = "B")]
    BuildFailed,
    /// Its Python, its packages or its services could not be had.
    #[serde(rename = "V")]
    ProvisionFailed,
    /// It ran on other versions than was asked for.
    #[serde(rename = "M")]
    Mismatch,
    /// It was left out on purpose.
    #[serde(rename = "S")]
    Skipped,
    /// It says nothing of the extension, or has no record.
    #[serde(rename = "L")]
    Lost,
    /// The run was told to stop before it ended.
    #[serde(rename = "I")]
    Interrupted,
    /// The run was at work.
    #[serde(rename = "U")]
    UnderWay,
}

impl Run {
    /// What a history keeps of the run of `report`.
    #[must_use]
    pub fn of(report: &Report) -> Run {
        let (verdict, tally) = (&report.verdict, report.verdict.tally());
        let measured = verdict.cells.iter().flat_map(|cell| cell.measured.comparisons.keys());
        let comparisons: Vec<String> = measured.collect::<BTreeSet<_>>().into_iter().cloned().collect();
        let cell = |verdict: &CellVerdict| (verdict.cell.clone(), Cell::of(verdict, &comparisons));
        Run {
            id: report.run.clone(),
            preset: report.preset.clone(),
            started: report.started.clone(),
            origin: report.origin.clone(),
            green: verdict.green,
            decision: verdict.decision,
            green_cells: tally.green,
            of: tally.of,
            criteria: verdict.criteria.clone(),
            cells: verdict.cells.iter().map(cell).collect(),
            comparisons,
        }
    }

    /// The speed-up of a cell in the comparison of this name.
    #[must_use]
    pub fn speedup(&self, cell: &CellId, comparison: &str) -> Option<f64> {
        let at = self.comparisons.iter().position(|name| name == comparison)?;
        *self.cells.get(cell)?.speedups.get(at)?
    }

    /// Its day and its commit: `2026-11-29 (1a2b3c4d5e6f)`.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.origin.commit {
            Some(commit) => format!("{} ({commit})", self.day()),
            None => self.day().to_owned(),
        }
    }

    /// The day on which it began, or its id where that is not known.
    #[must_use]
    pub fn day(&self) -> &str {
        self.started.split('T').next().filter(|day| !day.is_empty()).unwrap_or(&self.id)
    }
}

impl Cell {
    fn of(verdict: &CellVerdict, comparisons: &[String]) -> Cell {
        let measured = &verdict.measured;
        let speedup =
            |name: &String| measured.comparisons.get(name).map(|found| hundredths(found.speedup.ratio));
        Cell {
            ended: Ended::from(&verdict.outcome),
            // Most cells of a run without benchmarks have none of them.
            speedups: if measured.comparisons.is_empty() {
                Vec::new()
            } else {
                comparisons.iter().map(speedup).collect()
            },
            slope: measured.steepest().map(whole),
        }
    }
}

/// No trend shows more of a factor.
fn hundredths(factor: f64) -> f64 {
    (factor * 100.0).round() / 100.0
}

#[expect(clippy::cast_possible_truncation, reason = "no process grows by 2^63 bytes, and a cast stops there")]
fn whole(bytes: f64) -> i64 {
    bytes.round() as i64
}

impl From<Row> for Cell {
    fn from(Row(ended, speedups, slope): Row) -> Cell {
        Cell { ended, speedups, slope }
    }
}

impl From<Cell> for Row {
    fn from(Cell { ended, speedups, slope }: Cell) -> Row {
        Row(ended, speedups, slope)
    }
}

impl From<&Outcome> for Ended {
    fn from(outcome: &Outcome) -> Ended {
        match outcome {
            Outcome::Passed => Ended::Passed,
            Outcome::Flaky => Ended::Flaky,
            Outcome::TestsFailed => Ended::TestsFailed,
            Outcome::Crashed { .. } => Ended::Crashed,
            Outcome::Hung => Ended::Hung,
            Outcome::BuildFailed => Ended::BuildFailed,
            Outcome::ProvisionFailed => Ended::ProvisionFailed,
            Outcome::Mismatch => Ended::Mismatch,
            Outcome::Skipped { .. } => Ended::Skipped,
            Outcome::Lost => Ended::Lost,
            Outcome::Interrupted => Ended::Interrupted,
            Outcome::UnderWay => Ended::UnderWay,
        }
    }
}

impl Ended {
    /// As the other reports name it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Ended::Passed => "passed",
            Ended::Flaky => "flaky",
            Ended::TestsFailed => "tests failed",
            Ended::Crashed => "crashed",
            Ended::Hung => "hung",
            Ended::BuildFailed => "build failed",
            Ended::ProvisionFailed => "provision failed",
            Ended::Mismatch => "mismatch",
            Ended::Skipped => "skipped",
            Ended::Lost => "lost",
            Ended::Interrupted => "interrupted",
            Ended::UnderWay => "under way",
        }
    }

    #[must_use]
    pub fn tone(self) -> Tone {
        match self {
            Ended::Passed => Tone::Good,
            Ended::Flaky => Tone::Flaky,
            Ended::Skipped => Tone::Skipped,
            Ended::Interrupted => Tone::Stopped,
            Ended::UnderWay => Tone::UnderWay,
            Ended::TestsFailed
            | Ended::Crashed
            | Ended::Hung
            | Ended::BuildFailed
            | Ended::ProvisionFailed
            | Ended::Mismatch
            | Ended::Lost => Tone::Bad,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::report::tests::report;

    /// Every way to end, once.
    fn outcomes() -> Vec<Outcome> {
        let (signal, reason) = ("SIGSEGV".to_owned(), "why".to_owned());
        vec![
            Outcome::Passed,
            Outcome::Flaky,
            Outcome::TestsFailed,
            Outcome::Crashed { signal },
            Outcome::Hung,
            Outcome::BuildFailed,
            Outcome::ProvisionFailed,
            Outcome::Mismatch,
            Outcome::Skipped { reason },
            Outcome::Lost,
            Outcome::Interrupted,
            Outcome::UnderWay,
        ]
    }

    #[test]
    fn every_way_to_end_has_a_letter_of_its_own_and_the_word_and_tone_of_the_other_reports() {
        let mut letters = BTreeSet::new();
        for outcome in outcomes() {
            let ended = Ended::from(&outcome);
            assert!(outcome.to_string().starts_with(ended.word()), "{outcome}: {}", ended.word());
            assert_eq!(ended.tone(), Tone::from(&outcome), "{outcome}");
            let letter = serde_json::to_value(ended).expect("JSON");
            assert_eq!(letter.as_str().map(str::len), Some(1), "{letter}");
            assert!(letters.insert(letter.to_string()), "{letter} stands for two");
        }
    }

    #[test]
    fn a_cell_is_a_letter_its_speed_ups_in_the_order_of_the_run_and_its_steepest_slope() {
        let mut report = report(2, 1);
        let ratio = |ratio: f64| json!({ "ratio": ratio, "low": 1, "high": 3, "confidence": 0.95, "control_ms": 2, "candidate_ms": 1 });
        let slope = |bytes: f64| json!({ "slope_bytes_per_1000": bytes, "low": 0, "high": 9 });
        let measured = [
            json!({
                "comparisons": { "simple": ratio(2.123_456), "concurrent": ratio(3.0) },
                "leaks": {
                    "a": { "slopes": { "malloc": slope(12.4), "rss": slope(9000.0) } },
                    "b": { "slopes": { "rss": slope(700.6) } },
                },
            }),
            json!({ "comparisons": { "simple": ratio(1.0) } }),
        ];
        for (cell, measured) in report.verdict.cells.iter_mut().zip(measured) {
            cell.measured = serde_json::from_value(measured).expect("measures");
        }
        let run = Run::of(&report);
        assert_eq!(run.comparisons, ["concurrent", "simple"]);
        let shown = serde_json::to_value(&run.cells).expect("JSON");
        let expected = json!({
            "py3.0-pg0-pyo3_0.1": ["P", [3.0, 2.12], 701],
            "py3.0-pg1-pyo3_0.1": ["P", [null, 1.0], null],
            "py3.0-pg2-pyo3_0.1": ["F", [], null],
        });
        assert_eq!(shown, expected);
        let back: BTreeMap<CellId, Cell> = serde_json::from_value(shown).expect("cells");
        assert_eq!(back, run.cells);
        let cell = &report.verdict.cells[0].cell;
        assert_eq!((run.speedup(cell, "simple"), run.speedup(cell, "other")), (Some(2.12), None));
        assert_eq!(run.speedup(&report.verdict.cells[2].cell, "simple"), None);
    }
}
