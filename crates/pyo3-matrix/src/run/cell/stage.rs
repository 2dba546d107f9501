//! What did a stage of a cell come to? How it ended and what it left in, its part of the cell's record out. Pure.

use crate::model::kit::Kit;
use crate::model::record::{Memory, Outcome, Record, TestResult, Thoroughness};
use crate::service::Standing;
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
    /// The names of the variables that the tests had of the user's shell.
    pub passed: Vec<String>,
}

impl StageResult {
    /// This result, now that `standing` says what became of the stage's database. Tests that failed without their database
    /// say nothing of the extension. A crash, a hang, a mismatch or a leak does so in any case.
    pub fn on(mut self, standing: impl FnOnce() -> Standing) -> StageResult {
        let Evidence { tests, memory, .. } = &self.evidence;
        let leaked = |memory: &Memory| memory.leaked(tests);
        // tox may hide how the process ended.
        let died = tests.values().any(|result| *result == TestResult::Running);
        if self.outcome != Outcome::TestsFailed || died || memory.as_ref().is_some_and(leaked) {
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

    /// Whether the installed files were held to the wheel, and were its own.
    pub fn is_the_wheel(&self) -> bool {
        // Only what was observed was compared.
        self.evidence.observed.is_some() && self.outcome != Outcome::Mismatch
    }

    /// Adds a benchmark stage to its cell's record. How the stage ended says more than the file that it left, which is missed
    /// only where benchmarks were `asked` for.
    pub fn measured(self, thoroughness: Thoroughness, asked: bool, measured: &Measured, record: &mut Record) {
        // An interrupted stage measured nothing; what the tests said still stands.
        if self.interrupted && self.outcome == Outcome::Lost {
            return;
        }
        record.thoroughness = thoroughness;
        record.durations.benchmarks = self.evidence.own_seconds;
        record.durations.harness += self.harness;
        if self.outcome == Outcome::Mismatch {
            record.hashes.wheel = None;
        }
        add(self.evidence, record);
        let unreadable = match measure::benchmarks(measured) {
            Ok(measured) => {
                (record.benchmarks, record.comparisons) = measured;
                None
            }
            Err(fault) => Some(fault),
        };
        let none = asked && record.benchmarks.is_empty();
        let none = none.then(|| "the stage left no result".to_owned());
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

/// Adds the results of the second stage to those of the first. Of two results of one test the one that says more counts.
fn add(evidence: Evidence, record: &mut Record) {
    let Evidence { tests, seconds, failures, mut skips, kit, .. } = evidence;
    for (test, result) in tests {
        if record.tests.get(&test).is_some_and(|before| weight(*before) > weight(result)) {
            continue;
        }
        match skips.remove(&test) {
            Some(reason) => record.skips.insert(test.clone(), reason),
            None => record.skips.remove(&test),
        };
        record.seconds.extend(seconds.get(&test).map(|took| (test.clone(), *took)));
        record.tests.insert(test, result);
    }
    record.failures.extend(failures);
    if let Some(kit) = kit {
        add_kit(kit, record);
    }
}

/// Adds the checks of the conformance kit that run by themselves, each in place of the reason why the first stage left it out.
fn add_kit(second: Kit, record: &mut Record) {
    let Some(first) = &mut record.kit else {
        record.kit = Some(second);
        return;
    };
    for check in second.checks {
        match first.checks.iter_mut().find(|known| known.id == check.id) {
            Some(known) => *known = check,
            None => first.checks.push(check),
        }
    }
}

/// How much a result says of its test: a stage that skipped a test says nothing.
fn weight(result: TestResult) -> u8 {
    match result {
        TestResult::Skipped => 0,
        TestResult::Xfailed => 1,
        TestResult::Passed => 2,
        TestResult::Failed
        | TestResult::Error
        | TestResult::Xpassed
        | TestResult::Running
        | TestResult::NotRun => 3,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::TestResult::{Error, Failed, NotRun, Passed, Running, Skipped, Xfailed, Xpassed};
    use super::*;
    use crate::model::kit;
    use crate::model::record::{Observed, Versions};

    fn record() -> Record {
        let cell = "py3.12-pg16-pyo3_0.30".parse().expect("an id");
        Record::empty(cell, Versions::ones(), Outcome::Passed, None)
    }

    fn ended(outcome: Outcome) -> StageResult {
        let reason = Some("why".to_owned());
        let evidence = Evidence::default();
        StageResult { outcome, reason, evidence, interrupted: false, harness: 0.0, passed: Vec::new() }
    }

    /// The outcome and the reason of a cell whose second stage ended so, and left half a file.
    fn measured(result: StageResult) -> (Outcome, String) {
        let mut record = record();
        let measured = Measured { benchmarks: Some("cut sh".into()), ..Measured::default() };
        result.measured(Thoroughness::Quick, true, &measured, &mut record);
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
        let mut died = ended(Outcome::TestsFailed);
        died.evidence.tests.insert("a".into(), Running);
        assert_eq!(died.on(gone).outcome, Outcome::TestsFailed, "its process ended in a test");
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

    /// What the record says of a test with these results in the first stage and in the second.
    fn both(first: TestResult, second: TestResult) -> (TestResult, Option<String>) {
        let skips = |result, reason: &str| {
            let skipped = matches!(result, Skipped | Xfailed).then(|| ("a".to_owned(), reason.to_owned()));
            skipped.into_iter().collect()
        };
        let (mut record, mut result) = (record(), ended(Outcome::Passed));
        record.tests.insert("a".into(), first);
        record.skips = skips(first, "first");
        result.evidence.tests.insert("a".into(), second);
        result.evidence.skips = skips(second, "second");
        result.measured(Thoroughness::Quick, true, &Measured::default(), &mut record);
        (record.tests["a"], record.skips.get("a").cloned())
    }

    #[test]
    fn of_the_results_of_both_stages_the_one_that_says_more_counts() {
        let because = |reason: &str| Some(reason.to_owned());
        for (first, second, expected) in [
            (Passed, Skipped, (Passed, None)),
            (Skipped, Passed, (Passed, None)),
            (Passed, Xfailed, (Passed, None)),
            (Xfailed, Passed, (Passed, None)),
            (Xfailed, Skipped, (Xfailed, because("first"))),
            (Skipped, Xfailed, (Xfailed, because("second"))),
            (Skipped, Skipped, (Skipped, because("second"))),
        ] {
            assert_eq!(both(first, second), expected, "{first:?}, {second:?}");
        }
        for red in [Failed, Error, Xpassed, Running, NotRun] {
            assert_eq!(both(Passed, red), (red, None));
            assert_eq!(both(red, Passed), (red, None));
        }
    }

    #[test]
    fn a_result_of_one_stage_alone_is_kept_with_its_reason() {
        let (mut record, mut result) = (record(), ended(Outcome::Passed));
        record.tests.insert("a".into(), Skipped);
        record.skips.insert("a".into(), "why".into());
        result.evidence.tests.insert("b".into(), Xfailed);
        result.evidence.skips.insert("b".into(), "because".into());
        result.measured(Thoroughness::Quick, true, &Measured::default(), &mut record);
        assert_eq!((record.tests["a"], record.tests["b"]), (Skipped, Xfailed));
        assert_eq!((&*record.skips["a"], &*record.skips["b"]), ("why", "because"));
    }

    #[test]
    fn the_wheel_is_named_only_where_something_was_compared_and_nothing_found() {
        let observed = || Observed {
            versions: Versions::ones(),
            python_full: "3.12.1".into(),
            implementation: None,
            build_info: BTreeMap::new(),
            packages: BTreeMap::new(),
            loaded: None,
        };
        let named = |outcome, observed| {
            let mut result = ended(outcome);
            // Installed files are read from the same document, though the rest of it may make no sense.
            (result.evidence.installed, result.evidence.observed) = (Some(BTreeMap::new()), observed);
            result.is_the_wheel()
        };
        assert!(named(Outcome::Passed, Some(observed())) && named(Outcome::TestsFailed, Some(observed())));
        assert!(!named(Outcome::Mismatch, Some(observed())));
        assert!(!named(Outcome::TestsFailed, None));
    }

    #[test]
    fn a_mismatch_of_the_second_stage_takes_the_wheels_name_away() {
        let after = |outcome| {
            let mut record = record();
            record.hashes.wheel = Some("ab".into());
            ended(outcome).measured(Thoroughness::Quick, true, &Measured::default(), &mut record);
            record.hashes.wheel
        };
        assert_eq!(after(Outcome::Mismatch), None);
        assert_eq!(after(Outcome::TestsFailed).as_deref(), Some("ab"));
    }

    #[test]
    fn a_project_without_benchmarks_misses_none_and_its_kit_is_one_of_both_stages() {
        let kit = |checks: &[(&str, &str)]| {
            kit::tests::kit(checks.iter().map(|(id, outcome)| kit::tests::check(id, outcome)).collect())
        };
        let mut record = record();
        record.kit = Some(kit(&[("core/a", "passed"), ("core/slope", "not applicable")]));
        let mut result = ended(Outcome::Passed);
        result.evidence.kit = Some(kit(&[("core/slope", "passed"), ("core/new", "recorded")]));
        result.measured(Thoroughness::Quick, false, &Measured::default(), &mut record);
        assert_eq!((record.outcome, record.reason), (Outcome::Passed, None));
        let found = record.kit.expect("a kit").checks;
        let found: Vec<_> = found.iter().map(|check| (check.id.as_str(), check.outcome.as_str())).collect();
        assert_eq!(found, [("core/a", "passed"), ("core/slope", "passed"), ("core/new", "recorded")]);
    }
}
