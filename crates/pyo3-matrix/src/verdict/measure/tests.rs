use std::time::Duration;

use super::*;

fn check(events: &str) -> Evidence {
    evidence(&Left { events: Some(events.to_owned()), ..Left::default() }, "")
}

#[test]
fn a_test_without_an_end_is_the_one_in_which_the_cell_ended() {
    let found = check(concat!(
        "{\"event\":\"session_start\",\"process_started\":10.0,\"time\":10.5}\n",
        "{\"event\":\"test_start\",\"test\":\"a\",\"time\":11.0}\n",
        "{\"event\":\"test_end\",\"test\":\"a\",\"result\":\"passed\",\"seconds\":1.0,\"time\":12.0}\n",
        "{\"event\":\"test_start\",\"test\":\"b\",\"time\":12.5}\n",
        "{\"event\":\"test_en",
    ));
    assert_eq!(found.tests["a"], TestResult::Passed);
    assert_eq!(found.tests["b"], TestResult::Running);
    assert_eq!(found.session_code, None);
    assert!((found.own_seconds - 2.5).abs() < 1e-9);
}

#[test]
fn a_table_of_planted_faults_is_kept_and_one_that_makes_no_sense_is_named() {
    let check = |table: &str| evidence(&Left { detection: Some(table.to_owned()), ..Left::default() }, "");
    let fault = "{\"id\":\"a\",\"what\":\"b\",\"layer\":\"core\",\"caught_by\":[\"core/a\"]}";
    let found = check(&format!("[{{\"fault\":{fault},\"found\":{{\"core/a\":1}},\"seconds\":2}}]"));
    assert_eq!(found.detection[0].caught(), Some(("core/a", 1.0)));
    let broken = check("{}");
    assert!(broken.detection.is_empty() && broken.unreadable[0].starts_with("detection.json: "));
}

#[test]
fn a_line_that_cannot_be_understood_makes_the_events_unreadable_unless_it_is_the_unfinished_last_one() {
    let line = |test: &str| format!("{{\"event\":\"test_start\",\"test\":\"{test}\",\"time\":1.0}}\n");
    let surrogate = "{\"event\":\"test_end\",\"test\":\"a\",\"result\":\"failed\",\"message\":\"\\udcff\"}\n";
    for broken in [surrogate, "{\"event\":\"test_en\n", "\n", "{\"event\":\"unheard_of\"}\n"] {
        let found = check(&[&line("a"), broken, &line("b")].concat());
        assert_eq!(found.unreadable.len(), 1, "{broken}: {:?}", found.unreadable);
        assert!(found.unreadable[0].starts_with("events.jsonl, line 2: "), "{:?}", found.unreadable);
        assert!(found.tests.contains_key("b"), "what follows is read");
        let last = check(&[&line("a"), broken].concat());
        assert_eq!(last.unreadable.len(), 1, "{broken}: a whole last line is no exception");
        let cut = check(&[&line("a"), broken.trim_end()].concat());
        assert!(cut.unreadable.is_empty(), "{broken}: {:?}", cut.unreadable);
    }
    let whole = check(line("a").trim_end());
    assert_eq!(whole.tests["a"], TestResult::Running, "only its end of line is missing");
}

#[test]
fn a_test_that_was_collected_and_never_ran_is_red() {
    let found = check(concat!(
        "{\"event\":\"session_start\",\"process_started\":10.0,\"time\":10.5}\n",
        "{\"event\":\"collected\",\"tests\":[\"a\",\"b\"],\"time\":11.0}\n",
        "{\"event\":\"test_start\",\"test\":\"a\",\"time\":11.0}\n",
        "{\"event\":\"test_end\",\"test\":\"a\",\"result\":\"passed\",\"time\":12.0}\n",
        "{\"event\":\"session_end\",\"exit_code\":0,\"time\":14.0}\n",
    ));
    assert_eq!(found.tests["a"], TestResult::Passed);
    assert_eq!(found.tests["b"], TestResult::NotRun);
    assert!(found.tests["b"].is_red());
    assert_eq!(found.session_code, Some(0));
    assert!((found.own_seconds - 4.0).abs() < 1e-9);
}

#[test]
fn the_moments_of_collection_and_of_a_test_count_where_they_are_the_last() {
    let start = "{\"event\":\"session_start\",\"process_started\":10.0,\"time\":10.5}\n";
    let seconds = |line: &str| check(&format!("{start}{line}\n")).own_seconds;
    assert!((seconds("{\"event\":\"collected\",\"tests\":[],\"time\":11.0}") - 1.0).abs() < 1e-9);
    assert!((seconds("{\"event\":\"test_start\",\"test\":\"a\",\"time\":12.0}") - 2.0).abs() < 1e-9);
    let end = "{\"event\":\"test_end\",\"test\":\"a\",\"result\":\"passed\",\"time\":13.0}";
    assert!((seconds(end) - 3.0).abs() < 1e-9);
    // A clock that was set back gives no negative time.
    assert!(seconds("{\"event\":\"test_start\",\"test\":\"a\",\"time\":2.0}").abs() < 1e-9);
}

#[test]
fn a_cell_that_was_ended_by_the_clock_lasted_as_long_as_that() {
    let start = "{\"event\":\"session_start\",\"process_started\":10.0,\"time\":10.5}\n";
    let text = format!("{start}{{\"event\":\"test_start\",\"test\":\"a\",\"time\":12.0}}\n");
    let seconds = |exit| check(&text).with_time_of(exit).own_seconds;
    assert!((seconds(Exit::TimedOut(Duration::from_secs(900))) - 900.0).abs() < 1e-9);
    assert!((seconds(Exit::Code(0)) - 2.0).abs() < 1e-9);
}

#[test]
fn a_red_test_keeps_its_report_and_a_skipped_one_its_reason() {
    let end = |test: &str, result: &str| {
        format!(
            "{{\"event\":\"test_end\",\"test\":\"{test}\",\"result\":\"{result}\",\"message\":\"why {test}\",\"longrepr\":\"all\"}}\n"
        )
    };
    let results = ["passed", "failed", "error", "xpassed", "skipped", "xfailed"];
    let mut text: String = results.iter().map(|result| end(result, result)).collect();
    text += "{\"event\":\"collect_error\",\"test\":\"file\",\"message\":\"m\",\"longrepr\":\"l\"}\n";
    text += "{\"event\":\"collect_skip\",\"test\":\"other\",\"message\":\"no module\"}\n";
    let found = check(&text);
    assert_eq!(found.failures.keys().collect::<Vec<_>>(), ["error", "failed", "file", "xpassed"]);
    let expected = TestFailure { message: "why failed".into(), report: "all".into() };
    assert_eq!(found.failures["failed"], expected);
    let skips: Vec<_> = found.skips.iter().map(|(test, why)| (test.as_str(), why.as_str())).collect();
    assert_eq!(skips, [("other", "no module"), ("skipped", "why skipped"), ("xfailed", "why xfailed")]);
    assert_eq!((found.tests["file"], found.tests["other"]), (TestResult::Error, TestResult::Skipped));
}

#[test]
fn a_cell_that_left_nothing_is_empty_evidence() {
    let found = evidence(&Left::default(), "");
    assert!(found.tests.is_empty() && found.observed.is_none() && found.memory.is_none());
    assert!(found.unreadable.is_empty() && found.installed.is_none() && found.own_seconds.abs() < 1e-9);
}

const OBSERVED: &str = r#"{"python":"3.12","postgres":"16","pyo3":"0.30.1","pyo3_async_runtimes":"0.30.0","python_full":"3.12.1",
    "postgres_full":"16.14","loaded":{"path":"/x.so","sha256":"ab"},"installed":{"x.so":"ab"}}"#;

fn observed(text: &str) -> Evidence {
    evidence(&Left { observed: Some(text.to_owned()), ..Left::default() }, "")
}

#[test]
fn what_a_cell_observed_is_read_with_the_files_that_it_runs_on() {
    let found = observed(OBSERVED);
    assert_eq!(
        found.observed.as_ref().map(|observed| observed.versions.get("pyo3").unwrap_or_default()),
        Some("0.30.1")
    );
    let loaded = found.observed.expect("it observed itself").loaded;
    assert_eq!(loaded, Some(crate::model::record::Loaded { path: "/x.so".into(), sha256: "ab".into() }));
    assert_eq!(found.installed, Some(BTreeMap::from([("x.so".into(), "ab".into())])));
}

#[test]
fn what_the_kit_found_is_kept_with_the_class_of_a_hang() {
    let text = r#"{"schema_version":1,"kit":"0.1.0","adapter":"Pool","driver":"","kind":"core","python":"3.12.1",
        "implementation":"CPython","depth":"quick","seed":7,"checks":[{"id":"core/error-class","level":"MUST",
        "outcome":"hung","message":"no answer","seconds":8.1,"notes":{"n":1},"hang":"lost wake-up","incident":"a.txt"}]}"#;
    let incidents = BTreeMap::from([("a.txt".to_owned(), "class: lost wake-up".to_owned())]);
    let left = Left { kit: Some(text.to_owned()), incidents, ..Left::default() };
    let kit = evidence(&left, "").kit.expect("it is read");
    assert_eq!(kit.checks[0].stacks.as_deref(), Some("class: lost wake-up"));
    assert_eq!((kit.adapter.as_str(), kit.depth.as_str(), kit.seed), ("Pool", "quick", 7));
    assert_eq!(kit.checks[0].hang.as_deref(), Some("lost wake-up"));
    let broken = evidence(&Left { kit: Some("[]".into()), ..Left::default() }, "");
    assert!(broken.unreadable[0].starts_with("bridge.json: "), "{:?}", broken.unreadable);
}

#[test]
fn a_cell_that_could_not_observe_itself_says_why() {
    let found = observed(r#"{"schema_version":1,"error":"no module"}"#);
    assert_eq!(found.observe_error.as_deref(), Some("no module"));
    assert!(found.observed.is_none() && found.installed.is_none() && found.unreadable.is_empty());
}

#[test]
fn a_file_that_makes_no_sense_is_named_and_is_the_cells_own_fault() {
    let found = observed(&OBSERVED.replace("\"3.12.1\"", "true"));
    assert!(found.observed.is_none(), "a version is a text");
    assert!(found.unreadable[0].starts_with("observed.json: "), "{:?}", found.unreadable);
    let found = evidence(&Left { memory: Some("{".into()), ..Left::default() }, "");
    assert!(found.unreadable[0].starts_with("memory.json: "), "{:?}", found.unreadable);
    let broken = Measured { speedup: Some("[]".into()), ..Measured::default() };
    assert!(benchmarks(&broken).expect_err("no object").starts_with("speedup.json: "));
    let broken = Measured { benchmarks: Some("[]".into()), ..Measured::default() };
    assert!(benchmarks(&broken).expect_err("no object").starts_with("benchmark.json: "));
}

#[test]
fn benchmarks_and_comparisons_are_read_from_their_files() {
    let text = r#"{"benchmarks":[{"name":"b","group":"g","stats":{"rounds":7,"min":1.0,"median":2.0,"iqr":3.0,"mean":9.0}}]}"#;
    let side = |label: &str| format!(r#"{{"label":"{label}","median_ms":1.0}}"#);
    let speedup = format!(
        r#"{{"comparisons":[{{"name":"c","title":"t","control":{},"candidate":{},"speedup":{{"ratio":2.0,"low":1.5,"high":2.5,"confidence":0.95}}}}]}}"#,
        side("psycopg"),
        side("ours")
    );
    let measured = Measured { benchmarks: Some(text.into()), speedup: Some(speedup) };
    let (found, comparisons) = benchmarks(&measured).expect("measured");
    let expected = Benchmark {
        name: "b".into(),
        group: Some("g".into()),
        rounds: 7,
        min: 1.0,
        median: 2.0,
        iqr: 3.0,
        spread: None,
    };
    assert_eq!(found, [expected]);
    assert_eq!((comparisons.len(), comparisons[0].speedup.low), (1, 1.5));
    let (found, comparisons) = benchmarks(&Measured::default()).expect("nothing");
    assert!(found.is_empty() && comparisons.is_empty());
}

#[test]
fn a_memory_file_is_kept() {
    let text =
        r#"{"unit":"bytes","interval_seconds":0.1,"samples":[[0.0,5]],"peak":5,"leaks":{"test_a":{}}}"#;
    let found = evidence(&Left { memory: Some(text.into()), ..Left::default() }, "");
    assert_eq!(found.memory.map(|memory| (memory.peak, memory.leaks.len())), Some((5, 1)));
}

#[test]
fn a_test_that_failed_in_one_worker_is_red_although_another_passed_it() {
    let end = |worker: &str, result: &str| {
        format!(
            "{{\"event\":\"test_end\",\"worker\":\"{worker}\",\"test\":\"a\",\"result\":\"{result}\",\"message\":\"{result} there\",\"time\":1.0}}\n"
        )
    };
    for events in [[end("gw0", "failed"), end("gw1", "passed")], [end("gw1", "passed"), end("gw0", "failed")]]
    {
        let found = check(&events.concat());
        assert_eq!(found.tests["a"], TestResult::Failed);
        assert_eq!(found.failures["a"].message, "failed there");
    }
}

#[test]
fn a_test_that_two_workers_run_has_ended_where_both_ended_it() {
    let line = |event: &str, worker: &str| {
        format!(
            "{{\"event\":\"{event}\",\"worker\":\"{worker}\",\"test\":\"a\",\"result\":\"passed\",\"time\":1.0}}\n"
        )
    };
    let mut events = [line("test_start", "gw0"), line("test_start", "gw1"), line("test_end", "gw0")].concat();
    assert_eq!(check(&events).workers.running(), ["a"]);
    events += "{\"event\":\"worker_died\",\"worker\":\"gw1\",\"exit_code\":-11,\"time\":2.0}\n";
    let found = check(&events);
    assert_eq!(found.workers.died[0].during, ["a"]);
    assert_eq!(found.workers.unobserved(), ["gw0", "gw1"]);
    assert!(check(&(events + &line("test_end", "gw1"))).workers.running().is_empty());
}

#[test]
fn what_a_worker_says_of_itself_is_read_or_named_as_unreadable() {
    let observed = "{\"python\":\"3.12\",\"postgres\":\"16\",\"pyo3\":\"0.30.1\",\"pyo3_async_runtimes\":\"0.30.0\",        \"python_full\":\"3.12.1\",\"postgres_full\":\"16.14\",\"installed\":{\"a.py\":\"00\"}}";
    let line = |observed: &str| {
        format!("{{\"event\":\"worker_observed\",\"worker\":\"gw0\",\"observed\":{observed},\"time\":1.0}}\n")
    };
    let found = check(&line(observed));
    assert_eq!(found.workers.observed["gw0"].installed["a.py"], "00");
    assert_eq!(found.workers.observed["gw0"].observed.python_full, "3.12.1");
    assert!(found.unreadable.is_empty(), "{:?}", found.unreadable);
    let found = check(&line("{\"python\":3}"));
    assert!(found.unreadable[0].starts_with("events.jsonl, line 1: "), "{:?}", found.unreadable);
}
