use std::collections::BTreeMap;

use super::*;
use crate::model::record::{Memory, TestResult, Versions};

/// A record of one test that ended as `outcome` says.
fn record(outcome: &Outcome) -> Record {
    let requested = Versions::ones();
    let cell = "py3.9-pg13-pyo3_0.30".parse().expect("an id");
    let mut record = Record::empty(cell, requested, outcome.clone(), None);
    record.thoroughness = Thoroughness::Quick;
    let result = match outcome {
        Outcome::Passed | Outcome::Flaky => Some(TestResult::Passed),
        Outcome::TestsFailed => Some(TestResult::Failed),
        Outcome::Crashed { .. } | Outcome::Hung => Some(TestResult::Running),
        _ => None,
    };
    record.tests = result.map(|result| ("f.py::a".to_owned(), result)).into_iter().collect();
    record
}

/// A record of the run with that number, which began in that order; each run retries the ones before it.
fn candidate<'a>(record: &'a Record, run: &'a str, retried: Option<&'a str>) -> Candidate<'a> {
    Candidate { record, run, started: run, asked: Thoroughness::Quick, retried, merged: &[] }
}

fn crashed() -> Outcome {
    Outcome::Crashed { signal: "SIGSEGV".into() }
}

fn skipped() -> Outcome {
    Outcome::Skipped { reason: "no interpreter".into() }
}

/// Chooses between a record of run 1 and its retry, in both orders: whether the retry counts, as flaky or not, and why.
fn check(first: &Record, retry: &Record) -> (bool, bool, Option<Why>) {
    let (one, two) = (candidate(first, "1", None), candidate(retry, "2", Some("1")));
    let forward = choose(&[one, two]).expect("a choice");
    let backward = choose(&[two, one]).expect("a choice");
    assert_eq!(forward.at, 1 - backward.at, "the order says nothing");
    assert_eq!(forward.attempts, backward.attempts);
    (forward.at == 1, !forward.attempts.is_empty(), forward.passed_over.first().map(|(_, why)| *why))
}

#[test]
fn tests_that_failed_and_passed_on_a_retry_are_flaky() {
    let found = check(&record(&Outcome::TestsFailed), &record(&Outcome::Passed));
    assert_eq!(found, (true, true, Some(Why::Retry)));
}

#[test]
fn a_retry_that_was_skipped_or_not_built_answers_nothing() {
    for outcome in [skipped(), Outcome::ProvisionFailed, Outcome::BuildFailed, Outcome::Lost] {
        let found = check(&record(&Outcome::TestsFailed), &record(&outcome));
        assert_eq!(found, (false, false, Some(Why::NoTest)), "{outcome}");
    }
}

#[test]
fn a_retry_that_left_out_the_benchmarks_answers_nothing() {
    let mut brief = record(&Outcome::Passed);
    brief.thoroughness = Thoroughness::Tests;
    assert_eq!(check(&record(&Outcome::TestsFailed), &brief), (false, false, Some(Why::LeftOut)));
    let mut full = record(&Outcome::Passed);
    full.thoroughness = Thoroughness::Full;
    assert_eq!(check(&record(&Outcome::TestsFailed), &full), (true, true, Some(Why::Retry)));
    let mut red = record(&Outcome::TestsFailed);
    red.thoroughness = Thoroughness::Tests;
    red.reason = Some("again".into());
    assert_eq!(check(&record(&Outcome::TestsFailed), &red), (true, false, Some(Why::Retry)), "red is red");
}

/// A record of a failing test that found a leak.
fn leak() -> Record {
    let mut leak = record(&Outcome::TestsFailed);
    leak.memory = Some(Memory {
        unit: "bytes".into(),
        interval_seconds: 0.1,
        samples: Vec::new(),
        peak: 0,
        leaks: BTreeMap::from([("a".to_owned(), serde_json::Value::Null)]),
    });
    leak
}

/// A record of a cell that failed, though each of its tests passed.
fn silent() -> Record {
    let mut silent = record(&Outcome::TestsFailed);
    silent.tests = BTreeMap::from([("f.py::a".to_owned(), TestResult::Passed)]);
    silent
}

/// The records that no later one may answer.
fn lasting() -> Vec<Record> {
    let outcomes = [crashed(), Outcome::Hung, Outcome::Mismatch];
    outcomes.iter().map(record).chain([leak(), silent()]).collect()
}

#[test]
fn a_crash_a_hang_a_mismatch_and_a_leak_stay_red() {
    for first in lasting() {
        let found = check(&first, &record(&Outcome::Passed));
        assert_eq!(found, (false, false, Some(Why::NoFlake)), "{}", first.outcome);
    }
    let mut leak = leak();
    if let Some(memory) = &mut leak.memory {
        memory.leaks = BTreeMap::from([("another".to_owned(), serde_json::Value::Null)]);
    }
    assert_eq!(
        check(&leak, &record(&Outcome::Passed)),
        (true, true, Some(Why::Retry)),
        "another test's leak"
    );
}

#[test]
fn what_stays_red_counts_before_a_later_record_that_may_become_flaky() {
    let failed = record(&Outcome::TestsFailed);
    for first in lasting() {
        assert_eq!(check(&first, &failed), (false, false, Some(Why::NoFlake)), "{}", first.outcome);
        // A second run that nothing declared a retry.
        for (one, two) in [("1", "2"), ("2", "1")] {
            let both = [candidate(&first, one, None), candidate(&failed, two, None)];
            let choice = choose(&both).expect("a choice");
            assert_eq!((choice.at, choice.passed_over), (0, vec![(1, Why::NoFlake)]), "{}", first.outcome);
        }
    }
    let (hung, crash) = (record(&Outcome::Hung), record(&crashed()));
    let choice = choose(&[candidate(&hung, "1", None), candidate(&crash, "2", None)]).expect("a choice");
    assert_eq!((choice.at, choice.passed_over), (1, vec![(0, Why::Later)]), "both stay");
}

#[test]
fn a_flaky_record_counts_before_a_green_one_and_after_every_red_one() {
    let flaky = record(&Outcome::Flaky);
    let red = [Outcome::Lost, Outcome::BuildFailed, Outcome::ProvisionFailed, Outcome::TestsFailed];
    for red in red.iter().map(record).chain(lasting()) {
        let choice = choose(&[candidate(&red, "1", None), candidate(&flaky, "2", None)]).expect("a choice");
        assert_eq!((choice.at, choice.passed_over), (0, vec![(1, Why::Red)]), "{}", red.outcome);
    }
    for green in [Outcome::Passed, skipped()].iter().map(record) {
        let choice = choose(&[candidate(&flaky, "1", None), candidate(&green, "2", None)]).expect("a choice");
        assert_eq!((choice.at, choice.passed_over), (0, vec![(1, Why::Red)]), "{}", green.outcome);
    }
}

/// Merges the first record with each of the others in turn. Each is of a later run, which retries what was merged before
/// if `declared` says so, as `run --failed` does.
fn merged(first: &Record, others: &[(&Record, bool)]) -> Record {
    let mut known = (first.clone(), "run 0".to_owned());
    for (at, (record, declared)) in (1..).zip(others) {
        let run = format!("run {at}");
        let retried = declared.then_some(known.1.as_str());
        let both = [candidate(&known.0, &known.1, None), candidate(record, &run, retried)];
        let choice = choose(&both).expect("a choice");
        known = (both[choice.at].record.clone().after(choice.attempts), format!("s merge {at}"));
    }
    known.0
}

#[test]
fn no_red_record_is_forgotten_whatever_number_of_others_come_before_and_after() {
    let mut flaky = record(&Outcome::Flaky);
    flaky.attempts = vec![record(&Outcome::TestsFailed).attempt(Some("7".into()))];
    let plain = [Outcome::Passed, Outcome::TestsFailed, Outcome::ProvisionFailed, Outcome::BuildFailed];
    let others: Vec<Record> = plain.iter().map(record).chain([skipped()].iter().map(record)).collect();
    for special in lasting().iter().chain([&flaky]) {
        let all: Vec<&Record> = others.iter().chain([special]).collect();
        let later = || all.iter().flat_map(|record| [(*record, true), (*record, false)]);
        for first in &all {
            for tries in later().flat_map(|a| later().flat_map(move |b| later().map(move |c| [a, b, c]))) {
                let found = merged(first, &tries);
                let ever = |wanted: &Record| **first == *wanted || tries.iter().any(|(r, _)| *r == wanted);
                let story = || format!("{}, {:?}", first.outcome, tries.map(|(r, d)| (&r.outcome, d)));
                let stays =
                    found.outcome.is_judged() && !found.may_be_flaky() && found.outcome != Outcome::Flaky;
                if ever(special) && special.outcome != Outcome::Flaky {
                    assert!(stays && found.outcome != Outcome::Passed, "{}: {}", story(), found.outcome);
                }
                if ever(special) || ever(&others[1]) {
                    assert!(!found.outcome.is_green(), "{}: {}", story(), found.outcome);
                }
            }
        }
    }
}

#[test]
fn a_retry_that_ran_no_test_leaves_a_flaky_record_as_it_was() {
    let mut flaky = record(&Outcome::Flaky);
    flaky.attempts = vec![record(&Outcome::TestsFailed).attempt(None)];
    let failed = record(&Outcome::ProvisionFailed);
    assert_eq!(check(&flaky, &failed), (false, true, Some(Why::NoTest)));
}

#[test]
fn a_record_that_ran_no_test_carries_the_failed_tries_of_all_records_once() {
    let attempt = |run: &str| record(&Outcome::TestsFailed).attempt(Some(run.into()));
    let (mut flaky, mut failed) = (record(&Outcome::Flaky), record(&Outcome::ProvisionFailed));
    (flaky.attempts, failed.attempts) = (vec![attempt("7"), attempt("8")], vec![attempt("8")]);
    let choice = choose(&[candidate(&flaky, "1", None), candidate(&failed, "2", None)]).expect("a choice");
    assert_eq!((choice.at, choice.attempts), (1, vec![attempt("8"), attempt("7")]));
}

#[test]
fn what_could_not_be_had_is_answered_by_a_retry_that_could_without_being_flaky() {
    for outcome in [Outcome::ProvisionFailed, Outcome::BuildFailed, skipped()] {
        let found = check(&record(&outcome), &record(&Outcome::Passed));
        assert_eq!(found, (true, false, Some(Why::Retry)), "{outcome}");
    }
}

#[test]
fn a_record_that_is_no_declared_retry_never_answers() {
    let (red, green) = (record(&Outcome::TestsFailed), record(&Outcome::Passed));
    let choice = choose(&[candidate(&red, "1", None), candidate(&green, "2", None)]).expect("a choice");
    assert_eq!((choice.at, choice.passed_over), (0, vec![(1, Why::Red)]));
    let choice = choose(&[candidate(&red, "1", None), candidate(&green, "2", Some("7"))]).expect("a choice");
    assert_eq!((choice.at, choice.passed_over), (0, vec![(1, Why::Red)]), "it retries another run");
}

#[test]
fn of_records_that_nothing_answers_one_that_ran_tests_counts_before_a_later_one() {
    let (green, none) = (record(&Outcome::Passed), record(&skipped()));
    let choice = choose(&[candidate(&green, "1", None), candidate(&none, "2", None)]).expect("a choice");
    assert_eq!((choice.at, choice.passed_over), (0, vec![(1, Why::Later)]));
    let mut later = green.clone();
    later.durations.tests = 9.0;
    let choice = choose(&[candidate(&later, "2", None), candidate(&green, "1", None)]).expect("a choice");
    assert_eq!((choice.at, choice.passed_over), (0, vec![(1, Why::Later)]));
    let twice = choose(&[candidate(&green, "1", None), candidate(&green, "2", None)]).expect("a choice");
    assert_eq!((twice.at, twice.passed_over), (1, Vec::new()), "the same record twice is one");
    assert_eq!(choose(&[]), None);
}

#[test]
fn every_failed_try_before_the_one_that_passed_is_kept_in_order() {
    let (mut first, mut second) = (record(&Outcome::TestsFailed), record(&Outcome::TestsFailed));
    (first.reason, second.reason) = (Some("first".into()), Some("second".into()));
    let mut third = record(&Outcome::Passed);
    third.attempts = vec![Attempt { run: None, reason: Some("own".into()), failing: BTreeMap::new() }];
    second.attempts = vec![Attempt { run: None, reason: Some("inner".into()), failing: BTreeMap::new() }];
    let all =
        [candidate(&third, "3", Some("2")), candidate(&first, "1", None), candidate(&second, "2", Some("1"))];
    let choice = choose(&all).expect("a choice");
    let reasons: Vec<_> = choice.attempts.iter().filter_map(|attempt| attempt.reason.as_deref()).collect();
    assert_eq!((choice.at, reasons), (0, vec!["first", "inner", "second", "own"]));
    assert_eq!(choice.attempts[0].run.as_deref(), Some("1"));
    assert_eq!(choice.attempts[0].failing["f.py::a"], "failed");
    assert_eq!(choice.passed_over, [(2, Why::Retry)], "a third one answers the first");
}

#[test]
fn a_merged_record_has_its_tries_in_itself_and_stands_for_the_runs_it_was_merged_from() {
    let (red, green) = (record(&Outcome::TestsFailed), record(&Outcome::Passed));
    let mut flaky = record(&Outcome::Flaky);
    flaky.attempts = vec![red.attempt(Some("1".into()))];
    let from = ["1".to_owned(), "2".to_owned()];
    let merged = Candidate { merged: &from, ..candidate(&flaky, "3", None) };
    let all = [candidate(&red, "1", None), candidate(&green, "2", Some("1")), merged];
    let choice = choose(&all).expect("a choice");
    assert_eq!(choice.at, 2);
    assert_eq!(choice.attempts, flaky.attempts, "once");
    assert_eq!(choice.passed_over, [(0, Why::Merged), (1, Why::Merged)]);
}

#[test]
fn a_merged_record_answers_no_run_that_it_was_not_merged_from() {
    let (red, green) = (record(&Outcome::TestsFailed), record(&Outcome::Passed));
    let from = ["1".to_owned()];
    let merged = Candidate { merged: &from, ..candidate(&green, "3", None) };
    let choice = choose(&[candidate(&red, "2", None), merged]).expect("one");
    assert_eq!((choice.at, choice.passed_over), (0, vec![(1, Why::Red)]));
}

#[test]
fn runs_that_say_that_they_retry_each_other_end_in_no_endless_search() {
    let (red, green) = (record(&Outcome::TestsFailed), record(&Outcome::Passed));
    let all =
        [candidate(&green, "3", Some("2")), candidate(&red, "2", Some("1")), candidate(&red, "1", Some("2"))];
    let choice = choose(&all).expect("one");
    assert_eq!(choice.at, 0);
    assert!(!choice.attempts.is_empty());
}

#[test]
fn a_flaky_record_that_is_retried_stays_flaky() {
    let mut flaky = record(&Outcome::Flaky);
    flaky.attempts = vec![record(&Outcome::TestsFailed).attempt(None)];
    let green = record(&Outcome::Passed);
    let choice = choose(&[candidate(&flaky, "1", None), candidate(&green, "2", Some("1"))]).expect("one");
    assert_eq!((choice.at, &choice.attempts), (1, &flaky.attempts));
}

#[test]
fn a_red_record_keeps_no_tries_of_others() {
    let (mut first, second) = (record(&Outcome::TestsFailed), record(&Outcome::Hung));
    first.reason = Some("first".into());
    let choice = choose(&[candidate(&first, "1", None), candidate(&second, "2", Some("1"))]).expect("one");
    assert_eq!((choice.at, choice.attempts.len()), (1, 0));
}
