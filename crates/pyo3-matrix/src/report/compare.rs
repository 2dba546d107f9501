//! How is the difference between two runs shown? Two reports in, one [`Compared`] out; [`model`] has it in words, and each
//! format lays that out.

pub mod markdown;
pub mod model;
pub mod terminal;

use std::io;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::origin::Origin;
use crate::model::record::SCHEMA_VERSION;
use crate::report::Report;
use crate::report::why::{self, Why};
use crate::verdict::compare::{self, Difference, Side, TestGroup};

/// What is different in the second of two runs, for machines. Held to `comparison.schema.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Compared {
    pub schema_version: u32,
    /// The run `A`.
    pub before: Of,
    /// The run `B`.
    pub after: Of,
    /// Whether a cell or a test regressed.
    pub regression: bool,
    #[serde(flatten)]
    pub difference: Difference,
    /// For each of `newly_failing`, what its cells have in common, where the second run's report explains just these cells.
    pub explanations: Vec<Option<String>>,
}

/// One of the two runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Of {
    pub run: String,
    pub preset: String,
    /// When it began, in UTC.
    pub started: String,
    /// Which part of what it was, where it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// How many cells it judges.
    pub cells: usize,
    #[serde(default, skip_serializing_if = "Origin::is_unknown")]
    pub origin: Origin,
}

impl Compared {
    /// Compares two reports.
    #[must_use]
    pub fn of(before: &Report, after: &Report) -> Compared {
        let difference = compare::compare(side(before), side(after));
        let explained = |tests: &TestGroup| explanation(tests, after).map(|why| why.place_and_count());
        Compared {
            schema_version: SCHEMA_VERSION,
            before: Of::report(before),
            after: Of::report(after),
            regression: difference.is_regression(),
            explanations: difference.newly_failing.iter().map(explained).collect(),
            difference,
        }
    }
}

impl Of {
    fn report(report: &Report) -> Of {
        Of {
            run: report.run.clone(),
            preset: report.preset.clone(),
            started: report.started.clone(),
            part: report.part.clone(),
            cells: report.verdict.cells.len(),
            origin: report.origin.clone(),
        }
    }
}

fn side(report: &Report) -> Side<'_> {
    Side { verdict: &report.verdict, origin: &report.origin, basis: &report.basis }
}

/// What these tests' cells have in common. The report explains every cell in which a test fails: it fits where each of them is
/// new. Both lists of cells are in order.
fn explanation(newly: &TestGroup, report: &Report) -> Option<Why> {
    let fits = report.verdict.attributions.iter().find(|attribution| {
        attribution.of > 1
            && !attribution.explanations.is_empty()
            && attribution.cells == newly.cells
            && newly.tests.is_subset(&attribution.tests)
    });
    fits.map(|attribution| why::one(attribution, report))
}

/// The comparison as one document.
pub fn json(compared: &Compared) -> io::Result<String> {
    Ok(serde_json::to_string_pretty(compared)? + "\n")
}

#[cfg(test)]
mod tests;
