//! How is a verdict shown? A run's folder is read, judged and put into one [`Report`]; [`model`] has it in words, and each
//! format renders that.
//! A report is a function of the records on disk, so it can be made again at any time.

pub mod badge;
mod causes;
pub mod compare;
pub mod cost;
pub mod findings;
pub mod github;
pub mod grid;
pub mod history;
pub mod html;
pub mod json;
pub mod junit;
pub mod live;
pub mod markdown;
pub mod message;
pub mod model;
pub mod noise;
pub mod repro;
pub mod terminal;
pub mod tone;
pub mod why;

use std::collections::BTreeMap;
use std::io;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::cell::CellId;
use crate::model::ledger::Ledger;
use crate::model::origin::Origin;
use crate::model::record::{Record, SCHEMA_VERSION};
use crate::model::rehearsal::Rehearsal;
use crate::plan::Named;
use crate::report::compare::Compared;
use crate::store::basis::Basis;
use crate::store::folder::Contents;
use crate::store::merge::Merged;
use crate::verdict::criterion::Status;
use crate::verdict::judge::{Decision, Known, State, Verdict, judge};

/// `report.json`: what one run means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// Where everything is kept, as a person at the terminal would write it.
    #[serde(skip, default = "usual_place")]
    pub place: String,
    pub schema_version: u32,
    pub run: String,
    pub preset: String,
    /// When the run began, in UTC.
    pub started: String,
    /// Which part of what the run was, where it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// What a merged run was put together from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged: Option<Merged>,
    /// The commit, the machine and the options.
    #[serde(default, skip_serializing_if = "Origin::is_unknown")]
    pub origin: Origin,
    /// What the cells were made from.
    #[serde(default)]
    pub basis: Basis,
    pub verdict: Verdict,
    /// What it would take to move to the lines that were rehearsed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rehearsals: Vec<Rehearsal>,
    /// Absent where the run was killed.
    pub ledger: Option<Ledger>,
    /// The letters of a service in a cell's id → what it is called.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub services: BTreeMap<String, Named>,
    /// Rust, as the wheels were built with it.
    #[serde(default)]
    pub toolchain: Vec<String>,
}

/// A report, and the records that it was made from: some formats show all of them.
#[derive(Debug)]
pub struct Whole {
    pub report: Report,
    pub records: Vec<Record>,
    /// What is different from an earlier run of the same cells, where there is one.
    pub since: Option<Compared>,
}

/// What is on disk of a run, and whether it is at work, as a report.
#[must_use]
pub fn assemble(contents: Contents, state: State) -> Whole {
    let Contents { intent, records, negatives, rehearsals, ledger } = contents;
    let (plan, terms) = (&intent.plan, &intent.terms);
    let told_to_stop = state == State::Ended && ledger.as_ref().is_some_and(|ledger| ledger.interrupted);
    let state = if told_to_stop { State::Interrupted } else { state };
    let known = Known { plan, records: &records, negatives: &negatives, terms, state };
    let report = Report {
        place: usual_place(),
        schema_version: SCHEMA_VERSION,
        verdict: judge(known),
        toolchain: toolchains(&records),
        services: intent.plan.services,
        run: intent.run,
        preset: intent.plan.preset,
        started: intent.started,
        part: intent.part.as_ref().map(ToString::to_string),
        merged: intent.merged,
        origin: intent.origin,
        basis: intent.basis,
        rehearsals,
        ledger,
    };
    Whole { report, records, since: None }
}

fn usual_place() -> String {
    "target/matrix".to_owned()
}

/// Every file of a report, by its name.
pub fn files(whole: &Whole) -> io::Result<Vec<(&'static str, String)>> {
    let report = &whole.report;
    Ok(vec![
        (json::FILE, json::render(report)?),
        (junit::FILE, junit::render(whole)?),
        (markdown::FILE, markdown::render(report)),
        (html::FILE, html::render(whole)),
        (badge::JSON_FILE, badge::json(report)?),
        (badge::SVG_FILE, badge::svg(report)),
    ])
}

impl Report {
    /// The command that runs one of its cells again, with the same tests.
    #[must_use]
    pub fn again(&self, cell: &CellId) -> String {
        let options = self.origin.options.as_ref();
        repro::with_pytest(cell, options.map(|options| &options.pytest[..]).unwrap_or_default())
    }

    /// The decision in a word, and why it is that one.
    #[must_use]
    pub fn decision(&self) -> (&'static str, &'static str) {
        let verdict = &self.verdict;
        let open = |status| verdict.criteria.iter().any(|criterion| criterion.status == status);
        match verdict.decision {
            Decision::Proceed => ("proceed", "every cell is green and every criterion is met"),
            Decision::None if verdict.rehearsals.iter().all(|cell| cell.passed == 0) => {
                ("none", "nothing was judged, and no rehearsal ran its tests")
            }
            Decision::None => ("none", "nothing was judged: these cells rehearse an upgrade"),
            Decision::Investigate if verdict.tally().under_way > 0 => {
                ("none yet", "the run is at work; this is what its cells say so far")
            }
            Decision::Investigate if !verdict.green => ("investigate", "the verdict is not green"),
            Decision::Investigate if open(Status::Missed) => ("investigate", "a criterion is missed"),
            Decision::Investigate if open(Status::NotMeasured) => {
                ("investigate", "a criterion was not measured")
            }
            Decision::Investigate => ("investigate", "a criterion is undecided"),
        }
    }
}

/// Every compiler that some cell's module names.
fn toolchains(records: &[Record]) -> Vec<String> {
    let observed = records.iter().filter_map(|record| record.observed.as_ref());
    let mut all: Vec<String> =
        observed.filter_map(|observed| observed.build_info.get("rustc").cloned()).collect();
    all.sort();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Flaky;
    use crate::model::cell::{CellId, Line, Python, Release};
    use crate::model::record::Outcome;
    use crate::model::rehearsal::Edit;
    use crate::verdict::judge::CellVerdict;
    use crate::verdict::measured::Measured;

    /// The same as a rehearsal of another line, with what it takes.
    pub(super) fn rehearsed(green: u16, red: u16) -> Report {
        let mut report = report(green, red);
        report.verdict.rehearsals = std::mem::take(&mut report.verdict.cells);
        let line = Line { major: 0, minor: 1 };
        let edit = Edit {
            file: "Cargo.toml".into(),
            line: 7,
            package: "pyo3".into(),
            from: "0.0".into(),
            to: "0.1".into(),
        };
        report.rehearsals = vec![Rehearsal {
            schema_version: SCHEMA_VERSION,
            line,
            edits: vec![edit],
            moved: (0..14).map(|at| format!("~ crate{at} 1.0.0 -> 1.0.1")).collect(),
            obstacles: vec!["`downcast` <b>is gone</b>: use `cast`".into()],
        }];
        report
    }

    /// A report of so many green cells and so many red ones, four servers across.
    pub(super) fn report(green: u16, red: u16) -> Report {
        let cell = |at: u16| CellVerdict {
            cell: CellId {
                python: Python { major: 3, minor: u8::try_from(at / 4).unwrap_or(0), free_threaded: false },
                releases: vec![Release { tag: "pg".into(), version: vec![at % 4] }],
                line: Line { major: 0, minor: 1 },
                choices: Vec::new(),
            },
            outcome: if at < green { Outcome::Passed } else { Outcome::TestsFailed },
            reason: (at >= green).then(|| "1 of 2 tests failed".to_owned()),
            passed: 2,
            skipped: 0,
            xfailed: 0,
            total: 2,
            failing: BTreeMap::new(),
            skips: BTreeMap::new(),
            measured: Measured::default(),
        };
        Report { verdict: verdict((0..green + red).map(cell).collect(), red == 0), ..empty() }
    }

    fn verdict(cells: Vec<CellVerdict>, green: bool) -> Verdict {
        Verdict {
            green,
            decision: Decision::Investigate,
            cells,
            attributions: Vec::new(),
            effects: Vec::new(),
            noise: None,
            criteria: Vec::new(),
            negatives: Vec::new(),
            rehearsals: Vec::new(),
            flaky: Flaky::Fail,
        }
    }

    fn empty() -> Report {
        Report {
            place: usual_place(),
            schema_version: SCHEMA_VERSION,
            run: "r".into(),
            preset: "grid".into(),
            started: String::new(),
            part: None,
            merged: None,
            origin: Origin::default(),
            basis: Basis::default(),
            verdict: verdict(Vec::new(), true),
            rehearsals: Vec::new(),
            ledger: None,
            services: BTreeMap::new(),
            toolchain: Vec::new(),
        }
    }
}
