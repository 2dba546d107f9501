use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::model::origin::{Commit, Host};
use crate::model::record::Outcome;
use crate::report::tests::report;

/// A run of eight green cells, of a suite and on a machine that are known.
fn green() -> Report {
    let mut report = report(8, 0);
    report.run = "one".into();
    report.basis.suite = "a".into();
    let host = Host { os: "linux".into(), arch: "x86_64".into(), cpu: Some("CPU_1".into()), cores: 2 };
    report.origin.host = Some(host);
    report.origin.commit = Some(Commit { hash: "1a2b3c4d5e6f7a8b".into(), dirty: false });
    report
}

/// The same, in which a test fails in the cells of these places.
fn red(places: &[usize]) -> Report {
    let mut report = green();
    report.run = "two".into();
    for &place in places {
        let cell = &mut report.verdict.cells[place];
        cell.outcome = Outcome::TestsFailed;
        cell.reason = Some("1 of 2 tests failed".into());
        cell.failing = BTreeMap::from([("a.py::test_<x>".to_owned(), "assert 1 == 2".to_owned())]);
    }
    report
}

/// A cell that measured this speed-up.
fn measured(report: &mut Report, place: usize, ratio: f64) {
    let measured = json!({ "comparisons": { "simple": {
        "ratio": ratio, "low": ratio - 0.1, "high": ratio + 0.1, "confidence": 0.95,
        "control_ms": 2.0, "candidate_ms": 2.0 / ratio,
    } } });
    report.verdict.cells[place].measured = serde_json::from_value(measured).expect("measures");
}

/// The text for a terminal, without styles and without line breaks.
fn said(before: &Report, after: &Report) -> String {
    let text = terminal::render(&Compared::of(before, after));
    let plain = anstream::adapter::strip_str(&text).to_string();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn two_runs_that_agree_are_one_line_below_what_they_are() {
    let text = said(&green(), &green());
    let run = "run one, grid, commit 1a2b3c4d5e6f, 8 cells on linux x86_64, CPU_1, 2 cores";
    assert_eq!(text, format!("A {run} B {run} nothing regressed; unchanged: 8 of 8 cells"));
}

#[test]
fn a_regression_is_told_by_its_cells_and_by_its_tests() {
    let compared = Compared::of(&green(), &red(&[0, 1]));
    assert!(compared.regression);
    let text = said(&green(), &red(&[0, 1]));
    let cells = "py3.0-pg0-pyo3_0.1, py3.0-pg1-pyo3_0.1";
    for part in [
        &format!("regressed: 2 cells ✘ passed → tests failed in {cells} 1 of 2 tests failed"),
        &format!(
            "newly failing tests ✘ a.py::test_<x> in {cells} 2 of 8 cells that ran tests in both runs assert 1 == 2"
        ),
        "regressed: 2 cells, 1 test; unchanged: 6 of 8 cells",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let back = said(&red(&[0, 1]), &green());
    assert!(back.contains("fixed: 2 cells ✔ tests failed → passed"), "{back}");
    assert!(back.contains("fixed tests ✔ a.py::test_<x>") && back.contains("nothing regressed;"), "{back}");
    let mut other = green();
    other.basis.suite = "b".into();
    let gone = said(&red(&[0]), &other);
    assert!(gone.contains("tests that do not fail any more, or are gone ✔ a.py::test_<x>"), "{gone}");
}

#[test]
fn an_explanation_is_told_where_it_is_about_just_the_cells_that_are_new() {
    let explained = |places: &[usize], before: &Report| {
        let mut after = red(places);
        let cells: Vec<_> = places.iter().map(|&place| after.verdict.cells[place].cell.clone()).collect();
        let attribution = json!({
            "tests": ["a.py::test_<x>"], "cells": cells, "of": 8,
            "explanations": [[[{ "python": ["exactly", "3.0"] }]]],
        });
        after.verdict.attributions = vec![serde_json::from_value(attribution).expect("an attribution")];
        Compared::of(before, &after).explanations
    };
    let sentence = "on Python 3.0: 4 of 4 such cells, no other";
    assert_eq!(explained(&[0, 1, 2, 3], &green()), [Some(sentence.to_owned())]);
    assert_eq!(explained(&[0, 1, 2, 3], &red(&[0])), [None], "one of the cells was red before");
}

#[test]
fn a_slower_cell_is_told_in_numbers_with_times_on_the_same_machine_alone() {
    let (mut before, mut after) = (green(), green());
    for (place, ratio) in [(0, 1.5), (1, 1.0)] {
        measured(&mut before, place, 2.0);
        measured(&mut after, place, ratio);
    }
    let worst = "py3.0-pg1-pyo3_0.1: 2.00x (1.90x to 2.10x) → 1.00x (0.90x to 1.10x)";
    let times = "; candidate 1.000 ms → 2.000 ms, control 2.000 ms → 2.000 ms";
    let cells = "py3.0-pg1-pyo3_0.1, py3.0-pg0-pyo3_0.1";
    let item = format!("slower ? simple lost 25 % to 50 % of its speed-up in {cells} {worst}");
    let text = said(&before, &after);
    assert!(text.contains(&format!("{item}{times}")), "{text}");
    assert!(text.ends_with("nothing regressed; slower: 2 cells; unchanged: 6 of 8 cells"), "{text}");
    after.origin.host = None;
    let text = said(&before, &after);
    assert!(text.contains(&item) && !text.contains(times), "{text}");
    let apart = "absolute times and peak memory: the machines differ, or one is not known";
    assert!(text.contains(&format!("not comparable - {apart} in py3.0-pg0-pyo3_0.1")), "{text}");
}

#[test]
fn growth_is_told_by_its_test_and_size_with_the_worst_cell() {
    let leak = |bytes: f64, threads: i64| {
        let slope = json!({ "slope_bytes_per_1000": bytes, "low": bytes - 1.0, "high": bytes + 1.0 });
        json!({ "leaks": { "test_leak": { "slopes": { "rss": slope }, "growth": { "threads": threads } } }, "peak_rss": 1 })
    };
    let (mut before, mut after) = (green(), green());
    before.verdict.cells[0].measured = serde_json::from_value(leak(-2048.0, 0)).expect("measures");
    after.verdict.cells[0].measured = serde_json::from_value(leak(102_400.0, 100)).expect("measures");
    let text = said(&before, &after);
    let cell = "in py3.0-pg0-pyo3_0.1 py3.0-pg0-pyo3_0.1";
    let slope = format!("? test_leak: rss grows faster {cell}: -2.0 KiB → 100.0 KiB in 1,000 operations");
    assert!(text.contains(&slope), "{text}");
    assert!(text.contains(&format!("? test_leak: threads grows by more {cell}: 0 → 100")), "{text}");
}

#[test]
fn no_line_is_wider_than_a_terminal_and_styles_take_no_room() {
    let mut after = red(&[0, 1, 2]);
    for cell in &mut after.verdict.cells {
        cell.reason = Some("a long reason ".repeat(20));
    }
    let text = terminal::render(&Compared::of(&green(), &after));
    assert!(text.contains("\u{1b}[31m✘\u{1b}[0m "), "{text}");
    let plain = anstream::adapter::strip_str(&text).to_string();
    let wide: Vec<&str> = plain.lines().filter(|line| line.chars().count() > 80).collect();
    assert_eq!(wide, Vec::<&str>::new());
}

#[test]
fn markdown_begins_with_the_verdict_and_what_a_test_says_is_no_markup() {
    let mut after = red(&[0]);
    after.verdict.cells[0].failing.insert("a.py::test_<x>".into(), "<b>@all</b>".into());
    let text = markdown::render(&Compared::of(&green(), &after));
    assert!(
        text.starts_with("## ❌ regressed: 1 cell, 1 test; unchanged: 7 of 8 cells\n\n- **A**: run one"),
        "{text}"
    );
    assert!(
        text.contains("### ❌ Newly failing tests\n\n- `a.py::test_<x>` in `py3.0-pg0-pyo3_0.1`\n"),
        "{text}"
    );
    assert!(text.contains("  - &lt;b&gt;&#64;all&lt;/b&gt;\n") && !text.contains("CPU_1"), "{text}");
    let green_text = markdown::render(&Compared::of(&green(), &green()));
    assert!(green_text.starts_with("## ✅ nothing regressed") && !green_text.contains("###"), "{green_text}");
}

#[test]
fn a_comment_of_any_size_fits_into_a_pull_request() {
    let (before, mut after) = (report(240, 0), report(240, 0));
    for cell in &mut after.verdict.cells {
        cell.outcome = Outcome::TestsFailed;
        let name = &cell.cell;
        cell.failing =
            (0..20).map(|at| (format!("{name}{at}{}", "é".repeat(400)), "é|".repeat(5000))).collect();
        cell.reason = Some(format!("{name}{}", "✘".repeat(5000)));
    }
    let text = markdown::render(&Compared::of(&before, &after));
    assert!(text.len() < 65_536, "{} bytes", text.len());
    assert!(text.contains(" more: see `--format json`_"), "what is left out is counted");
    let all = json(&Compared::of(&before, &after)).expect("JSON");
    let read: Compared = serde_json::from_str(&all).expect("a comparison");
    assert_eq!(read.difference.regressed.len(), 240, "the JSON has all");
}
