//! What do the records mean? Everything that is known of a run in, a [`Verdict`] out. Pure.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Flaky;
use crate::model::cell::CellId;
use crate::model::negative::NegativeRecord;
use crate::model::record::{Outcome, Record, TestResult};
use crate::plan::{Plan, Planned, PlannedNegative};
use crate::store::intent::Terms;
use crate::verdict::attribution::symptom::Ended;
use crate::verdict::attribution::{Attribution, attribute};
use crate::verdict::criterion::{self, CriterionResult, Status};
use crate::verdict::effect::{Effect, effects};
use crate::verdict::measured::Measured;
use crate::verdict::noise::NoiseOfRun;

/// What the records of one run mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// Whether every cell is green, every negative cell failed as foretold, and at least one test passed. A speed-up is no
    /// part of it: how fast a machine is today must not turn a correct run red. It is part of the decision.
    pub green: bool,
    pub decision: Decision,
    pub cells: Vec<CellVerdict>,
    /// What goes wrong, and what the cells in which it does have in common.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributions: Vec<Attribution>,
    /// Which axis moves the cost: what each value of it does to each measure.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<Effect>,
    /// How far the times can be trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<NoiseOfRun>,
    pub criteria: Vec<CriterionResult>,
    /// The cells of lines that the manifest does not ask for. They decide nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rehearsals: Vec<CellVerdict>,
    /// The cells that must not build.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub negatives: Vec<NegativeRecord>,
    /// Whether flaky cells are among the green ones.
    #[serde(default)]
    pub flaky: Flaky,
}

/// The prototype's decision point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// The verdict is green and every criterion is met: on to the next phase.
    Proceed,
    /// Something is red, or something has not been measured.
    Investigate,
    /// Only upgrades were rehearsed.
    None,
}

/// How one cell counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CellVerdict {
    pub cell: CellId,
    pub outcome: Outcome,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub passed: usize,
    #[serde(default)]
    pub skipped: usize,
    #[serde(default)]
    pub xfailed: usize,
    pub total: usize,
    /// Failing test → one line why. A flaky cell lists the tests that failed before they passed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub failing: BTreeMap<String, String>,
    /// Test that was skipped, or is expected to fail → why.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub skips: BTreeMap<String, String>,
    /// What another run can be compared by.
    #[serde(default, skip_serializing_if = "Measured::is_empty")]
    pub measured: Measured,
}

/// How many cells are green. Skipped cells have shown nothing, and are not counted among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    pub green: usize,
    pub of: usize,
    pub skipped: usize,
    /// Those that passed on a second try. They are among the green ones only where `matrix.toml` says so.
    pub flaky: usize,
    /// Those that a run at work has not come to the end of.
    pub under_way: usize,
}

/// Everything that is known of a run. There is no other way to a verdict, so nothing can be left out.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    pub plan: &'a Plan,
    pub records: &'a [Record],
    /// What became of the cells that must not build.
    pub negatives: &'a [NegativeRecord],
    pub terms: &'a Terms,
    pub state: State,
}

/// Whether a run has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Ended,
    /// It was told to stop: a cell without a record had not come to its end.
    Interrupted,
    /// It is at work at this moment: a cell without a record is not lost yet.
    UnderWay,
}

impl Verdict {
    /// Counts the cells.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let count =
            |wanted: fn(&Outcome) -> bool| self.cells.iter().filter(|cell| wanted(&cell.outcome)).count();
        let skipped = count(|outcome| matches!(outcome, Outcome::Skipped { .. }));
        Tally {
            green: self.cells.iter().filter(|cell| self.flaky.is_green(&cell.outcome)).count() - skipped,
            of: self.cells.len() - skipped,
            skipped,
            flaky: count(|outcome| *outcome == Outcome::Flaky),
            under_way: count(|outcome| *outcome == Outcome::UnderWay),
        }
    }
}

impl Tally {
    /// What is counted apart: `, 1 flaky, 2 skipped`.
    #[must_use]
    pub fn apart(&self) -> String {
        let counts = [(self.flaky, "flaky"), (self.skipped, "skipped"), (self.under_way, "under way")];
        let named = counts.iter().filter(|(count, _)| *count > 0);
        named.map(|(count, what)| format!(", {count} {what}")).collect::<Vec<_>>().concat()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} cell{}", self.green, self.of, if self.of == 1 { "" } else { "s" })
    }
}

/// Judges a run.
#[must_use]
pub fn judge(known: Known<'_>) -> Verdict {
    let Known { plan, records, terms, .. } = known;
    let by_cell: BTreeMap<&CellId, &Record> = records.iter().map(|record| (&record.cell, record)).collect();
    let judged = |planned: &Planned| judge_cell(planned, by_cell.get(&planned.cell).copied(), known);
    let (rehearsed, meant): (Vec<&Planned>, Vec<&Planned>) =
        plan.cells.iter().partition(|cell| cell.rehearsal);
    let cells: Vec<_> = meant.iter().map(|planned| judged(planned)).collect();
    let rehearsals: Vec<_> = rehearsed.iter().map(|planned| judged(planned)).collect();
    let attributions = attributions(plan, &cells, &by_cell);
    let skipped = |record: &&Record| matches!(record.outcome, Outcome::Skipped { .. });
    let live = meant.iter().filter(|planned| planned.excluded.is_none());
    let ran = live.filter_map(|planned| by_cell.get(&planned.cell).copied());
    let ran: Vec<&Record> = ran.filter(|record| !skipped(record)).collect();
    let criteria: Vec<_> = terms.criteria.iter().map(|criterion| criterion::judge(criterion, &ran)).collect();
    let (effects, noise) = (effects(&ran), NoiseOfRun::of(&ran));
    let negatives = negatives(known);
    let only_rehearsed = cells.is_empty() && !rehearsals.is_empty();
    let green = cells.iter().all(|cell| terms.flaky.is_green(&cell.outcome))
        && (only_rehearsed || cells.iter().any(|cell| cell.passed > 0))
        && negatives.iter().all(|record| record.ending.is_green());
    let all_met = criteria.iter().all(|criterion| criterion.status == Status::Met);
    let decision = match () {
        () if green && only_rehearsed => Decision::None,
        () if green && all_met => Decision::Proceed,
        () => Decision::Investigate,
    };
    let flaky = terms.flaky;
    Verdict { green, decision, cells, attributions, effects, noise, criteria, rehearsals, negatives, flaky }
}

/// What goes wrong in these cells, as far as they have a record.
fn attributions(
    plan: &Plan,
    cells: &[CellVerdict],
    by_cell: &BTreeMap<&CellId, &Record>,
) -> Vec<Attribution> {
    let with_record = cells.iter().filter_map(|cell| Some((cell, *by_cell.get(&cell.cell)?)));
    let ended = with_record.map(|(cell, record)| Ended { outcome: &cell.outcome, record });
    attribute(plan, &ended.collect::<Vec<_>>())
}

/// The cells that must not build; one without a record is lost.
fn negatives(known: Known<'_>) -> Vec<NegativeRecord> {
    let found = |planned: &PlannedNegative| {
        let record = known.negatives.iter().find(|record| record.id == planned.id);
        record.cloned().unwrap_or_else(|| NegativeRecord::lost(planned))
    };
    known.plan.negatives.iter().map(found).collect()
}

fn judge_cell(planned: &Planned, record: Option<&Record>, known: Known<'_>) -> CellVerdict {
    let cell = &planned.cell;
    let bare = |outcome, reason: &str| without_record(cell, outcome, reason);
    if let Some(reason) = &planned.excluded {
        return bare(Outcome::Skipped { reason: reason.clone() }, reason);
    }
    let Some(record) = record else {
        return match known.state {
            State::UnderWay => bare(Outcome::UnderWay, "the run is at work, and has not come to its end"),
            State::Interrupted => bare(Outcome::Interrupted, "the run was told to stop before its end"),
            State::Ended => bare(
                Outcome::Lost,
                "no record: the run ended before this cell did, or no part of it holds the cell",
            ),
        };
    };
    let passed = record.count(TestResult::Passed);
    let (outcome, reason) = ended(record, passed, known);
    let before = record.attempts.iter().flat_map(|attempt| attempt.failing.clone());
    let failing = before.chain(record.failing()).collect();
    CellVerdict {
        cell: cell.clone(),
        outcome,
        reason,
        passed,
        skipped: record.count(TestResult::Skipped),
        xfailed: record.count(TestResult::Xfailed),
        total: record.tests.len(),
        failing,
        skips: record.skips.clone(),
        measured: Measured::of(record),
    }
}

/// A cell of which nothing was kept.
fn without_record(cell: &CellId, outcome: Outcome, reason: &str) -> CellVerdict {
    CellVerdict {
        cell: cell.clone(),
        outcome,
        reason: Some(reason.to_owned()),
        passed: 0,
        skipped: 0,
        xfailed: 0,
        total: 0,
        failing: BTreeMap::new(),
        skips: BTreeMap::new(),
        measured: Measured::default(),
    }
}

/// How a cell ended, by a record that must not be believed where it contradicts itself or its run.
fn ended(record: &Record, passed: usize, known: Known<'_>) -> (Outcome, Option<String>) {
    let said = |outcome, reason: &str| (outcome, Some(reason.to_owned()));
    match &record.outcome {
        Outcome::Passed | Outcome::Flaky if passed == 0 => said(Outcome::TestsFailed, "no test ran"),
        Outcome::Passed | Outcome::Flaky if record.tests.values().any(|result| result.is_red()) => {
            said(Outcome::TestsFailed, "the record says that it passed, and holds a test that did not")
        }
        Outcome::Passed | Outcome::Flaky if record.thoroughness < known.terms.thoroughness => {
            match known.state {
                State::UnderWay => said(Outcome::UnderWay, "its tests passed; its benchmarks are to come"),
                State::Interrupted => said(
                    Outcome::Interrupted,
                    "its tests passed; the run was told to stop before its benchmarks",
                ),
                State::Ended => {
                    said(Outcome::Lost, "its tests passed; the run ended before its benchmarks did")
                }
            }
        }
        Outcome::Passed if !record.attempts.is_empty() => (Outcome::Flaky, record.reason.clone()),
        outcome => (outcome.clone(), record.reason.clone()),
    }
}

#[cfg(test)]
mod tests;
