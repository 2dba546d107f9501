//! Where did a run's time go? The wall clock of its phases, and how much of it was the harness's own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `ledger.json`: the accounts of one run, in seconds on the wall clock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ledger {
    pub schema_version: u32,
    pub wall: f64,
    pub phases: Vec<Phase>,
    /// Everything but building, installing and the life of test processes.
    pub harness: f64,
    /// What was found where, a line each.
    pub found: Vec<String>,
    pub wheels_built: usize,
    pub wheels_kept: usize,
    /// The pytest arguments of both stages: runs of another suite say nothing about how long this one takes.
    #[serde(default)]
    pub suite: Vec<String>,
    #[serde(default)]
    pub cells_tested: usize,
    #[serde(default)]
    pub cells_measured: usize,
    /// Whether the run was told to stop.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub interrupted: bool,
}

/// One phase of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Phase {
    pub name: String,
    pub wall: f64,
    /// The part of `wall` in which something was built, installed or tested. Where several workers ran, it is `wall`
    /// times the share of their busy time that was such work.
    pub work: f64,
}

impl Ledger {
    /// The seconds that each wheel took that was built. None where none was.
    #[must_use]
    pub fn of_each_build(&self) -> Option<f64> {
        let built: f64 =
            self.phases.iter().filter(|phase| phase.name == "build").map(|phase| phase.wall).sum();
        #[expect(clippy::cast_precision_loss, reason = "a number of wheels")]
        (self.wheels_built > 0).then(|| built / self.wheels_built as f64)
    }

    /// The accounts of several runs as one: what they took together, as if one after another.
    #[must_use]
    pub fn sum(ledgers: &[&Ledger]) -> Option<Ledger> {
        let (first, rest) = ledgers.split_first()?;
        let mut sum = (*first).clone();
        for ledger in rest {
            sum.wall += ledger.wall;
            sum.harness += ledger.harness;
            sum.wheels_built += ledger.wheels_built;
            sum.wheels_kept += ledger.wheels_kept;
            sum.cells_tested += ledger.cells_tested;
            sum.cells_measured += ledger.cells_measured;
            sum.interrupted |= ledger.interrupted;
            for phase in &ledger.phases {
                match sum.phases.iter_mut().find(|there| there.name == phase.name) {
                    Some(there) => {
                        (there.wall, there.work) = (there.wall + phase.wall, there.work + phase.work);
                    }
                    None => sum.phases.push(phase.clone()),
                }
            }
            for line in &ledger.found {
                if !sum.found.contains(line) {
                    sum.found.push(line.clone());
                }
            }
        }
        Some(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(times: u16, found: &str) -> Ledger {
        let (seconds, count) = (f64::from(times), usize::from(times));
        let phase = |name: &str| Phase { name: name.to_owned(), wall: 10.0 * seconds, work: 7.0 * seconds };
        Ledger {
            schema_version: 1,
            wall: 100.0 * seconds,
            phases: vec![phase("tests"), phase(&format!("only in {times}"))],
            harness: 3.0 * seconds,
            found: vec!["tools".to_owned(), found.to_owned()],
            wheels_built: 2 * count,
            wheels_kept: 3 * count,
            suite: Vec::new(),
            cells_tested: 5 * count,
            cells_measured: 7 * count,
            interrupted: times > 1,
        }
    }

    #[test]
    fn the_accounts_of_two_runs_add_up_in_every_entry() {
        let sum = Ledger::sum(&[&ledger(1, "Python 3.9"), &ledger(2, "Python 3.13")]).expect("a sum");
        let phase = |name: &str, wall, work| Phase { name: name.to_owned(), wall, work };
        let expected = Ledger {
            phases: vec![
                phase("tests", 30.0, 21.0),
                phase("only in 1", 10.0, 7.0),
                phase("only in 2", 20.0, 14.0),
            ],
            found: vec!["tools".to_owned(), "Python 3.9".to_owned(), "Python 3.13".to_owned()],
            ..ledger(3, "")
        };
        assert_eq!(sum, expected);
        assert_eq!(Ledger::sum(&[]), None);
    }
}
