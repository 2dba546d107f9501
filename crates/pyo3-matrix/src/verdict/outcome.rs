//! How did a cell end? How its process ended and what it left behind in, an [`Outcome`] and its reason out. Pure.

use std::collections::BTreeMap;

use crate::model::record::{Observed, Outcome, TestResult, Versions};
use crate::process::{Exit, signal_name};
use crate::verdict::measure::Evidence;

/// The outcome of a stage, and why it is not `Passed`. `built` is what the wheel's own build said of it.
#[must_use]
pub fn outcome(
    exit: Exit,
    evidence: &Evidence,
    requested: &Versions,
    built: &BTreeMap<String, String>,
) -> (Outcome, Option<String>) {
    if let Some(reason) = mismatch(evidence, requested, built) {
        return (Outcome::Mismatch, Some(reason));
    }
    match exit {
        Exit::Interrupted => (Outcome::Lost, Some("interrupted before its end".to_owned())),
        Exit::TimedOut(limit) => {
            let reason = format!("still running after {} s{}", limit.as_secs(), during(evidence));
            (Outcome::Hung, Some(reason))
        }
        Exit::Signal(number) => crashed(number, evidence),
        Exit::Code(code) => match hidden_signal(code, evidence) {
            Some(number) => crashed(number, evidence),
            None => finished(code, evidence),
        },
    }
}

/// Requested beside observed, and what the module says of its build beside what the build said, where they differ.
fn mismatch(evidence: &Evidence, requested: &Versions, built: &BTreeMap<String, String>) -> Option<String> {
    let Observed { versions: observed, build_info, .. } = evidence.observed.as_ref()?;
    let pairs = [
        ("Python", &requested.python, &observed.python),
        ("Postgres", &requested.postgres, &observed.postgres),
        ("pyo3", &requested.pyo3, &observed.pyo3),
        ("pyo3-async-runtimes", &requested.pyo3_async_runtimes, &observed.pyo3_async_runtimes),
    ];
    let mut differing: Vec<String> = pairs
        .iter()
        .filter(|(_, expected, got)| expected != got)
        .map(|(what, expected, got)| format!("{what}: expected {expected}, got {got}"))
        .collect();
    let said = build_info.iter().filter_map(|(key, said)| Some((key, said, built.get(key)?)));
    let said = said.filter(|(_, said, built)| said != built);
    differing.extend(said.map(|(key, said, built)| {
        format!("{key}: the wheel was built with {built}, the module says {said}")
    }));
    (!differing.is_empty()).then(|| differing.join("; "))
}

/// tox passes on a child that died of signal `n` as exit code 256 − n, and a shell as 128 + n. Neither is taken for a
/// signal where the session told the same code itself; another one means that the process died after its tests.
fn hidden_signal(code: i32, evidence: &Evidence) -> Option<i32> {
    match code {
        _ if evidence.session_code == Some(code) => None,
        192..=255 => Some(256 - code),
        129..=159 => Some(code - 128),
        _ => None,
    }
}

fn crashed(number: i32, evidence: &Evidence) -> (Outcome, Option<String>) {
    let signal = signal_name(number);
    let reason = format!("the test process was ended by {signal}{}", during(evidence));
    (Outcome::Crashed { signal }, Some(reason))
}

/// ` in tests/a.py::test_b` for the test that was running.
fn during(evidence: &Evidence) -> String {
    let running = evidence.tests.iter().find(|(_, result)| **result == TestResult::Running);
    running.map_or_else(String::new, |(test, _)| format!(" in {test}"))
}

/// A session that came to its own end, or never began.
fn finished(code: i32, evidence: &Evidence) -> (Outcome, Option<String>) {
    let failed = |reason: String| (Outcome::TestsFailed, Some(reason));
    if let Some(error) = &evidence.observe_error {
        return failed(format!("the cell could not observe itself: {error}"));
    }
    if evidence.observed.is_none() {
        return failed(format!("exit code {code} before the cell observed itself; see output.log"));
    }
    let red = evidence.tests.values().filter(|result| result.is_red()).count();
    if red > 0 {
        return failed(format!("{red} of {} tests failed", evidence.tests.len()));
    }
    if code == 0 && evidence.session_code.is_none() {
        return failed(format!("the process ended before its tests did{}; see output.log", during(evidence)));
    }
    if !evidence.tests.values().any(|result| *result == TestResult::Passed) {
        return failed("no test ran".to_owned());
    }
    if code != 0 {
        return failed(format!("every test passed, but the session ended with code {code}; see output.log"));
    }
    (Outcome::Passed, None)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn versions(pyo3: &str) -> Versions {
        Versions {
            python: "3.12".into(),
            postgres: "16".into(),
            pyo3: pyo3.into(),
            pyo3_async_runtimes: "0.30.0".into(),
        }
    }

    fn evidence(tests: &[(&str, TestResult)], ended: bool) -> Evidence {
        let observed = Observed {
            versions: versions("0.30.1"),
            python_full: "3.12.1".into(),
            postgres_full: "16.14".into(),
            build_info: BTreeMap::new(),
            packages: BTreeMap::new(),
        };
        Evidence {
            observed: Some(observed),
            tests: tests.iter().map(|(name, result)| ((*name).into(), *result)).collect(),
            session_code: ended.then_some(0),
            ..Evidence::default()
        }
    }

    fn check(exit: Exit, evidence: &Evidence) -> (Outcome, String) {
        let (outcome, reason) = outcome(exit, evidence, &versions("0.30.1"), &BTreeMap::new());
        (outcome, reason.unwrap_or_default())
    }

    #[test]
    fn passed_needs_a_test_that_passed_and_a_clean_exit() {
        let one = [("a", TestResult::Passed)];
        assert_eq!(check(Exit::Code(0), &evidence(&one, true)).0, Outcome::Passed);
        assert_eq!(check(Exit::Code(1), &evidence(&one, true)).0, Outcome::TestsFailed);
        assert_eq!(check(Exit::Code(5), &evidence(&[], true)), (Outcome::TestsFailed, "no test ran".into()));
        assert_eq!(
            check(Exit::Code(0), &evidence(&[("a", TestResult::Skipped)], true)).0,
            Outcome::TestsFailed
        );
        assert_eq!(check(Exit::Code(0), &Evidence::default()).0, Outcome::TestsFailed);
    }

    #[test]
    fn a_process_that_left_in_the_middle_of_its_session_has_not_passed() {
        let found = check(Exit::Code(0), &evidence(&[("a", TestResult::Passed)], false));
        let expected = "the process ended before its tests did; see output.log".to_owned();
        assert_eq!(found, (Outcome::TestsFailed, expected));
    }

    #[test]
    fn a_failed_test_is_red_whatever_the_exit_code() {
        let found = check(Exit::Code(0), &evidence(&[("a", TestResult::Failed)], true));
        assert_eq!(found, (Outcome::TestsFailed, "1 of 1 tests failed".into()));
    }

    #[test]
    fn a_signal_behind_tox_is_a_crash_in_the_running_test() {
        let found = check(Exit::Code(245), &evidence(&[("a", TestResult::Running)], false));
        let expected = "the test process was ended by SIGSEGV in a".to_owned();
        assert_eq!(found, (Outcome::Crashed { signal: "SIGSEGV".into() }, expected));
        let at_exit = check(Exit::Code(245), &evidence(&[("a", TestResult::Passed)], true));
        assert_eq!(at_exit.0, Outcome::Crashed { signal: "SIGSEGV".into() }, "it died after its session");
        let own = Evidence { session_code: Some(245), ..evidence(&[("a", TestResult::Passed)], true) };
        assert_eq!(check(Exit::Code(245), &own).0, Outcome::TestsFailed, "the code is the session's own");
    }

    #[test]
    fn a_wall_clock_that_ran_out_is_hung() {
        let exit = Exit::TimedOut(Duration::from_secs(9));
        let found = check(exit, &evidence(&[("a", TestResult::Running)], false));
        assert_eq!(found, (Outcome::Hung, "still running after 9 s in a".into()));
    }

    #[test]
    fn observed_unlike_requested_comes_before_everything_else() {
        let seen = evidence(&[("a", TestResult::Passed)], true);
        let (outcome, reason) = outcome(Exit::Code(0), &seen, &versions("0.29.3"), &BTreeMap::new());
        assert_eq!(outcome, Outcome::Mismatch);
        assert_eq!(reason.as_deref(), Some("pyo3: expected 0.29.3, got 0.30.1"));
    }

    #[test]
    fn a_module_that_says_otherwise_than_its_build_is_a_mismatch() {
        let mut seen = evidence(&[("a", TestResult::Passed)], true);
        let map = |pairs: [(&str, &str); 2]| pairs.map(|(key, value)| (key.into(), value.into())).into();
        if let Some(observed) = &mut seen.observed {
            observed.build_info = map([("tokio", "1.54.1"), ("anything_else", "x")]);
        }
        let found = |tokio| {
            outcome(Exit::Code(0), &seen, &versions("0.30.1"), &map([("tokio", tokio), ("bytes", "1.0.0")]))
        };
        assert_eq!(found("1.54.1").0, Outcome::Passed);
        let (outcome, reason) = found("1.50.0");
        assert_eq!(outcome, Outcome::Mismatch);
        assert_eq!(reason.as_deref(), Some("tokio: the wheel was built with 1.50.0, the module says 1.54.1"));
    }
}
