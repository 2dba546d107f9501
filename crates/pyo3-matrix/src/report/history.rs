//! How did the runs up to this one go? Reports in; one [`History`] out, which has each run in short, the newest last. Pure.

mod run;
pub mod spread;
pub mod trend;

use std::io;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::record::SCHEMA_VERSION;
use crate::report::Report;
use crate::report::compare::Compared;
pub use run::{Ended, Run};

/// The name of a history, unless the user gives it another.
pub const FILE: &str = "history.json";

/// How many runs a history keeps: a quarter of a year of nights.
pub const RUNS: usize = 90;

/// How many reports it keeps: what a comparison takes.
const REPORTS: usize = 2;

/// `history.json`: the newest runs. Held to `history.schema.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct History {
    pub schema_version: u32,
    /// No more than 90, in the order in which they began.
    pub runs: Vec<Run>,
    /// The reports of the newest two runs, without what no comparison looks at: they tell what changed.
    pub newest: Vec<Report>,
}

impl Default for History {
    /// A history without a run.
    fn default() -> History {
        History { schema_version: SCHEMA_VERSION, runs: Vec::new(), newest: Vec::new() }
    }
}

impl History {
    /// Adds the run of a report. A run that is in it already is replaced, and the oldest makes room.
    pub fn add(&mut self, report: Report) {
        self.runs.retain(|run| run.id != report.run);
        self.newest.retain(|other| other.run != report.run);
        self.runs.push(Run::of(&report));
        self.newest.push(comparable(report));
        // An id begins with the time as well, so runs of one second are in order too.
        self.runs.sort_by(|one, other| (&one.started, &one.id).cmp(&(&other.started, &other.id)));
        self.newest.sort_by(|one, other| (&one.started, &one.run).cmp(&(&other.started, &other.run)));
        self.runs.drain(..self.runs.len().saturating_sub(RUNS));
        let last = &self.runs[self.runs.len().saturating_sub(REPORTS)..];
        self.newest.retain(|report| last.iter().any(|run| run.id == report.run));
    }

    /// What is different in the newest run; `None` where the report of the run before it is not known.
    #[must_use]
    pub fn changed(&self) -> Option<Compared> {
        match self.newest.as_slice() {
            [before, after] => Some(Compared::of(before, after)),
            _ => None,
        }
    }
}

/// The history as one document. It is not broken into lines: that would make it half as large again.
pub fn json(history: &History) -> io::Result<String> {
    Ok(serde_json::to_string(history)? + "\n")
}

/// A report without what no comparison looks at.
fn comparable(mut report: Report) -> Report {
    (report.ledger, report.merged) = (None, None);
    report.rehearsals.clear();
    report.verdict.rehearsals.clear();
    report.verdict.effects.clear();
    for cell in &mut report.verdict.cells {
        cell.skips.clear();
    }
    report
}

#[cfg(test)]
pub(super) mod tests;
