//! The report for tools that read JUnit XML, such as GitLab, Jenkins and GitHub's test reporters: a suite per cell, a test
//! case per test. What a test found is a failure; how the harness saw the cell end is an error of a case of its own.

use std::io;
use std::time::Duration;

use quick_junit::{
    NonSuccessKind, Property, Report as Junit, TestCase, TestCaseStatus, TestRerun, TestSuite,
};

use crate::model::record::{NO_RESULT, Outcome, Record, TestResult};
use crate::report::Whole;
use crate::verdict::judge::CellVerdict;

/// The name of this report in a run's folder.
pub const FILE: &str = "junit.xml";

/// The case that stands for how a cell ended.
const CELL: &str = "cell";

/// Renders the report. Rehearsals are suites as well: a name in front tells them apart.
pub fn render(whole: &Whole) -> io::Result<String> {
    let Whole { report, records, .. } = whole;
    let mut junit = Junit::new(format!("pyo3-matrix {}", report.preset));
    if let Some(ledger) = &report.ledger {
        junit.set_time(seconds(ledger.wall));
    }
    let record = |cell: &CellVerdict| records.iter().find(|record| record.cell == cell.cell);
    for cell in &report.verdict.cells {
        junit.add_test_suite(suite("", cell, record(cell)));
    }
    for cell in &report.verdict.rehearsals {
        junit.add_test_suite(suite("rehearsal ", cell, record(cell)));
    }
    Ok(without_count_of_skips(&junit.to_string().map_err(io::Error::other)?))
}

/// The text without the root's own count of skips: the schema of Jenkins' xUnit plugin knows it of suites alone, and the
/// plugin refuses what its schema does not know.
fn without_count_of_skips(text: &str) -> String {
    const COUNT: &str = " skipped=\"";
    let root = text.find("<testsuites").and_then(|start| Some(start..start + text[start..].find('>')?));
    let count = root.and_then(|root| Some(root.start + text[root].find(COUNT)?));
    let Some(start) = count else { return text.to_owned() };
    let value = start + COUNT.len();
    let end = text[value..].find('"').map_or(text.len(), |end| value + end + 1);
    [&text[..start], &text[end..]].concat()
}

/// One cell: what it ran on as properties, how it ended, its tests.
fn suite(before: &str, cell: &CellVerdict, record: Option<&Record>) -> TestSuite {
    let name = format!("{before}{}", cell.cell);
    let mut suite = TestSuite::new(name.clone());
    suite.add_property(Property::new("outcome", cell.outcome.to_string()));
    suite.add_test_case(ending(&name, cell));
    let Some(record) = record else { return suite };
    let durations = record.durations;
    suite.set_time(seconds(durations.tests + durations.benchmarks + durations.harness));
    if let Some(observed) = &record.observed {
        suite.add_property(Property::new("python", observed.python_full.clone()));
        let packages = observed.packages.iter();
        suite.add_properties(
            packages.map(|(package, version)| Property::new(package.as_str(), version.as_str())),
        );
    }
    suite.add_test_cases(record.tests.iter().map(|(test, result)| case(test, *result, record)));
    suite
}

/// How the cell ended. Tests that failed are told by their own cases.
fn ending(name: &str, cell: &CellVerdict) -> TestCase {
    let reason = cell.reason.as_deref().unwrap_or_default();
    let first = reason.lines().next().unwrap_or_default();
    let tells_nothing_else = cell.outcome == Outcome::TestsFailed && cell.failing.is_empty();
    let mut status = match &cell.outcome {
        Outcome::Skipped { .. } | Outcome::UnderWay => TestCaseStatus::skipped(),
        outcome if outcome.is_error() || tells_nothing_else => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_type(outcome.to_string()).set_description(reason);
            status
        }
        _ => TestCaseStatus::success(),
    };
    if !matches!(status, TestCaseStatus::Success { .. }) {
        status.set_message(first);
    }
    let mut case = TestCase::new(CELL, status);
    case.set_classname(name);
    case
}

fn case(test: &str, result: TestResult, record: &Record) -> TestCase {
    let mut status = match result {
        TestResult::Passed => TestCaseStatus::success(),
        TestResult::Skipped | TestResult::Xfailed => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(record.skips.get(test).map_or("", String::as_str));
            status
        }
        TestResult::NotRun => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(NO_RESULT);
            status
        }
        TestResult::Failed | TestResult::Error | TestResult::Xpassed | TestResult::Running => {
            failure(test, result, record)
        }
    };
    for attempt in record.attempts.iter().filter_map(|attempt| attempt.failing.get(test)) {
        let mut rerun = TestRerun::new(NonSuccessKind::Failure);
        // Jenkins' schema asks each of them for its type.
        rerun.set_type("failed").set_message(attempt.as_str());
        status.add_rerun(rerun);
    }
    let (file, name) = test.split_once("::").unwrap_or(("", test));
    let mut case = TestCase::new(name, status);
    case.set_classname(file.trim_end_matches(".py").replace('/', "."));
    if let Some(&took) = record.seconds.get(test) {
        case.set_time(seconds(took));
    }
    case
}

fn failure(test: &str, result: TestResult, record: &Record) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(format!("{result:?}").to_lowercase());
    status.set_message(record.why(test, result));
    if let Some(failure) = record.failures.get(test) {
        status.set_description(failure.report.as_str());
    }
    status
}

/// A time that was measured; a clock that was set back makes none.
fn seconds(time: f64) -> Duration {
    Duration::try_from_secs_f64(time).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::record::{Attempt, TestFailure, Versions};
    use crate::report::tests::report;

    /// A report of one cell that ended so, with these tests.
    fn rendered(outcome: Outcome, tests: &[(&str, TestResult)], change: impl Fn(&mut Record)) -> String {
        let mut report = report(1, 0);
        let cell = &mut report.verdict.cells[0];
        let mut record = Record::empty(cell.cell.clone(), Versions::ones(), outcome.clone(), None);
        record.tests = tests.iter().map(|(test, result)| ((*test).to_owned(), *result)).collect();
        change(&mut record);
        (cell.outcome, cell.failing) = (outcome, record.failing());
        cell.reason = Some("why\nand what to do".into());
        render(&Whole { report, records: vec![record], since: None }).expect("it is written")
    }

    /// The counts of the only suite: tests, failures and errors.
    fn counts(text: &str) -> [usize; 3] {
        let junit = Junit::deserialize_from_str(text).expect("it is read");
        let suite = &junit.test_suites[0];
        [suite.tests, suite.failures, suite.errors]
    }

    #[test]
    fn a_failing_test_is_a_failure_with_its_report_and_no_error_of_the_harness() {
        let text = rendered(
            Outcome::TestsFailed,
            &[("tests/a.py::B::test_a[<1>]", TestResult::Failed), ("tests/a.py::test_b", TestResult::Passed)],
            |record| {
                let failure = TestFailure {
                    message: "assert 1 == 2".into(),
                    report: "E   <all of it>\u{1b}[0m".into(),
                };
                record.failures.insert("tests/a.py::B::test_a[<1>]".into(), failure);
                record.seconds.insert("tests/a.py::test_b".into(), 1.5);
            },
        );
        assert_eq!(counts(&text), [3, 1, 0], "{text}");
        for said in [
            r#"name="B::test_a[&lt;1&gt;]" classname="tests.a""#,
            r#"<failure message="assert 1 == 2" type="failed">E   &lt;all of it&gt;</failure>"#,
            r#"name="test_b" classname="tests.a" time="1.500""#,
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
    }

    #[test]
    fn a_cell_that_crashed_is_an_error_and_its_last_test_a_failure() {
        let tests = [("a.py::test_a", TestResult::Running), ("a.py::test_b", TestResult::NotRun)];
        let text = rendered(Outcome::Crashed { signal: "SIGSEGV".into() }, &tests, |_| {});
        assert_eq!(counts(&text), [3, 1, 1], "{text}");
        assert!(text.contains(r#"<error message="why" type="crashed (SIGSEGV)">why"#), "{text}");
        assert!(text.contains("collected, and has no result"), "{text}");
    }

    #[test]
    fn skips_have_their_reasons_and_a_flaky_test_its_failed_try() {
        let tests = [("a.py::test_a", TestResult::Skipped), ("a.py::test_b", TestResult::Passed)];
        let text = rendered(Outcome::Flaky, &tests, |record| {
            record.skips.insert("a.py::test_a".into(), "no fork here".into());
            let failing = BTreeMap::from([("a.py::test_b".to_owned(), "it was late".to_owned())]);
            record.attempts.push(Attempt { run: None, reason: None, failing });
        });
        assert_eq!(counts(&text), [3, 0, 0], "{text}");
        assert!(text.contains(r#"<skipped message="no fork here"/>"#), "{text}");
        assert!(text.contains(r#"<flakyFailure message="it was late" type="failed""#), "{text}");
    }

    #[test]
    fn the_root_counts_no_skips() {
        let text = rendered(Outcome::Passed, &[("a.py::test_a", TestResult::Skipped)], |_| {});
        let (root, rest) = text.split_once("<testsuite ").expect("a suite");
        assert!(!root.contains("skipped") && rest.contains("skipped=\"1\""), "{text}");
    }
}
