//! How long will a plan take? The times of earlier runs of the same suite (for a wheel, an environment and a cell)
//! in, seconds out. Pure.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::ledger::Ledger;

/// An estimate, in seconds on the wall clock of the machine that the earlier runs were made on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Estimate {
    /// How many runs it is made from.
    pub runs: usize,
    /// Building every wheel, and installing it; those that are kept from earlier runs are not built.
    pub wheels: f64,
    pub tests: f64,
    pub benchmarks: f64,
}

impl Estimate {
    #[must_use]
    pub fn total(&self) -> f64 {
        self.wheels + self.tests + self.benchmarks
    }
}

/// Estimates `cells` cells on `wheels` wheels. None if no earlier run of this suite tested a cell.
#[must_use]
pub fn estimate(wheels: usize, cells: usize, suite: &[String], earlier: &[Ledger]) -> Option<Estimate> {
    let alike: Vec<&Ledger> =
        earlier.iter().filter(|ledger| ledger.suite == suite && ledger.cells_tested > 0).collect();
    let rate = |name: &str, count: fn(&Ledger) -> usize| {
        let counted = alike.iter().filter(|ledger| count(ledger) > 0);
        let (seconds, things) = counted.fold((0.0, 0), |(seconds, things), ledger| {
            let spent = ledger.phases.iter().filter(|phase| phase.name == name);
            (seconds + spent.map(|phase| phase.wall).sum::<f64>(), things + count(ledger))
        });
        #[expect(clippy::cast_precision_loss, reason = "a number of cells")]
        if things > 0 { seconds / things as f64 } else { 0.0 }
    };
    #[expect(clippy::cast_precision_loss, reason = "a number of cells")]
    let (wheels, cells) = (wheels as f64, cells as f64);
    let wheels_of = |ledger: &Ledger| ledger.wheels_built + ledger.wheels_kept;
    (!alike.is_empty()).then(|| Estimate {
        runs: alike.len(),
        wheels: wheels * rate("build", |ledger| ledger.wheels_built)
            + wheels * (rate("environments", wheels_of) + rate("install", wheels_of)),
        tests: cells * rate("tests", |ledger| ledger.cells_tested),
        benchmarks: cells * rate("benchmarks", |ledger| ledger.cells_measured),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ledger::Phase;
    use crate::model::record::SCHEMA_VERSION;

    fn ledger(suite: &str, wheels_built: usize, cells: usize, phases: &[(&str, f64)]) -> Ledger {
        let phase = |(name, wall): &(&str, f64)| Phase { name: (*name).into(), wall: *wall, work: 0.0 };
        Ledger {
            schema_version: SCHEMA_VERSION,
            wall: 0.0,
            phases: phases.iter().map(phase).collect(),
            harness: 0.0,
            found: Vec::new(),
            wheels_built,
            wheels_kept: 0,
            suite: vec![suite.to_owned()],
            cells_tested: cells,
            cells_measured: 0,
            interrupted: false,
        }
    }

    #[test]
    fn what_a_wheel_and_a_cell_took_is_what_they_will_take() {
        let earlier = [
            ledger(
                "ours",
                2,
                4,
                &[("environments", 15.0), ("build", 60.0), ("install", 5.0), ("tests", 8.0)],
            ),
            // This run built nothing, so it shows nothing about the time of a build.
            ledger("ours", 0, 4, &[("build", 0.1), ("tests", 16.0)]),
            ledger("another", 1, 1, &[("build", 900.0), ("tests", 900.0)]),
        ];
        let found = estimate(40, 160, &["ours".to_owned()], &earlier).expect("an estimate");
        assert_eq!((found.runs, found.wheels, found.tests, found.benchmarks), (2, 1600.0, 480.0, 0.0));
        assert!((found.total() - 2080.0).abs() < 1e-9);
    }

    #[test]
    fn without_an_earlier_run_of_the_suite_there_is_no_estimate() {
        assert_eq!(estimate(1, 1, &["ours".to_owned()], &[ledger("another", 1, 1, &[])]), None);
    }
}
