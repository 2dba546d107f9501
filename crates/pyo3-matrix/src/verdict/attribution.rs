//! Why are these cells red, and not those? The records of a run in; for each symptom the least that its cells have in
//! common, out. Pure.

pub mod explain;
pub mod symptom;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::cell::CellId;
use crate::model::record::Outcome;
use crate::plan::Plan;
use crate::plan::cause::Cause;
use crate::plan::space::Space;
use explain::{Pattern, explain};
use symptom::Known;

/// What goes wrong in some cells, and what these have in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attribution {
    /// The tests that fail in just these cells.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tests: BTreeSet<String>,
    /// The other ways in which just these cells ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outcomes: Vec<Outcome>,
    /// The cells that show it.
    pub cells: Vec<CellId>,
    /// How many cells say whether they show it.
    pub of: usize,
    /// The shortest explanations, equally short. Of the causes in one explanation any is enough. None fits where the list is
    /// empty.
    #[serde(default)]
    pub explanations: Vec<Vec<Cause>>,
    /// The cell that tells most of several explanations apart. It was not run, or said nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decides: Option<CellId>,
    /// Cells in which it comes and goes. They are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flaky: Vec<CellId>,
}

/// Attributes every symptom of these records to what its cells have in common. Symptoms of the same cells are one.
#[must_use]
pub fn attribute(plan: &Plan, ended: &[symptom::Ended<'_>]) -> Vec<Attribution> {
    let symptoms = symptom::all(ended);
    if symptoms.is_empty() {
        return Vec::new();
    }
    let planned: Vec<CellId> =
        plan.cells.iter().filter(|cell| !cell.rehearsal).map(|cell| cell.cell.clone()).collect();
    let space = Space::of(&planned);
    let mut by_pattern: BTreeMap<Known<'_>, Attribution> = BTreeMap::new();
    for (symptom, known) in symptoms {
        let attribution = by_pattern.entry(known).or_insert_with_key(|known| blank(known));
        match symptom {
            symptom::Symptom::Test(test) => {
                attribution.tests.insert(test.to_owned());
            }
            symptom::Symptom::Outcome(outcome) => attribution.outcomes.push(outcome.clone()),
        }
    }
    let explained = |(known, mut attribution): (Known<'_>, Attribution)| {
        let found = explain(&space, &pattern(&space, &known));
        attribution.explanations = found.explanations;
        attribution.decides = found.decides;
        attribution
    };
    let mut all: Vec<Attribution> = by_pattern.into_iter().map(explained).collect();
    all.sort_by_key(|attribution| std::cmp::Reverse(attribution.cells.len()));
    all
}

fn blank(known: &Known<'_>) -> Attribution {
    Attribution {
        tests: BTreeSet::new(),
        outcomes: Vec::new(),
        cells: known.red.iter().map(|cell| (*cell).clone()).collect(),
        of: known.red.len() + known.green.len(),
        explanations: Vec::new(),
        decides: None,
        flaky: known.flaky.iter().map(|cell| (*cell).clone()).collect(),
    }
}

fn pattern(space: &Space, known: &Known<'_>) -> Pattern {
    let set = |cells: &BTreeSet<&CellId>| {
        let mut set = space.none();
        cells.iter().filter_map(|cell| space.place(cell)).for_each(|place| set.insert(place));
        set
    };
    Pattern { red: set(&known.red), green: set(&known.green) }
}

#[cfg(test)]
mod tests;
