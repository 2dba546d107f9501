use std::time::Duration;

use super::*;

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect()
}

fn versions(pyo3: &str) -> Versions {
    [("python", "3.12"), ("postgres", "16"), ("pyo3", pyo3), ("pyo3_async_runtimes", "0.30.0")]
        .into_iter()
        .collect()
}

/// The wheel that the cell was asked to test.
fn members() -> BTreeMap<String, String> {
    map(&[("ours/_x.so", "aa"), ("ours/__init__.py", "bb")])
}

fn evidence(tests: &[(&str, TestResult)], ended: bool) -> Evidence {
    let observed = Observed {
        versions: versions("0.30.1"),
        python_full: "3.12.1".into(),
        implementation: None,
        build_info: BTreeMap::new(),
        packages: BTreeMap::new(),
        loaded: Some(Loaded { path: "/site-packages/ours/_x.so".into(), sha256: "aa".into() }),
    };
    let mut workers = Workers::default();
    for (test, _) in tests.iter().filter(|(_, result)| *result == TestResult::Running) {
        workers.begins(None, test);
    }
    Evidence {
        workers,
        observed: Some(observed),
        installed: Some(members()),
        tests: tests.iter().map(|(name, result)| ((*name).into(), *result)).collect(),
        session_code: ended.then_some(0),
        ..Evidence::default()
    }
}

fn held_to(
    exit: Exit,
    evidence: &Evidence,
    (requested, built): (&Versions, &BTreeMap<String, String>),
) -> (Outcome, String) {
    let expected = Expected { requested, built, members: &members() };
    let (outcome, reason) = outcome(exit, evidence, expected);
    assert_eq!(outcome == Outcome::Passed, reason.is_none());
    (outcome, reason.unwrap_or_default())
}

fn check(exit: Exit, evidence: &Evidence) -> (Outcome, String) {
    held_to(exit, evidence, (&versions("0.30.1"), &BTreeMap::new()))
}

#[test]
fn passed_needs_a_test_that_passed_and_a_clean_exit() {
    let one = [("a", TestResult::Passed)];
    assert_eq!(check(Exit::Code(0), &evidence(&one, true)).0, Outcome::Passed);
    let code = "every test passed, but the process ended with code 1; see output.log".to_owned();
    assert_eq!(check(Exit::Code(1), &evidence(&one, true)), (Outcome::TestsFailed, code));
    assert_eq!(check(Exit::Code(5), &evidence(&[], true)), (Outcome::TestsFailed, "no test ran".into()));
    let skipped = evidence(&[("a", TestResult::Skipped), ("b", TestResult::Xfailed)], true);
    assert_eq!(check(Exit::Code(0), &skipped), (Outcome::TestsFailed, "no test ran".into()));
    let nothing = "exit code 0 before the cell observed itself; see output.log".to_owned();
    assert_eq!(check(Exit::Code(0), &Evidence::default()), (Outcome::TestsFailed, nothing));
}

#[test]
fn a_collected_test_without_a_result_is_red() {
    let tests = [("a", TestResult::Passed), ("b", TestResult::NotRun), ("c", TestResult::NotRun)];
    let found = check(Exit::Code(0), &evidence(&tests, true));
    let expected = "2 of 3 collected tests have no result; the session ended with code 0".to_owned();
    assert_eq!(found, (Outcome::TestsFailed, expected));
    let with_a_failure = [tests[0], tests[1], ("d", TestResult::Failed)];
    let found = check(Exit::Code(1), &evidence(&with_a_failure, true));
    assert_eq!(found, (Outcome::TestsFailed, "1 of 3 tests failed".into()), "the failure says more");
}

#[test]
fn a_process_that_left_in_the_middle_of_its_session_has_not_passed() {
    let found = check(Exit::Code(0), &evidence(&[("a", TestResult::Passed)], false));
    let expected = "the process ended before its tests did; see output.log".to_owned();
    assert_eq!(found, (Outcome::TestsFailed, expected));
    let unfinished = check(Exit::Code(3), &evidence(&[("a", TestResult::Passed)], false));
    let expected = "every test passed, but the process ended with code 3; see output.log".to_owned();
    assert_eq!(unfinished, (Outcome::TestsFailed, expected));
}

#[test]
fn a_session_that_did_not_end_well_has_not_passed_whatever_its_process_says() {
    for own in [1, 2, 5, 255] {
        let tests = evidence(&[("a", TestResult::Passed)], true);
        let hidden = Evidence { session_code: Some(own), ..tests };
        let expected = format!("every test passed, but the session ended with code {own}; see output.log");
        assert_eq!(check(Exit::Code(0), &hidden), (Outcome::TestsFailed, expected));
    }
    let tests = evidence(&[("a", TestResult::Passed), ("b", TestResult::NotRun)], true);
    let hidden = Evidence { session_code: Some(7), ..tests };
    let expected = "1 of 2 collected tests have no result; the session ended with code 7".to_owned();
    assert_eq!(check(Exit::Code(0), &hidden), (Outcome::TestsFailed, expected), "the code is the session's");
}

#[test]
fn what_pytest_says_of_its_arguments_is_the_reason_where_it_refused_them() {
    let refusal = Some("ERROR: file or directory not found: a".to_owned());
    let expected =
        (Outcome::TestsFailed, "exit code 4 of pytest: ERROR: file or directory not found: a".into());
    let begun = Evidence { refusal: refusal.clone(), session_code: Some(4), ..evidence(&[], true) };
    assert_eq!(check(Exit::Code(4), &begun), expected);
    assert_eq!(check(Exit::Code(0), &begun), expected, "tox may be told to hide the code");
    let never_began = Evidence { refusal, ..Evidence::default() };
    assert_eq!(check(Exit::Code(4), &never_began), expected);
    assert!(check(Exit::Code(1), &never_began).1.starts_with("exit code 1 before the cell observed itself"));
}

#[test]
fn a_failed_test_is_red_whatever_the_exit_code() {
    for red in [TestResult::Failed, TestResult::Error, TestResult::Xpassed, TestResult::Running] {
        let found = check(Exit::Code(0), &evidence(&[("a", red)], true));
        assert_eq!(found, (Outcome::TestsFailed, "1 of 1 tests failed".into()));
    }
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
    let direct = check(Exit::Signal(6), &evidence(&[("a", TestResult::Passed)], false));
    assert_eq!(direct.0, Outcome::Crashed { signal: "SIGABRT".into() });
}

#[test]
fn a_signal_behind_a_shell_is_a_crash_and_other_codes_are_none() {
    let tests = evidence(&[("a", TestResult::Passed)], true);
    let crash = |code| match check(Exit::Code(code), &tests).0 {
        Outcome::Crashed { signal } => signal,
        other => other.to_string(),
    };
    let signals = [(129, "SIGHUP"), (139, "SIGSEGV"), (159, "SIGSYS"), (255, "SIGHUP"), (225, "SIGSYS")];
    for (code, expected) in signals {
        assert_eq!(crash(code), expected, "{code}");
    }
    for code in [1, 127, 128, 160, 191] {
        assert_eq!(crash(code), "tests failed", "{code}");
    }
    assert!(crash(192).starts_with("signal") || crash(192).starts_with("SIG"), "{}", crash(192));
}

#[test]
fn a_wall_clock_that_ran_out_is_hung_and_an_interrupted_cell_is_lost() {
    let exit = Exit::TimedOut(Duration::from_secs(9));
    let found = check(exit, &evidence(&[("a", TestResult::Running)], false));
    assert_eq!(found, (Outcome::Hung, "still running after 9 s in a".into()));
    let found = check(Exit::Interrupted, &evidence(&[], false));
    assert_eq!(found, (Outcome::Lost, "interrupted before its end".into()));
}

#[test]
fn a_file_that_makes_no_sense_and_a_cell_that_cannot_observe_itself_are_red() {
    let mut broken = evidence(&[("a", TestResult::Passed)], true);
    broken.unreadable = vec!["memory.json: end of file".into()];
    let expected = "the cell left a file that makes no sense: memory.json: end of file".to_owned();
    assert_eq!(check(Exit::Code(0), &broken), (Outcome::TestsFailed, expected));
    let blind = Evidence { observe_error: Some("no module".into()), ..Evidence::default() };
    let expected = "the cell could not observe itself: no module".to_owned();
    assert_eq!(check(Exit::Code(71), &blind), (Outcome::TestsFailed, expected));
}

#[test]
fn a_shared_object_without_the_modules_function_is_told_with_what_mends_it() {
    let error = "ImportError: dynamic module does not define module export function (PyInit__native)";
    let unnamed = Evidence { observe_error: Some(error.into()), ..Evidence::default() };
    let (outcome, reason) = check(Exit::Code(71), &unnamed);
    assert_eq!(outcome, Outcome::TestsFailed);
    let told = "\nhint: no #[pymodule] of the crate is called _native: rename it, give it #[pyo3(name = \"_native\")]";
    assert!(reason.contains(told), "{reason}");
}

#[test]
fn observed_unlike_requested_comes_before_everything_else() {
    let seen = evidence(&[("a", TestResult::Passed)], true);
    let found = held_to(Exit::Code(0), &seen, (&versions("0.29.3"), &BTreeMap::new()));
    assert_eq!(found, (Outcome::Mismatch, "pyo3: expected 0.29.3, got 0.30.1".into()));
    let found = held_to(Exit::Interrupted, &seen, (&versions("0.29.3"), &BTreeMap::new()));
    assert_eq!(found.0, Outcome::Mismatch);
}

#[test]
fn a_module_that_says_otherwise_than_its_build_is_a_mismatch() {
    let mut seen = evidence(&[("a", TestResult::Passed)], true);
    if let Some(observed) = &mut seen.observed {
        observed.build_info = map(&[("tokio", "1.54.1"), ("anything_else", "x")]);
    }
    let found = |tokio| {
        let crates = [("pyo3", "0.30.1"), ("pyo3_async_runtimes", "0.30.0")];
        let built = map(&[&crates[..], &[("tokio", tokio), ("bytes", "1.0.0")]].concat());
        held_to(Exit::Code(0), &seen, (&versions("0.30.1"), &built))
    };
    assert_eq!(found("1.54.1").0, Outcome::Passed);
    let expected = "tokio: the wheel was built with 1.50.0, the module says 1.54.1".to_owned();
    assert_eq!(found("1.50.0"), (Outcome::Mismatch, expected));
}

#[test]
fn a_cell_whose_installed_files_are_not_the_wheels_is_a_mismatch() {
    let with = |installed: Option<&[(&str, &str)]>| {
        let passed = evidence(&[("a", TestResult::Passed)], true);
        check(Exit::Code(0), &Evidence { installed: installed.map(map), ..passed })
    };
    let right = [("ours/_x.so", "aa"), ("ours/__init__.py", "bb")];
    assert_eq!(with(Some(&right)).0, Outcome::Passed);
    for (installed, said) in [
        (
            Some(&[right[0], ("ours/__init__.py", "edited")][..]),
            "ours/__init__.py is not as the wheel has it",
        ),
        (Some(&[right[0], ("ours/__init__.py", "missing")]), "ours/__init__.py of the wheel is gone"),
        (Some(&right[..1]), "ours/__init__.py of the wheel is not installed"),
        (Some(&[right[0], right[1], ("ours/z.py", "cc")]), "ours/z.py is no file of the wheel"),
        (Some(&[]), "the cell names no file of the installed wheel"),
        (None, "the cell names no file of the installed wheel"),
    ] {
        assert_eq!(with(installed), (Outcome::Mismatch, said.to_owned()));
    }
}

#[test]
fn of_many_files_that_are_not_the_wheels_some_are_named_and_the_rest_is_counted() {
    let mut many = evidence(&[("a", TestResult::Passed)], true);
    let besides = |count: usize| (0..count).map(|at| (format!("z{at}.py"), "cc".to_owned()));
    many.installed = Some(members().into_iter().chain(besides(7)).collect());
    let (outcome, reason) = check(Exit::Code(0), &many);
    assert_eq!(outcome, Outcome::Mismatch);
    assert!(reason.ends_with("z4.py is no file of the wheel; and 2 more files"), "{reason}");
    many.installed = Some(members().into_iter().chain(besides(5)).collect());
    let (_, reason) = check(Exit::Code(0), &many);
    assert!(reason.ends_with("z4.py is no file of the wheel"), "{reason}");
}

#[test]
fn a_shared_object_from_elsewhere_is_a_mismatch_even_beside_the_right_files() {
    let with = |loaded: Option<Loaded>| {
        let mut seen = evidence(&[("a", TestResult::Passed)], true);
        if let Some(observed) = &mut seen.observed {
            observed.loaded = loaded;
        }
        check(Exit::Code(0), &seen)
    };
    let from = |sha256: &str| Loaded { path: "/project/ours/_x.so".into(), sha256: sha256.into() };
    let stale = "the module was loaded from /project/ours/_x.so, which is no file of the wheel".to_owned();
    assert_eq!(with(Some(from("stale"))), (Outcome::Mismatch, stale.clone()));
    assert_eq!(
        with(Some(from("bb"))),
        (Outcome::Mismatch, stale),
        "a file of the wheel, but no shared object"
    );
    let nothing = "the cell does not name the shared object that it loaded".to_owned();
    assert_eq!(with(None), (Outcome::Mismatch, nothing));
    let on_windows = map(&[("ours/_x.pyd", "aa")]);
    assert_eq!(loaded(Some(&from("aa")), &on_windows), None);
}

/// A cell whose one worker observed itself with this shared object, and ran the test `a`.
fn with_a_worker(sha256: &str, result: TestResult) -> Evidence {
    let mut evidence = evidence(&[("a", result)], true);
    let Evidence { observed, workers, .. } = &mut evidence;
    let mut observed = observed.clone().expect("it observed itself");
    observed.loaded = Some(Loaded { path: "/site-packages/ours/_x.so".into(), sha256: sha256.into() });
    workers.observed.insert("gw0".into(), Identity { observed, installed: members() });
    workers.begins(Some("gw0".into()), "a");
    evidence
}

#[test]
fn every_worker_is_held_to_the_wheel() {
    let mut good = with_a_worker("aa", TestResult::Passed);
    good.workers.ends(Some("gw0".into()), "a");
    assert_eq!(check(Exit::Code(0), &good).0, Outcome::Passed);
    let expected =
        "worker gw0: the module was loaded from /site-packages/ours/_x.so, which is no file of the wheel";
    let found = check(Exit::Code(0), &with_a_worker("cc", TestResult::Passed));
    assert_eq!(found, (Outcome::Mismatch, expected.into()));
    good.workers.observed.clear();
    let expected = "worker gw0 ran tests and never observed itself".to_owned();
    assert_eq!(check(Exit::Code(0), &good), (Outcome::TestsFailed, expected));
}

#[test]
fn a_worker_that_a_signal_ended_is_a_crash_although_the_session_went_on() {
    let mut evidence = with_a_worker("aa", TestResult::Passed);
    evidence.workers.begins(Some("gw1".into()), "b");
    evidence.workers.dies("gw0".into(), Some(-11));
    let expected = "worker gw0 was ended by SIGSEGV in a".to_owned();
    let crashed = Outcome::Crashed { signal: "SIGSEGV".into() };
    for code in [0, 1, 2] {
        assert_eq!(check(Exit::Code(code), &evidence), (crashed.clone(), expected.clone()), "{code}");
    }
}

#[test]
fn a_worker_that_left_is_red_with_the_test_it_left_in() {
    for (code, said) in [(Some(0), " with code 0"), (Some(3), " with code 3"), (None, "")] {
        let mut evidence = with_a_worker("aa", TestResult::Passed);
        evidence.workers.dies("gw0".into(), code);
        let expected = format!("worker gw0 ended{said} before its tests did in a");
        assert_eq!(check(Exit::Code(0), &evidence), (Outcome::TestsFailed, expected));
    }
}

#[test]
fn a_session_that_hung_names_the_test_of_each_worker() {
    let mut evidence = with_a_worker("aa", TestResult::Running);
    evidence.workers.ends(None, "a");
    evidence.workers.begins(Some("gw1".into()), "b");
    let found = check(Exit::TimedOut(Duration::from_secs(2)), &evidence);
    assert_eq!(found, (Outcome::Hung, "still running after 2 s in a and in b".into()));
}

/// What is told of a cell whose module claims `said`, that observed `measured` too, and whose wheel was built with `built`.
fn told(said: &[(&str, &str)], measured: &[(&str, &str)], built: &[(&str, &str)]) -> (Outcome, String) {
    let mut evidence = evidence(&[("a", TestResult::Passed)], true);
    let mut observed = evidence.observed.take().expect("observed");
    observed.build_info = map(said);
    for (name, version) in measured {
        observed.versions.set(name, version);
    }
    evidence.observed = Some(observed);
    let crates = [("pyo3", "0.30.1"), ("pyo3_async_runtimes", "0.30.0")];
    let built = [&crates[..], built].concat();
    held_to(Exit::Code(0), &evidence, (&versions("0.30.1"), &map(&built)))
}

#[test]
fn a_companion_that_the_wheel_does_not_have_is_a_mismatch_whoever_names_it() {
    let without = "pyo3_log: the wheel was built without it, the ";
    let log = [("pyo3_log", "0.12.1")];
    let (outcome, reason) = told(&log, &[], &[]);
    assert_eq!((outcome, reason), (Outcome::Mismatch, format!("{without}module says 0.12.1")));
    let (outcome, reason) = told(&[], &log, &[]);
    assert_eq!((outcome, reason), (Outcome::Mismatch, format!("{without}cell says 0.12.1")));
    assert_eq!(told(&log, &log, &log).0, Outcome::Passed);
    let requested = held_to(
        Exit::Code(0),
        &evidence(&[("a", TestResult::Passed)], true),
        (&versions("0.30.1"), &map(&[("pyo3", "0.30.1")])),
    );
    let other = "pyo3_async_runtimes: the wheel was built without it, the cell says 0.30.0".to_owned();
    assert_eq!(requested, (Outcome::Mismatch, other));
    let (outcome, reason) = told(&[], &log, &[("pyo3_log", "0.12.2")]);
    let other = "pyo3_log: the wheel was built with 0.12.2, the cell says 0.12.1".to_owned();
    assert_eq!((outcome, reason), (Outcome::Mismatch, other));
}

#[test]
fn what_nothing_else_observes_is_neither_believed_nor_held_against_a_cell() {
    let said = [("git", "1a2b3c"), ("pyo3_features", "abi3"), ("libc", "0.2.1")];
    assert_eq!(told(&said, &[("postgres_full", "16.14")], &[]).0, Outcome::Passed);
}
