use super::*;

fn record(outcome: Outcome, tests: &[(&str, TestResult)]) -> Record {
    let requested = Versions::ones();
    let cell = "py3.9-pg13-pyo3_0.30".parse().expect("an id");
    let mut record = Record::empty(cell, requested, outcome, Some("why".into()));
    record.tests = tests.iter().map(|(name, result)| ((*name).to_owned(), *result)).collect();
    record
}

#[test]
fn a_red_test_is_named_with_its_message_or_with_how_it_ended() {
    let mut red = record(
        Outcome::TestsFailed,
        &[
            ("a", TestResult::Passed),
            ("b", TestResult::Failed),
            ("c", TestResult::NotRun),
            ("d", TestResult::Running),
            ("e", TestResult::Skipped),
        ],
    );
    let failure = TestFailure { message: "1 is not 2".into(), report: String::new() };
    red.failures.insert("b".into(), failure);
    let failing = red.failing();
    let failing: Vec<_> = failing.iter().map(|(test, why)| (test.as_str(), why.as_str())).collect();
    assert_eq!(failing, [("b", "1 is not 2"), ("c", NO_RESULT), ("d", "its process ended while it ran")]);
    assert_eq!((red.count(TestResult::Passed), red.count(TestResult::Failed)), (1, 1));
    assert_eq!(red.count(TestResult::Xfailed), 0);
    let attempt = red.attempt(Some("r".into()));
    assert_eq!((attempt.run.as_deref(), attempt.reason.as_deref()), (Some("r"), Some("why")));
    assert_eq!(attempt.failing.len(), 3);
}

#[test]
fn results_are_red_or_not() {
    for red in
        [TestResult::Failed, TestResult::Error, TestResult::Xpassed, TestResult::Running, TestResult::NotRun]
    {
        assert!(red.is_red(), "{red:?}");
    }
    for other in [TestResult::Passed, TestResult::Skipped, TestResult::Xfailed] {
        assert!(!other.is_red(), "{other:?}");
    }
}

#[test]
fn only_failing_tests_that_measured_no_leak_may_be_flaky() {
    let failed = [("f.py::T::a", TestResult::Failed), ("f.py::b", TestResult::Passed)];
    let mut red = record(Outcome::TestsFailed, &failed);
    assert!(red.may_be_flaky());
    assert!(!record(Outcome::Hung, &failed).may_be_flaky());
    assert!(!record(Outcome::TestsFailed, &failed[1..]).may_be_flaky(), "no test failed");
    let died = [failed[0], ("f.py::c", TestResult::Running)];
    assert!(!record(Outcome::TestsFailed, &died).may_be_flaky(), "its process ended in a test");
    let leaks = |name: &str| {
        Some(Memory {
            unit: "bytes".into(),
            interval_seconds: 0.1,
            samples: Vec::new(),
            peak: 0,
            leaks: BTreeMap::from([(name.to_owned(), serde_json::Value::Null)]),
        })
    };
    red.memory = leaks("a");
    assert!(!red.may_be_flaky(), "the test that failed looked for a leak");
    red.memory = leaks("b");
    assert!(red.may_be_flaky(), "another test looked for a leak");
}

#[test]
fn a_record_after_failed_tries_is_flaky_where_it_passed() {
    let attempt = || record(Outcome::TestsFailed, &[]).attempt(None);
    let passed = || Record { reason: None, ..record(Outcome::Passed, &[]) };
    let one = passed().after(vec![attempt()]);
    assert_eq!((&one.outcome, one.attempts.len()), (&Outcome::Flaky, 1));
    assert_eq!(
        one.reason.as_deref(),
        Some("its tests failed in one try, and then passed on the same sources")
    );
    let two = one.after(vec![attempt(), attempt()]);
    assert_eq!((&two.outcome, two.attempts.len()), (&Outcome::Flaky, 2));
    assert!(two.reason.is_some_and(|reason| reason.contains("in earlier tries")));
    let red = record(Outcome::TestsFailed, &[]).after(vec![attempt()]);
    assert_eq!((&red.outcome, red.attempts.len()), (&Outcome::TestsFailed, 1));
    let first = passed().after(Vec::new());
    assert_eq!((first.outcome, first.reason), (Outcome::Passed, None));
}

#[test]
fn the_seconds_of_the_tries_of_a_stage_add_up_beyond_what_both_had_spent() {
    let lasting = |tests: f64, benchmarks: f64, harness: f64| {
        let mut record = record(Outcome::Passed, &[]);
        record.durations = Durations { tests, benchmarks, harness };
        record
    };
    let spent = Durations { tests: 1.0, benchmarks: 2.0, harness: 3.0 };
    let both = lasting(10.0, 20.0, 30.0).lasting(&lasting(5.0, 7.0, 9.0), spent);
    assert_eq!(both.durations, Durations { tests: 14.0, benchmarks: 25.0, harness: 36.0 });
}

#[test]
fn stages_are_ordered_and_have_words() {
    let all = [Thoroughness::Tests, Thoroughness::Quick, Thoroughness::Full];
    assert!(all.windows(2).all(|pair| pair[0] < pair[1]));
    let words = all.map(|stages| stages.to_string());
    assert_eq!(words, ["tests alone", "quick benchmarks", "full benchmarks"]);
}
