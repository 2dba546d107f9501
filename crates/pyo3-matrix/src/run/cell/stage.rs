//! What did a stage of a cell come to? How it ended and what it left in, its part of the cell's record out. Pure.

use crate::model::record::{Memory, Outcome, Record, Thoroughness};
use crate::service::server::Standing;
use crate::store::left::Measured;
use crate::verdict::measure::{self, Evidence};

/// What a stage left behind.
pub(super) struct StageResult {
    pub outcome: Outcome,
    pub reason: Option<String>,
    pub evidence: Evidence,
    /// Whether the harness was told to stop before the stage ended.
    pub interrupted: bool,
    /// Seconds on the wall clock that were not the life of the test process.
    pub harness: f64,
}

impl StageResult {
    /// This result, now that `standing` says what became of the stage's database. Tests that failed without their database
    /// say nothing of the extension. A crash, a hang, a mismatch or a leak does so in any case.
    pub fn on(mut self, standing: impl FnOnce() -> Standing) -> StageResult {
        let leaked = |memory: &Memory| memory.leaked(&self.evidence.tests);
        if self.outcome != Outcome::TestsFailed || self.evidence.memory.as_ref().is_some_and(leaked) {
            return self;
        }
        let became = match standing() {
            Standing::There => return self,
            Standing::Gone(became) => {
                self.outcome = Outcome::Lost;
                became
            }
            Standing::Silent(became) => became,
        };
        self.reason =
            Some(self.reason.map_or_else(|| became.clone(), |reason| format!("{reason}; {became}")));
        self
    }

    /// Adds a benchmark stage to its cell's record. How the stage ended says more than the file that it left.
    pub fn measured(self, thoroughness: Thoroughness, measured: &Measured, record: &mut Record) {
        // An interrupted stage measured nothing; what the tests said still stands.
        if self.interrupted && self.outcome == Outcome::Lost {
            return;
        }
        record.thoroughness = thoroughness;
        record.durations.benchmarks = self.evidence.own_seconds;
        record.durations.harness += self.harness;
        record.tests.extend(self.evidence.tests);
        record.failures.extend(self.evidence.failures);
        record.skips.extend(self.evidence.skips);
        let unreadable = match measure::benchmarks(measured) {
            Ok(measured) => {
                (record.benchmarks, record.comparisons) = measured;
                None
            }
            Err(fault) => Some(fault),
        };
        let none = record.benchmarks.is_empty().then(|| "the stage left no result".to_owned());
        if !self.outcome.is_green() {
            (record.outcome, record.reason) = (self.outcome, self.reason);
        } else if let Some(reason) = unreadable.or(none) {
            (record.outcome, record.reason) = (Outcome::TestsFailed, Some(reason));
        } else {
            return;
        }
        record.reason = record.reason.take().map(|reason| format!("benchmarks: {reason}"));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::record::TestResult::Failed;
    use crate::model::record::Versions;

    fn versions() -> Versions {
        let text = || "1".to_owned();
        Versions { python: text(), postgres: text(), pyo3: text(), pyo3_async_runtimes: text() }
    }

    fn record() -> Record {
        let cell = "py3.12-pg16-pyo3_0.30".parse().expect("an id");
        Record::empty(cell, versions(), Outcome::Passed, None)
    }

    fn ended(outcome: Outcome) -> StageResult {
        let reason = Some("why".to_owned());
        StageResult { outcome, reason, evidence: Evidence::default(), interrupted: false, harness: 0.0 }
    }

    /// The outcome and the reason of a cell whose second stage ended so, and left half a file.
    fn measured(result: StageResult) -> (Outcome, String) {
        let mut record = record();
        let measured = Measured { benchmarks: Some("cut sh".into()), ..Measured::default() };
        result.measured(Thoroughness::Quick, &measured, &mut record);
        (record.outcome, record.reason.unwrap_or_default())
    }

    #[test]
    fn a_stage_that_crashed_or_hung_is_not_told_by_the_file_that_it_cut_short() {
        assert_eq!(measured(ended(Outcome::Hung)), (Outcome::Hung, "benchmarks: why".to_owned()));
        let (outcome, reason) = measured(ended(Outcome::Passed));
        assert_eq!(outcome, Outcome::TestsFailed);
        assert!(reason.starts_with("benchmarks: benchmark.json: "), "{reason}");
    }

    #[test]
    fn an_interrupted_stage_leaves_its_cell_as_it_was_and_a_lost_database_does_not() {
        let interrupted = |outcome| StageResult { interrupted: true, ..ended(outcome) };
        assert_eq!(measured(interrupted(Outcome::Lost)), (Outcome::Passed, String::new()));
        assert_eq!(measured(interrupted(Outcome::Mismatch)).0, Outcome::Mismatch);
        assert_eq!(measured(ended(Outcome::Lost)), (Outcome::Lost, "benchmarks: why".to_owned()));
    }

    fn gone() -> Standing {
        Standing::Gone("its database is gone".into())
    }

    #[test]
    fn tests_that_failed_without_their_database_are_lost_and_stay_in_the_record() {
        let mut failed = ended(Outcome::TestsFailed);
        failed.evidence.tests.insert("a".into(), Failed);
        let lost = failed.on(gone);
        assert_eq!(
            (&lost.outcome, lost.reason.as_deref()),
            (&Outcome::Lost, Some("why; its database is gone"))
        );
        assert_eq!(lost.evidence.tests["a"], Failed);
        let there = ended(Outcome::TestsFailed).on(|| Standing::There);
        assert_eq!((there.outcome, there.reason.as_deref()), (Outcome::TestsFailed, Some("why")));
    }

    #[test]
    fn a_server_that_does_not_answer_leaves_the_outcome_as_it_is_and_is_named() {
        let silent = ended(Outcome::TestsFailed).on(|| Standing::Silent("no answer".into()));
        assert_eq!(
            (silent.outcome, silent.reason.as_deref()),
            (Outcome::TestsFailed, Some("why; no answer"))
        );
    }

    #[test]
    fn whatever_became_of_the_database_a_crash_a_hang_a_mismatch_and_a_leak_stay() {
        let crashed = Outcome::Crashed { signal: "SIGSEGV".into() };
        for outcome in [crashed, Outcome::Hung, Outcome::Mismatch, Outcome::Passed] {
            assert_eq!(ended(outcome.clone()).on(gone).outcome, outcome);
        }
        let mut leak = ended(Outcome::TestsFailed);
        leak.evidence.tests.insert("f.py::a".into(), Failed);
        let memory = |leaks: &str| Memory {
            unit: "bytes".into(),
            interval_seconds: 0.1,
            samples: Vec::new(),
            peak: 0,
            leaks: BTreeMap::from([(leaks.to_owned(), serde_json::Value::Null)]),
        };
        leak.evidence.memory = Some(memory("a"));
        let mut leak = leak.on(gone);
        assert_eq!(leak.outcome, Outcome::TestsFailed);
        leak.evidence.memory = Some(memory("another"));
        assert_eq!(leak.on(gone).outcome, Outcome::Lost, "another test looked for a leak");
    }
}
