use std::collections::BTreeMap;

use super::*;
use crate::model::kit::{KitCheck, tests as made_up};
use crate::model::record::{
    Attempt, Benchmark, Memory, Outcome, Record, Spread, TestFailure, TestResult, Versions,
};
use crate::report::Report;
use crate::report::compare::Compared;
use crate::report::model::detection::tests::detected;
use crate::report::tests::{rehearsed, report};
use crate::store::merge::{Contested, Merged, Source};

/// What a hostile test would be called.
const HOSTILE: &str = "</script><script>alert(1)</script><img src=x onerror=\"alert('1')\">&'\u{1b}[31m\u{0}";

/// A record of each cell that passes.
fn records(report: &Report, change: impl Fn(usize, &mut Record)) -> Vec<Record> {
    let one = |(at, cell): (usize, &crate::verdict::judge::CellVerdict)| {
        let mut record = Record::empty(cell.cell.clone(), Versions::ones(), cell.outcome.clone(), None);
        record.tests = (0..50).map(|test| (format!("tests/a.py::test_{test}"), TestResult::Passed)).collect();
        change(at, &mut record);
        record
    };
    report.verdict.cells.iter().enumerate().map(one).collect()
}

fn page(report: Report, change: impl Fn(usize, &mut Record)) -> String {
    let records = records(&report, change);
    render(&Whole { report, records, since: None })
}

#[test]
fn a_page_has_the_verdict_first_and_a_section_for_each_cell() {
    let text = page(report(3, 1), |_, _| {});
    let place = |said: &str| text.find(said).unwrap_or_else(|| panic!("{said}: {text}"));
    let order =
        ["<h1", "class=\"tally\">3/4 cells green", "<strong>investigate", "id=\"grid\"", "id=\"cells\""];
    let order = order.map(place);
    assert!(order.is_sorted(), "{order:?}");
    for cell in 0..4 {
        let id = format!("py3.0-pg{cell}-pyo3_0.1");
        assert_eq!(text.matches(&format!("id=\"{id}\"")).count(), 1, "{id}");
        assert!(text.contains(&format!("href=\"#{id}\"")), "{id}");
    }
    assert!(text.contains("cargo matrix run --cell py3.0-pg3-pyo3_0.1"));
}

#[test]
fn what_others_said_is_text_and_no_markup() {
    let mut report = report(1, 1);
    report.preset = HOSTILE.into();
    report.toolchain = vec![HOSTILE.into()];
    let cell = &mut report.verdict.cells[1];
    cell.reason = Some(HOSTILE.into());
    cell.failing = BTreeMap::from([(HOSTILE.to_owned(), HOSTILE.to_owned())]);
    cell.skips = cell.failing.clone();
    let text = page(report, |_, record| {
        let failure = TestFailure { message: HOSTILE.into(), report: HOSTILE.into() };
        record.failures.insert(HOSTILE.into(), failure);
        record.requested = [(HOSTILE, HOSTILE)].into_iter().collect();
        record.seconds.insert(HOSTILE.into(), 1.0);
        record.passed_env.push(HOSTILE.into());
    });
    assert!(text.contains("&lt;img src=x"), "{text}");
    for markup in ["<img", "\u{1b}", "\u{0}", "onerror=\"alert"] {
        assert!(!text.contains(markup), "{markup:?}");
    }
    assert_eq!(text.matches("<script").count(), 1, "its own");
}

#[test]
fn the_page_may_run_its_own_style_and_script_and_load_nothing() {
    let text = page(report(2, 0), |_, _| {});
    let inside = |tag: &str| {
        let begin = text.find(&format!("<{tag}>")).expect(tag) + tag.len() + 2;
        &text[begin..begin + text[begin..].find(&format!("</{tag}>")).expect(tag)]
    };
    for tag in ["style", "script"] {
        assert!(text.contains(&format!("{tag}-src 'sha256-{}'", hash(inside(tag)))), "{tag}");
    }
    for loads in ["http://", "https://", "url(", "@import", " src=", " style="] {
        assert!(!text.contains(loads), "{loads}");
    }
}

#[test]
fn a_hundred_and_sixty_cells_with_long_logs_fit_into_a_megabyte() {
    let mut report = report(80, 80);
    for (at, cell) in report.verdict.cells.iter_mut().enumerate() {
        cell.reason = Some(format!("{at} {}", "<✘> wide\n".repeat(50_000)));
        cell.failing =
            (0..200).map(|n| (format!("t{at}_{n}{}", "é".repeat(400)), "<|".repeat(5000))).collect();
        cell.skips =
            (0..200).map(|n| (format!("s{at}_{n}{}", "é".repeat(400)), format!("{n} why"))).collect();
    }
    let text = page(report, |_, record| {
        let failing = (0..200).map(|n| (format!("t{n}"), "it was late".to_owned())).collect();
        record.attempts.push(Attempt { run: None, reason: None, failing });
        let samples = (0..20_000_u32).map(|at| (f64::from(at), u64::from(at) * 977)).collect();
        let leaks = BTreeMap::new();
        record.memory = Some(Memory { unit: "bytes".into(), interval_seconds: 0.1, samples, peak: 1, leaks });
    });
    assert!(text.len() < 1024 * 1024, "{} bytes", text.len());
    assert_eq!(text.matches("class=\"cell\"").count(), 160, "each cell is in the grid");
    assert!(text.contains(" more failing tests: see "), "what is left out is said");
}

#[test]
fn each_of_a_hundred_and_sixty_ordinary_cells_has_its_section() {
    let text = page(report(150, 10), |_, _| {});
    assert!(text.len() < 1024 * 1024, "{} bytes", text.len());
    assert_eq!(text.matches("<details class=\"sheet").count(), 160);
}

#[test]
fn a_run_under_way_and_one_that_was_stopped_are_neither_green_nor_lost() {
    let mut under_way = report(1, 1);
    under_way.verdict.cells[1].outcome = Outcome::UnderWay;
    let text = page(under_way, |_, _| {});
    assert!(text.contains("Not green yet: the run is at work") && text.contains("verdict wait"), "{text}");
    let mut stopped = report(1, 1);
    stopped.verdict.cells[1].outcome = Outcome::Interrupted;
    let text = page(stopped, |_, _| {});
    assert!(
        text.contains("<strong>1</strong> interrupted") && text.contains("of <strong>2</strong> planned"),
        "{text}"
    );
}

#[test]
fn a_run_of_which_nothing_is_known_is_a_page_too() {
    let report = report(0, 3);
    let text = render(&Whole { report, records: Vec::new(), since: None });
    assert_eq!(text.matches("<details class=\"sheet").count(), 3);
    assert!(
        !text.contains("show-speed") || !text.contains("id=\"show-speed\""),
        "what no cell has is not offered"
    );
    let none = render(&Whole { report: self::report(0, 0), records: Vec::new(), since: None });
    assert!(none.contains("No cell was planned."), "{none}");
}

#[test]
fn a_merged_run_names_its_parts_and_what_they_disagree_on() {
    let mut report = report(1, 1);
    let source = |at: usize| Source {
        run: format!("run-{at}"),
        started: String::new(),
        part: Some(format!("part {at} of 20")),
        cells: 1,
        commit: None,
        host: None,
    };
    report.merged = Some(Merged {
        runs: (1..=20).map(source).collect(),
        contested: vec![Contested {
            cell: report.verdict.cells[1].cell.clone(),
            counts: "run-1".into(),
            outcome: Outcome::TestsFailed,
            passed_over: "run-2".into(),
            other_outcome: Outcome::Passed,
            why: crate::store::merge::choice::Why::Red,
        }],
    });
    let text = page(report, |_, _| {});
    for said in ["Merged from 20 runs", "run-20", "part 20 of 20", "passed in <code>run-2</code>"] {
        assert!(text.contains(said), "{said}: {text}");
    }
}

#[test]
fn what_is_different_from_an_earlier_run_follows_the_grid() {
    let (mut before, mut after) = (report(3, 0), report(3, 0));
    before.run = "one".into();
    before.preset = HOSTILE.into();
    let cell = &mut after.verdict.cells[1];
    cell.outcome = Outcome::TestsFailed;
    cell.reason = Some(HOSTILE.into());
    let none = page(after.clone(), |_, _| {});
    let since = Some(Compared::of(&before, &after));
    let text = render(&Whole { report: after, records: Vec::new(), since });
    let place = |said: &str| text.find(said).unwrap_or_else(|| panic!("{said}: {text}"));
    let order = ["id=\"grid\"", "id=\"since\"", "regressed: 1 cell; unchanged: 2 of 3 cells", "id=\"cells\""];
    assert!(order.map(place).is_sorted());
    assert!(text.contains("run one, ") && !text.contains("<script>alert") && !none.contains("id=\"since\""));
}

#[test]
fn planted_faults_that_nothing_caught_stand_before_the_others() {
    let text = page(report(2, 0), |at, record| {
        let found: &[&str] = if at == 0 { &["core/meant", "core/<other>"] } else { &[] };
        record.detection = vec![detected("right", &["core/meant"]), detected("held", found)];
    });
    let place = |said: &str| text.find(said).unwrap_or_else(|| panic!("{said}: {text}"));
    let tally = "3 of 4 planted faults caught as meant; 0 findings where nothing was planted";
    let order = [
        tally,
        "<code>held",
        "not caught",
        "core/&lt;other&gt;",
        "1 came out as they have to",
        "<code>right",
    ];
    assert!(order.map(place).is_sorted());
    assert!(text.contains("held is &lt;wrong&gt;"));
}

#[test]
fn a_rehearsal_stands_apart_with_what_it_takes() {
    let report = rehearsed(1, 1);
    let text = render(&Whole { report, records: Vec::new(), since: None });
    for said in
        ["no part of the verdict", "14 changes in Cargo.lock", "`downcast` &lt;b&gt;is gone&lt;/b&gt;"]
    {
        assert!(text.contains(said), "{said}: {text}");
    }
}

#[test]
fn a_hang_has_its_stacks_and_a_benchmark_its_rounds() {
    let check = KitCheck {
        holds: "a timeout <ends> the wait".into(),
        message: "no answer came".into(),
        hang: Some("loop blocked".into()),
        incident: Some("core-wait-for.txt".into()),
        stacks: Some(format!("class: loop blocked\n{HOSTILE}")),
        ..made_up::check("core/wait-for", "hung")
    };
    let kit = made_up::kit(vec![check]);
    let text = page(report(0, 1), |_, record| {
        record.kit = Some(kit.clone());
        let spread = Some(Spread { low: 0.001, q1: 0.002, q3: 0.004, high: 0.008 });
        let (name, group) = ("test_latency[simple-pool]".into(), Some("simple".into()));
        record.benchmarks =
            vec![Benchmark { name, group, rounds: 9, min: 0.001, median: 0.003, iqr: 0.002, spread }];
    });
    let said = [
        "hung: loop blocked",
        "cells/py3.0-pg0-pyo3_0.1/incidents/core-wait-for.txt",
        "class: loop blocked\n&lt;/script&gt;",
        "a timeout &lt;ends&gt; the wait",
        "<caption>simple</caption>",
        "<th scope=\"row\">pool</th>",
        "3.00 ms",
    ];
    for said in said {
        assert!(text.contains(said), "{said}: {text}");
    }
}
