//! Where does the time of a run go while it lasts? Phases as they end in, its accounts out.

use std::time::{Duration, Instant};

use crate::model::ledger::{Ledger, Phase};
use crate::model::record::SCHEMA_VERSION;

/// The accounts while the run goes on.
#[derive(Debug)]
pub struct Clock {
    started: Instant,
    phases: Vec<Phase>,
}

impl Clock {
    #[must_use]
    pub fn start() -> Self {
        Clock { started: Instant::now(), phases: Vec::new() }
    }

    /// Runs a phase; `work` says of its result how much of its wall clock was work.
    pub fn phase<T>(
        &mut self,
        name: &str,
        phase: impl FnOnce() -> T,
        work: impl FnOnce(&T, Duration) -> Duration,
    ) -> T {
        let started = Instant::now();
        let result = phase();
        let wall = started.elapsed();
        let work = work(&result, wall).min(wall);
        self.phases.push(Phase { name: name.to_owned(), wall: wall.as_secs_f64(), work: work.as_secs_f64() });
        result
    }

    /// Closes the accounts, before it is said what ran.
    #[must_use]
    pub fn settle(self, found: Vec<String>, wheels_built: usize, wheels_kept: usize) -> Ledger {
        let wall = self.started.elapsed().as_secs_f64();
        let work: f64 = self.phases.iter().map(|phase| phase.work).sum();
        let harness = (wall - work).max(0.0);
        let phases = self.phases;
        let (suite, cells_tested, cells_measured) = (Vec::new(), 0, 0);
        Ledger {
            schema_version: SCHEMA_VERSION,
            wall,
            phases,
            harness,
            found,
            wheels_built,
            wheels_kept,
            suite,
            cells_tested,
            cells_measured,
            interrupted: false,
        }
    }
}

/// `wall` times the share of busy time that was work.
#[must_use]
pub fn share(wall: Duration, work: f64, busy: f64) -> Duration {
    if busy > 0.0 { wall.mul_f64((work / busy).clamp(0.0, 1.0)) } else { Duration::ZERO }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_work_is_the_harness_own() {
        let mut clock = Clock::start();
        clock.phase("build", || std::thread::sleep(Duration::from_millis(20)), |(), wall| wall);
        clock.phase("start", || std::thread::sleep(Duration::from_millis(20)), |(), _| Duration::ZERO);
        let ledger = clock.settle(Vec::new(), 0, 0);
        let parts = ledger.harness + ledger.phases.iter().map(|phase| phase.work).sum::<f64>();
        assert!((parts - ledger.wall).abs() < 1e-9);
        assert!(ledger.harness >= 0.02 && ledger.phases[1].work == 0.0);
    }

    #[test]
    fn two_workers_share_one_wall_clock() {
        let wall = Duration::from_secs(10);
        assert_eq!(share(wall, 15.0, 20.0), Duration::from_millis(7500));
        assert_eq!(share(wall, 0.0, 0.0), Duration::ZERO);
    }
}
