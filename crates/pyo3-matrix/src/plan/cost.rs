//! What does a cell cost? The records of an earlier run in, seconds per cell and per wheel out, as `costs.json`.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::cell::CellId;
use crate::model::ledger::Ledger;
use crate::model::record::{Record, SCHEMA_VERSION};

/// The name of the costs in a run's folder.
pub const FILE: &str = "costs.json";

/// `costs.json`: what the cells of one run took, in seconds on the wall clock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Costs {
    pub schema_version: u32,
    /// The run that was measured.
    pub run: String,
    pub cells: BTreeMap<CellId, f64>,
    /// Building and installing one wheel.
    pub wheel: f64,
}

impl Costs {
    /// Returns the costs of a run. `None` if no cell of it ran.
    #[must_use]
    pub fn of(run: &str, records: &[Record], ledger: Option<&Ledger>) -> Option<Costs> {
        let seconds = |record: &Record| {
            let spent = record.durations;
            spent.tests + spent.benchmarks + spent.harness
        };
        let ran = records.iter().filter(|record| record.durations.tests > 0.0);
        let cells: BTreeMap<CellId, f64> = ran.map(|record| (record.cell.clone(), seconds(record))).collect();
        if cells.is_empty() {
            return None;
        }
        let environments: BTreeSet<_> = cells.keys().map(CellId::wheel).collect();
        let wheel = ledger.map_or(0.0, |ledger| {
            // A wheel of the stable ABI stands in an environment of each of its Pythons.
            let wheels = (ledger.wheels_built + ledger.wheels_kept).max(1);
            let of_each = ["environments", "install"].map(|phase| each(ledger, phase, environments.len()));
            each(ledger, "build", wheels) + of_each.iter().sum::<f64>()
        });
        Some(Costs { schema_version: SCHEMA_VERSION, run: run.to_owned(), cells, wheel })
    }

    /// Returns the seconds that `cell` will take: those that it took, else the median of the known cells.
    #[must_use]
    pub fn cell(&self, cell: &CellId) -> f64 {
        typical(&self.cells, cell).unwrap_or(1.0)
    }
}

/// The seconds of `cell`: those that it took, else the median of all that are known. None where none is.
#[must_use]
pub fn typical(known: &BTreeMap<CellId, f64>, cell: &CellId) -> Option<f64> {
    known.get(cell).copied().or_else(|| {
        let mut all: Vec<f64> = known.values().copied().collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied()
    })
}

/// The seconds that a phase took for each of so many things.
fn each(ledger: &Ledger, phase: &str, things: usize) -> f64 {
    let spent: f64 = ledger.phases.iter().filter(|spent| spent.name == phase).map(|spent| spent.wall).sum();
    #[expect(clippy::cast_precision_loss, reason = "a number of wheels")]
    let things = things as f64;
    spent / things
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ledger::Phase;
    use crate::model::record::{Durations, Outcome, Versions};

    fn record(cell: &str, tests: f64) -> Record {
        let versions = Versions::ones();
        let mut record = Record::empty(cell.parse().expect("an id"), versions, Outcome::Passed, None);
        record.durations = Durations { tests, benchmarks: 2.0, harness: 1.0 };
        record
    }

    fn ledger(wheels_built: usize) -> Ledger {
        let phase = |name: &str, wall| Phase { name: name.into(), wall, work: 0.0 };
        Ledger {
            schema_version: SCHEMA_VERSION,
            wall: 60.0,
            phases: vec![
                phase("environments", 4.0),
                phase("build", 20.0),
                phase("install", 1.0),
                phase("tests", 35.0),
            ],
            harness: 0.0,
            found: Vec::new(),
            wheels_built,
            wheels_kept: 0,
            suite: Vec::new(),
            cells_tested: 2,
            cells_measured: 2,
            interrupted: false,
        }
    }

    #[test]
    fn a_cell_costs_what_it_took_and_an_unknown_one_the_median() {
        let records = [record("py3.9-pg13-pyo3_0.30", 3.0), record("py3.9-pg14-pyo3_0.30", 5.0)];
        let costs = Costs::of("r", &records, Some(&ledger(1))).expect("costs");
        let of = |cell: &str| costs.cell(&cell.parse().expect("an id"));
        assert_eq!((of("py3.9-pg13-pyo3_0.30"), of("py3.9-pg14-pyo3_0.30")), (6.0, 8.0));
        assert_eq!((of("py3.13-pg16-pyo3_0.30"), costs.wheel), (8.0, 25.0));
    }

    #[test]
    fn a_wheel_of_the_stable_abi_is_built_once_and_installed_for_each_python() {
        let records = [record("py3.12-pyo3_0.30", 3.0), record("py3.13-pyo3_0.30", 5.0)];
        let cost = |built| Costs::of("r", &records, Some(&ledger(built))).expect("costs").wheel;
        assert_eq!((cost(1), cost(2)), (22.5, 12.5));
    }

    #[test]
    fn a_run_without_a_cell_that_ran_has_no_costs() {
        assert_eq!(Costs::of("r", &[record("py3.9-pg13-pyo3_0.30", 0.0)], None), None);
    }
}
