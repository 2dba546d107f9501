//! How is a verdict shown? A run's folder is read, judged and put into one [`Report`], which each format renders.
//! A report is a function of the records on disk, so it can be made again at any time.

pub mod grid;
pub mod json;
pub mod terminal;

use std::io;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::judge::{Verdict, judge};
use crate::record::{Record, SCHEMA_VERSION};
use crate::run::folder::{Contents, RunFolder};
use crate::run::ledger::Ledger;

/// `report.json`: what one run means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    pub schema_version: u32,
    pub run: String,
    pub preset: String,
    /// When the run began, in UTC.
    pub started: String,
    pub verdict: Verdict,
    /// Absent where the run was killed.
    pub ledger: Option<Ledger>,
    /// Rust, as the wheels were built with it.
    #[serde(default)]
    pub toolchain: Vec<String>,
}

/// Reads and judges a run.
pub fn assemble(folder: &RunFolder) -> io::Result<Report> {
    let Contents { intent, records, negatives, ledger } = folder.read()?;
    Ok(Report {
        schema_version: SCHEMA_VERSION,
        verdict: judge(&intent.plan, &records, &intent.criteria).with_negatives(&intent.plan, &negatives),
        toolchain: toolchains(&records),
        run: intent.run,
        preset: intent.plan.preset,
        started: intent.started,
        ledger,
    })
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
