use super::*;
use crate::config::Criterion;
use crate::config::{Flaky, Missing};
use crate::model::record::{Comparison, Side, Speedup, Thoroughness, Versions};
use crate::verdict::criterion::{Range, Unit};

fn plan(cells: &[&str]) -> Plan {
    let planned = |id: &&str| Planned {
        cell: id.parse().expect("an id"),
        requested: Versions::ones(),
        rehearsal: false,
        excluded: None,
        legality: None,
    };
    let cells = cells.iter().map(planned).collect();
    Plan {
        preset: "test".into(),
        missing: Missing::Fail,
        services: BTreeMap::new(),
        stable: Vec::new(),
        cells,
        negatives: Vec::new(),
    }
}

fn record(cell: &str, result: TestResult, speedup: Option<(f64, f64)>) -> Record {
    let outcome = if result.is_red() { Outcome::TestsFailed } else { Outcome::Passed };
    let mut record = Record::empty(cell.parse().expect("an id"), Versions::ones(), outcome, None);
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

/// Judges a run that has ended.
fn judge(plan: &Plan, records: &[Record], criteria: &[Criterion]) -> Verdict {
    let terms = Terms { criteria: criteria.to_vec(), ..Terms::default() };
    super::judge(Known { plan, records, negatives: &[], terms: &terms, state: State::Ended })
}

/// Judges one record of a run with these terms.
fn of_one(record: &Record, terms: &Terms, state: State) -> Verdict {
    let records = std::slice::from_ref(record);
    super::judge(Known { plan: &plan(&[ONE]), records, negatives: &[], terms, state })
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
fn a_rehearsal_decides_nothing_and_speaks_for_nothing() {
    let mut plan = plan(&[ONE, TWO]);
    plan.cells[1].rehearsal = true;
    let (green, red) =
        (record(ONE, TestResult::Passed, Some((1.6, 2.0))), record(TWO, TestResult::Failed, None));
    let verdict = judge(&plan, &[green.clone(), red.clone()], &criteria());
    assert_eq!((verdict.green, verdict.decision), (true, Decision::Proceed));
    assert_eq!((verdict.cells.len(), verdict.tally().of), (1, 1));
    assert_eq!(verdict.rehearsals[0].outcome, Outcome::TestsFailed);
    assert!(!judge(&plan, &[record(ONE, TestResult::Failed, None), red.clone()], &[]).green);
    // The criteria are not met by what is only rehearsed.
    let passed = record(TWO, TestResult::Passed, Some((1.6, 2.0)));
    assert!(!judge(&plan, std::slice::from_ref(&passed), &criteria()).green, "the other cell is lost");
    plan.cells.remove(0);
    let alone = judge(&plan, &[red], &criteria());
    assert_eq!((alone.green, alone.decision), (true, Decision::None));
    assert!(alone.criteria.iter().all(|criterion| criterion.measured == 0));
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
    let records = [record(ONE, TestResult::Passed, Some((1.6, 2.0)))];
    let terms = Terms { criteria: criteria(), ..Terms::default() };
    let verdict = |negatives: &[NegativeRecord]| {
        super::judge(Known { plan: &plan, records: &records, negatives, terms: &terms, state: State::Ended })
    };
    assert_eq!(verdict(std::slice::from_ref(&failed)).decision, Decision::Proceed);
    assert!(verdict(std::slice::from_ref(&failed)).green);
    let red = verdict(std::slice::from_ref(&built));
    assert_eq!((red.green, red.decision), (false, Decision::Investigate));
    assert_eq!(red.negatives, [built]);
    let lost = verdict(&[]);
    assert!(!lost.green, "one without a record is lost");
    assert_eq!(lost.negatives[0].ending, crate::model::negative::Ending::Lost);
}

#[test]
fn a_cell_without_a_record_is_lost_and_never_green() {
    let verdict = judge(&plan(&[ONE, TWO]), &[record(ONE, TestResult::Passed, None)], &criteria());
    assert_eq!(verdict.cells[1].outcome, Outcome::Lost);
    assert!(verdict.cells[1].reason.as_deref().is_some_and(|reason| reason.contains("no record")));
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
    for (interval, status) in [
        ((1.5, 2.0), Status::Met),
        ((1.4, 2.0), Status::Undecided),
        ((1.0, 1.5), Status::Undecided),
        ((1.0, 1.4), Status::Missed),
        // Below what is needed beyond doubt, and by less than is worth a word.
        ((1.46, 1.49), Status::Undecided),
    ] {
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

/// Where psycopg has no wheel, say: the benchmarks pass, and the comparison is a skipped test.
#[test]
fn a_wheel_whose_benchmarks_left_the_comparison_out_decides_no_speedup() {
    let mut left_out = record(TWO, TestResult::Passed, None);
    left_out.durations.benchmarks = 3.0;
    let records = [record(ONE, TestResult::Passed, Some((1.6, 2.0))), left_out];
    let verdict = judge(&plan(&[ONE, TWO]), &records, &criteria());
    assert_eq!((verdict.criteria[1].status, verdict.criteria[1].measured), (Status::Met, 1));
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

#[test]
fn a_run_at_work_has_no_lost_cells_yet_and_is_not_green() {
    let records = [record(ONE, TestResult::Passed, None)];
    let (plan, terms) = (plan(&[ONE, TWO]), Terms::default());
    let known =
        Known { plan: &plan, records: &records, negatives: &[], terms: &terms, state: State::UnderWay };
    let verdict = super::judge(known);
    assert_eq!(verdict.cells[1].outcome, Outcome::UnderWay);
    assert!(!verdict.green);
    assert_eq!(verdict.tally().apart(), ", 1 under way");
}

#[test]
fn a_run_in_which_no_test_passed_is_not_green() {
    let mut skipped = record(ONE, TestResult::Skipped, None);
    skipped.tests.clear();
    skipped.outcome = Outcome::Skipped { reason: "no interpreter".into() };
    let verdict = judge(&plan(&[ONE]), &[skipped], &[]);
    assert!(!verdict.green, "every cell is green, and nothing was shown");
    assert!(!judge(&plan(&[]), &[], &[]).green);
}

#[test]
fn a_record_that_says_passed_over_a_red_test_is_not_believed() {
    for red in [TestResult::Failed, TestResult::Running, TestResult::NotRun] {
        let mut torn = record(ONE, TestResult::Passed, None);
        torn.tests.insert("b".into(), red);
        let verdict = judge(&plan(&[ONE]), &[torn], &[]);
        assert_eq!((verdict.green, &verdict.cells[0].outcome), (false, &Outcome::TestsFailed));
    }
}

#[test]
fn tests_are_counted_by_how_they_ended_and_skips_keep_their_reasons() {
    let mut mixed = record(ONE, TestResult::Passed, None);
    for (test, result) in [("s", TestResult::Skipped), ("t", TestResult::Skipped), ("x", TestResult::Xfailed)]
    {
        mixed.tests.insert(test.into(), result);
        mixed.skips.insert(test.into(), format!("why {test}"));
    }
    let verdict = judge(&plan(&[ONE]), &[mixed], &[]);
    let cell = &verdict.cells[0];
    assert_eq!((cell.passed, cell.skipped, cell.xfailed, cell.total), (1, 2, 1, 4));
    assert_eq!((cell.skips["s"].as_str(), cell.skips.len()), ("why s", 3));
    assert!(verdict.green && cell.failing.is_empty());
}

#[test]
fn a_criterion_whose_test_was_skipped_is_not_met() {
    let mut skipped = record(ONE, TestResult::Skipped, None);
    skipped.tests.insert("b".into(), TestResult::Passed);
    let verdict = judge(&plan(&[ONE]), &[skipped], &criteria());
    assert!(verdict.green);
    assert_eq!(verdict.criteria[0].status, Status::Missed);
    assert_eq!((verdict.criteria[0].met, verdict.criteria[0].measured), (0, 1));
    assert_eq!(verdict.decision, Decision::Investigate);
}

#[test]
fn a_criterion_over_several_parameters_is_met_where_all_of_them_passed() {
    let two = |second| {
        let mut both = record(ONE, TestResult::Passed, None);
        both.tests.insert("other.py::test_a".into(), second);
        judge(&plan(&[ONE]), &[both], &criteria()[..1]).criteria.remove(0).status
    };
    assert_eq!(two(TestResult::Passed), Status::Met);
    assert_eq!(two(TestResult::Failed), Status::Missed);
}

#[test]
fn a_criterion_that_some_cell_does_not_measure_is_not_met() {
    let mut silent = record(TWO, TestResult::Passed, None);
    silent.tests = BTreeMap::from([("b".to_owned(), TestResult::Passed)]);
    let records = [record(ONE, TestResult::Passed, None), silent];
    let verdict = judge(&plan(&[ONE, TWO]), &records, &criteria());
    assert_eq!((verdict.criteria[0].met, verdict.criteria[0].measured), (1, 1));
    assert_eq!(verdict.criteria[0].status, Status::Missed);
    let none = judge(&plan(&[TWO]), &records[1..], &criteria());
    assert_eq!(none.criteria[0].status, Status::NotMeasured);
}

#[test]
fn a_flaky_cell_is_red_unless_the_config_says_otherwise() {
    let tried = record(ONE, TestResult::Failed, None).attempt(None);
    let flaky = record(ONE, TestResult::Passed, None).after(vec![tried.clone()]);
    let verdict = |flaky_is| of_one(&flaky, &Terms { flaky: flaky_is, ..Terms::default() }, State::Ended);
    let red = verdict(Flaky::Fail);
    assert_eq!((red.green, &red.cells[0].outcome), (false, &Outcome::Flaky));
    assert_eq!((red.tally().green, red.tally().flaky), (0, 1));
    assert_eq!(red.cells[0].failing["tests/a.py::test_a"], "failed", "what failed first is named");
    let green = verdict(Flaky::Pass);
    assert_eq!((green.green, green.tally().green, green.tally().of), (true, 1, 1));
    assert_eq!(green.tally().apart(), ", 1 flaky");
    // A record that hides its tries behind "passed" is flaky all the same.
    let hidden = Record { outcome: Outcome::Passed, ..flaky.clone() };
    assert_eq!(of_one(&hidden, &Terms::default(), State::Ended).cells[0].outcome, Outcome::Flaky);
    let hollow = Record { tests: BTreeMap::new(), ..flaky };
    let verdict = of_one(&hollow, &Terms { flaky: Flaky::Pass, ..Terms::default() }, State::Ended);
    assert_eq!(verdict.cells[0].outcome, Outcome::TestsFailed);
}

#[test]
fn a_crash_is_red_also_where_flaky_cells_are_green() {
    let mut crashed = record(ONE, TestResult::Passed, None);
    crashed.outcome = Outcome::Crashed { signal: "SIGSEGV".into() };
    let verdict = of_one(&crashed, &Terms { flaky: Flaky::Pass, ..Terms::default() }, State::Ended);
    assert!(!verdict.green);
}

#[test]
fn a_cell_that_has_not_come_through_every_stage_is_lost_and_under_way_while_the_run_is_at_work() {
    let tested = record(ONE, TestResult::Passed, None);
    let terms = Terms { thoroughness: Thoroughness::Quick, ..Terms::default() };
    let outcome = |record: &Record, state| of_one(record, &terms, state).cells[0].outcome.clone();
    assert_eq!(outcome(&tested, State::Ended), Outcome::Lost);
    assert_eq!(outcome(&tested, State::UnderWay), Outcome::UnderWay);
    assert_eq!(outcome(&tested, State::Interrupted), Outcome::Interrupted);
    for stages in [Thoroughness::Quick, Thoroughness::Full] {
        let measured = Record { thoroughness: stages, ..tested.clone() };
        assert_eq!(outcome(&measured, State::Ended), Outcome::Passed);
    }
    let failed = record(ONE, TestResult::Failed, None);
    assert_eq!(outcome(&failed, State::Ended), Outcome::TestsFailed, "a red cell is not measured");
}

#[test]
fn an_excluded_cell_is_skipped_with_its_reason_and_counts_apart() {
    let mut plan = plan(&[ONE, TWO]);
    plan.cells[1].excluded = Some("end of life".into());
    let verdict = judge(&plan, &[record(ONE, TestResult::Passed, None)], &[]);
    assert!(verdict.green);
    assert_eq!(verdict.cells[1].reason.as_deref(), Some("end of life"));
    let tally = verdict.tally();
    assert_eq!((tally.to_string(), tally.apart()), ("1/1 cell".to_owned(), ", 1 skipped".to_owned()));
}

#[test]
fn the_range_of_a_speedup_spans_every_cell() {
    let speedups = [(1.6, 2.0), (1.2, 1.4), (1.5, 3.0)];
    let cells = [ONE, TWO, "py3.11-pg16-pyo3_0.30"];
    let records = cells.iter().zip(speedups).map(|(cell, at)| record(cell, TestResult::Passed, Some(at)));
    let verdict = judge(&plan(&cells), &records.collect::<Vec<_>>(), &criteria());
    let range = &verdict.criteria[1].speedups["simple"];
    assert_eq!(*range, Range { needed: 1.5, median: 1.8, low: 1.2, high: 3.0 });
    assert_eq!((verdict.criteria[1].met, verdict.criteria[1].measured), (2, 3));
    assert_eq!(verdict.criteria[1].status, Status::Missed);
}

#[test]
fn the_median_of_an_even_number_of_cells_lies_between_the_two_in_the_middle() {
    let cells = ["py3.12-pg14-pyo3_0.30", ONE];
    let records = cells.iter().zip([(1.0, 1.2), (1.8, 2.4)]);
    let records: Vec<Record> = records.map(|(cell, at)| record(cell, TestResult::Passed, Some(at))).collect();
    let verdict = judge(&plan(&cells), &records, &criteria());
    assert_eq!(verdict.criteria[1].status, Status::Undecided, "1.4 to 1.8, and 1.5 is needed");
    let between = verdict.criteria[1].speedups["simple"].median;
    assert!((between - 1.6).abs() < 1e-9, "{between}");
}
