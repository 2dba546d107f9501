use super::*;

fn spec(line: &str, pyo3: &str) -> LineSpec {
    let pyo3_async_runtimes = format!("{line}.0");
    let companions = [("pyo3-async-runtimes".to_owned(), pyo3_async_runtimes)].into();
    LineSpec { name: line.parse().expect("a line"), pyo3: pyo3.to_owned(), extra: false, companions }
}

fn foretold(line: &str, python: &str, known: &Knowledge) -> Legality {
    legality(&spec(line, &format!("{line}.3")), python.parse().expect("a Python"), known)
}

fn check(line: &str, python: &str) -> (State, String) {
    let legality = foretold(line, python, &Knowledge::default());
    assert_eq!(legality.state == State::Legal, legality.fix.is_none(), "{legality:?}");
    (legality.state, legality.message.or(legality.reason).unwrap_or_default())
}

#[test]
fn a_python_that_the_line_refuses_is_impossible_in_the_words_of_its_build_script() {
    let (impossible, experimental) = (State::Impossible, State::Experimental);
    for (line, python, state, text) in [
        (
            "0.24",
            "3.14",
            impossible,
            "Python interpreter version (3.14) is newer than PyO3's maximum supported version (3.13)",
        ),
        (
            "0.27",
            "3.15",
            impossible,
            "Python version (3.15) is newer than PyO3's maximum supported version (3.14)",
        ),
        (
            "0.30",
            "3.17",
            impossible,
            "Python version (3.17) is newer than PyO3's maximum supported version (3.15)",
        ),
        ("0.30", "3.8", impossible, "(3.8) is lower than PyO3's minimum supported version (3.9)"),
        ("0.29", "3.13t", impossible, "free-threaded build of CPython versions below 3.14"),
        ("0.24", "3.14t", impossible, "Python interpreter version (3.14) is newer than"),
        ("0.28", "3.15", experimental, "PyO3 0.28 takes Python 3.15 before that was final"),
        ("0.28", "3.15t", experimental, "before that was final"),
        ("0.30", "3.14t", State::Legal, ""),
        ("0.28", "3.13t", experimental, "an experiment in 3.13"),
        ("0.23", "3.13", State::Legal, ""),
        ("0.31", "3.13", experimental, "PyO3 0.31 is newer than this harness"),
    ] {
        let (found, said) = check(line, python);
        assert_eq!(found, state, "{line} {python}");
        assert!(said.contains(text), "{line} {python}: {said}");
    }
}

#[test]
fn the_probe_has_the_last_word_and_a_disagreement_is_told() {
    let wheel = |line: &str, python: &str| WheelId {
        python: python.parse().expect("a Python"),
        line: line.parse().expect("a line"),
    };
    let known = |line, python, probed| Knowledge {
        probed: [(wheel(line, python), probed)].into(),
        ..Knowledge::default()
    };
    let agreed = foretold("0.30", "3.13", &known("0.30", "3.13", Probed::Accepted));
    assert_eq!((agreed.state, agreed.source), (State::Legal, Source::Probe));
    let builds = foretold("0.24", "3.14", &known("0.24", "3.14", Probed::Accepted));
    assert_eq!(builds.state, State::Experimental);
    let reason = builds.reason.expect("a reason");
    assert!(reason.contains("finds it legal; the harness's own table says impossible"), "{reason}");
    let refused = Probed::Refused("no".into());
    let fails = foretold("0.30", "3.13", &known("0.30", "3.13", refused));
    assert_eq!((fails.state, fails.message.as_deref()), (State::Impossible, Some("no")));
    let unknown = foretold("0.31", "3.13", &known("0.31", "3.13", Probed::Accepted));
    assert_eq!(unknown.state, State::Legal, "a line that the table does not know is the probe's");
}

#[test]
fn a_lock_of_another_pairing_comes_before_everything_else() {
    let text = |pyo3: &str| {
        format!(
            "version = 4\n[[package]]\nname = \"pyo3\"\nversion = \"{pyo3}\"\n\
             [[package]]\nname = \"pyo3-async-runtimes\"\nversion = \"0.30.0\"\n"
        )
    };
    let line = "0.30".parse().expect("a line");
    let known = |lock| Knowledge { locks: [(line, lock)].into(), ..Knowledge::default() };
    let lock = |pyo3| Ok(Lockfile::parse(&text(pyo3)).expect("a lock"));
    let other = foretold("0.30", "3.8", &known(lock("0.29.3")));
    assert_eq!((other.state, other.source), (State::Impossible, Source::Pairing));
    assert_eq!(other.reason.as_deref(), Some("pyo3: expected 0.30.3, the lock has 0.29.3"));
    assert_eq!(other.fix.as_deref(), Some("cargo matrix lock 0.30"));
    assert_eq!(foretold("0.30", "3.13", &known(lock("0.30.3"))).state, State::Legal);
    let none = foretold("0.30", "3.13", &known(Err("no lock".into())));
    assert_eq!((none.state, none.source), (State::Impossible, Source::Lock));
}

#[test]
fn an_old_compiler_a_yanked_release_and_a_switched_off_check_are_told() {
    let old = Knowledge { rustc: Some((1, 84)), ..Knowledge::default() };
    let too_old = foretold("0.30", "3.13", &old);
    assert_eq!((too_old.state, too_old.source), (State::Impossible, Source::Toolchain));
    assert_eq!(too_old.reason.as_deref(), Some("PyO3 0.30 needs rustc 1.85, this is 1.84"));
    assert_eq!(foretold("0.29", "3.13", &old).state, State::Legal);
    let python = "3.13".parse().expect("a Python");
    let yanked = legality(&spec("0.28", "0.28.1"), python, &Knowledge::default());
    assert_eq!(yanked.reason.as_deref(), Some("pyo3 0.28.1 was yanked"));
    let taints = vec!["UNSAFE_PYO3_SKIP_VERSION_CHECK".to_owned()];
    let tainted = foretold("0.30", "3.13", &Knowledge { taints, ..Knowledge::default() });
    assert_eq!((tainted.state, tainted.source), (State::Experimental, Source::Environment));
}

#[test]
fn a_pairing_of_unequal_minors_is_impossible_in_cargos_words() {
    let legality = of_pairing("0.30.3", "0.29.0");
    assert_eq!(legality.state, State::Impossible);
    assert_eq!(legality.message.as_deref(), Some("failed to select a version for `pyo3`"));
    assert_eq!(of_pairing("0.30.3", "0.30.0").state, State::Legal);
}
