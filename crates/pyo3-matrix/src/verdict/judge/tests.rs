use super::*;
use crate::config::Missing;
use crate::model::record::{Comparison, Side, Versions};

fn versions() -> Versions {
    let text = || "1".to_owned();
    Versions { python: text(), postgres: text(), pyo3: text(), pyo3_async_runtimes: text() }
}

fn plan(cells: &[&str]) -> Plan {
    let planned = |id: &&str| Planned {
        cell: id.parse().expect("an id"),
        requested: versions(),
        excluded: None,
        legality: None,
    };
    let cells = cells.iter().map(planned).collect();
    Plan { preset: "test".into(), missing: Missing::Fail, cells, negatives: Vec::new() }
}

fn record(cell: &str, result: TestResult, speedup: Option<(f64, f64)>) -> Record {
    let outcome = if result.is_red() { Outcome::TestsFailed } else { Outcome::Passed };
    let mut record = Record::empty(cell.parse().expect("an id"), versions(), outcome, None);
    record.tests.insert("tests/a.py::test_a".into(), result);
    let side = || Side { label: String::new(), median_ms: 1.0 };
    record.comparisons.extend(speedup.map(|(low, high)| Comparison {
        name: "simple".into(),
        title: String::new(),
        control: side(),
        candidate: side(),
        speedup: Speedup { ratio: f64::midpoint(low, high), low, high, confidence: 0.95 },
    }));
    record
}

fn criteria() -> Vec<Criterion> {
    let test = Criterion { name: "a".into(), test: Some("::test_a".into()), speedup: BTreeMap::new() };
    let speedup = BTreeMap::from([("simple".to_owned(), 1.5)]);
    vec![test, Criterion { name: "fast".into(), test: None, speedup }]
}

const ONE: &str = "py3.12-pg16-pyo3_0.30";
const TWO: &str = "py3.13-pg16-pyo3_0.30";

#[test]
fn a_green_run_with_every_criterion_met_proceeds() {
    let verdict = judge(&plan(&[ONE]), &[record(ONE, TestResult::Passed, Some((1.6, 2.0)))], &criteria());
    assert!(verdict.green);
    assert_eq!(verdict.decision, Decision::Proceed);
}

#[test]
fn a_negative_cell_that_did_not_fail_as_foretold_turns_the_run_red() {
    let negative = crate::config::Negative {
        line: "0.30".parse().expect("a line"),
        python: None,
        pyo3_async_runtimes: Some("0.29.0".into()),
        message: "failed to select a version for `pyo3`".into(),
    };
    let legality = Some(crate::plan::legality::of_pairing("0.30.1", "0.29.0"));
    let planned = PlannedNegative { id: negative.to_string(), negative, legality };
    let failed = NegativeRecord::of(&planned, false, "error: failed to select a version for `pyo3`");
    let built = NegativeRecord::of(&planned, true, "");
    let plan = Plan { negatives: vec![planned], ..plan(&[ONE]) };
    let verdict = judge(&plan, &[record(ONE, TestResult::Passed, Some((1.6, 2.0)))], &criteria());
    let green = |records: &[NegativeRecord]| verdict.clone().with_negatives(&plan, records).green;
    assert!(green(&[failed]));
    assert!(!green(&[built]));
    assert!(!green(&[]), "one without a record is lost");
}

#[test]
fn a_cell_without_a_record_is_lost_and_never_green() {
    let verdict = judge(&plan(&[ONE, TWO]), &[record(ONE, TestResult::Passed, None)], &criteria());
    assert_eq!(verdict.cells[1].outcome, Outcome::Lost);
    assert!(!verdict.green);
}

#[test]
fn a_record_that_passed_no_test_is_not_green() {
    let mut hollow = record(ONE, TestResult::Passed, None);
    hollow.tests.clear();
    let verdict = judge(&plan(&[ONE]), &[hollow], &[]);
    assert_eq!(verdict.cells[0].outcome, Outcome::TestsFailed);
    assert!(!verdict.green);
}

#[test]
fn a_speedup_is_met_missed_or_undecided_by_its_whole_interval() {
    for (interval, status) in
        [((1.5, 2.0), Status::Met), ((1.4, 2.0), Status::Undecided), ((1.0, 1.4), Status::Missed)]
    {
        let verdict = judge(&plan(&[ONE]), &[record(ONE, TestResult::Passed, Some(interval))], &criteria());
        assert_eq!(verdict.criteria[1].status, status, "{interval:?}");
        assert!(verdict.green, "speed decides what comes next, not whether the cells are right");
        assert_eq!(verdict.decision == Decision::Proceed, status == Status::Met);
    }
}

#[test]
fn one_disturbed_cell_of_a_wheel_does_not_decide_its_speedup() {
    let cells = ["py3.12-pg14-pyo3_0.30", "py3.12-pg15-pyo3_0.30", ONE];
    let verdict = |intervals: [(f64, f64); 3]| {
        let records =
            cells.iter().zip(intervals).map(|(cell, at)| record(cell, TestResult::Passed, Some(at)));
        judge(&plan(&cells), &records.collect::<Vec<_>>(), &criteria()).criteria.remove(1)
    };
    let slow_once = verdict([(1.6, 2.0), (1.0, 1.1), (1.6, 1.9)]);
    assert_eq!((slow_once.status, slow_once.met, slow_once.measured), (Status::Met, 1, 1));
    let slow_twice = verdict([(1.6, 2.0), (1.0, 1.1), (1.0, 1.2)]);
    assert_eq!((slow_twice.status, slow_twice.unit), (Status::Missed, Unit::Wheels));
}

#[test]
fn a_wheel_that_was_not_measured_leaves_the_speedup_undecided() {
    let records = [record(ONE, TestResult::Passed, Some((1.6, 2.0))), record(TWO, TestResult::Passed, None)];
    let verdict = judge(&plan(&[ONE, TWO]), &records, &criteria());
    assert_eq!(verdict.criteria[1].status, Status::Undecided);
    assert_eq!(verdict.decision, Decision::Investigate);
}

#[test]
fn a_cell_that_was_skipped_misses_no_criterion() {
    let mut skipped = record(TWO, TestResult::Passed, None);
    skipped.tests.clear();
    skipped.outcome = Outcome::Skipped { reason: "no interpreter".into() };
    let records = [record(ONE, TestResult::Passed, Some((1.6, 2.0))), skipped];
    let verdict = judge(&plan(&[ONE, TWO]), &records, &criteria());
    assert_eq!((verdict.green, verdict.decision), (true, Decision::Proceed));
}

#[test]
fn a_criterion_that_one_cell_misses_is_missed() {
    let records = [record(ONE, TestResult::Passed, None), record(TWO, TestResult::Failed, None)];
    let verdict = judge(&plan(&[ONE, TWO]), &records, &criteria());
    assert_eq!(verdict.criteria[0].status, Status::Missed);
    assert_eq!((verdict.criteria[0].met, verdict.criteria[0].measured), (1, 2));
    assert_eq!(verdict.criteria[1].status, Status::NotMeasured);
}
