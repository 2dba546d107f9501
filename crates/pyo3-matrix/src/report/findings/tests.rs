use std::collections::BTreeMap;

use super::*;
use crate::model::kit::{Kit, KitCheck, tests as made_up};
use crate::model::record::{Attempt, Benchmark, Comparison, Outcome, Side, Speedup, Versions};
use crate::report::tests::report;
use crate::verdict::measured::{Leak, Slope};

/// The document of a run of so many green cells, whose records and report `change` makes.
fn document(green: u16, red: u16, change: impl Fn(usize, &mut Record), edit: impl Fn(&mut Report)) -> String {
    let mut report = report(green, red);
    let one = |(at, cell): (usize, &crate::verdict::judge::CellVerdict)| {
        let mut record = Record::empty(cell.cell.clone(), Versions::ones(), cell.outcome.clone(), None);
        change(at, &mut record);
        record
    };
    let records = report.verdict.cells.iter().enumerate().map(one).collect();
    edit(&mut report);
    render(&Whole { report, records, since: None })
}

fn section<'a>(text: &'a str, title: &str) -> &'a str {
    let start = text.find(&format!("## {title}\n")).unwrap_or_else(|| panic!("{title}: {text}"));
    let rest = &text[start + 3..];
    &rest[..rest.find("\n## ").unwrap_or(rest.len())]
}

fn comparison(control_ms: f64, candidate_ms: f64, high: f64) -> Comparison {
    let ratio = control_ms / candidate_ms;
    let side = |label: &str, median_ms| Side { label: label.into(), median_ms };
    Comparison {
        name: "simple".into(),
        title: "SELECT 1".into(),
        control: side("psycopg", control_ms),
        candidate: side("pool", candidate_ms),
        speedup: Speedup { ratio, low: ratio * 0.9, high, confidence: 0.95 },
    }
}

fn check(id: &str, outcome: &str) -> KitCheck {
    KitCheck {
        holds: format!("what {id} promises"),
        message: if outcome == "failed" { "it is *late*\nand more".into() } else { String::new() },
        ..made_up::check(id, outcome)
    }
}

fn kit(checks: Vec<KitCheck>) -> Kit {
    Kit { adapter: "Pool".into(), ..made_up::kit(checks) }
}

#[test]
fn a_document_goes_from_the_decision_over_what_was_seen_to_what_follows() {
    let text = document(3, 1, |_, _| {}, |_| {});
    assert!(text.starts_with("# Findings: "), "{text}");
    assert!(text.contains("**Decision: investigate**, the verdict is not green."), "{text}");
    let titles =
        ["Performance", "GIL handling", "Memory", "Edge cases", "Alternatives compared", "What follows"];
    let places = titles
        .map(|title| text.find(&format!("\n## {title}\n")).unwrap_or_else(|| panic!("{title}: {text}")));
    assert!(places.is_sorted(), "{places:?}");
    // What was not looked at is said to be so, and is not left out.
    assert!(
        section(&text, "Performance")
            .contains("Not measured: `cargo matrix run --benchmarks full` measures it.")
    );
    assert!(section(&text, "GIL handling").contains("the conformance kit did not run"));
    assert!(section(&text, "Memory").contains("Not measured"));
    assert!(section(&text, "Alternatives compared").contains("None was compared."));
}

#[test]
fn a_gain_is_the_median_over_the_cells_and_names_those_that_lose() {
    let change = |at: usize, record: &mut Record| {
        let (control, high) = [(2.0, 2.2), (3.0, 3.3), (0.5, 0.6)][at];
        record.comparisons.push(comparison(control, 1.0, high));
    };
    let text = document(3, 0, change, |_| {});
    let text = section(&text, "Performance");
    let row = "| SELECT 1 | psycopg 2.00 ms | pool 1.00 ms | **2.00×** | 0.45× to 3.30× |  |";
    assert!(text.contains(row), "{text}");
    assert!(
        text.contains("- SELECT 1 is slower than psycopg in 1 of 3 cells: `py3.0-pg2-pyo3_0.1`"),
        "{text}"
    );
}

#[test]
fn the_gil_is_told_by_the_checks_of_it_and_the_rest_stands_among_the_edges() {
    let change = |at: usize, record: &mut Record| {
        let late = if at == 0 { "failed" } else { "passed" };
        let checks = [
            ("core/gil-free-while-waiting", "passed"),
            ("core/loop-free-while-waiting", late),
            ("core/quiet", late),
        ];
        record.kit = Some(kit(checks.iter().map(|(id, outcome)| check(id, outcome)).collect()));
    };
    let text = document(2, 0, change, |_| {});
    let gil = section(&text, "GIL handling");
    let (works, fails) = gil.split_once("What does not:").expect("both");
    assert!(
        works
            .contains("✅ what core/gil-free-while-waiting promises (core/gil-free-while-waiting: 2 passed)"),
        "{gil}"
    );
    assert!(
        fails.contains("core/loop-free-while-waiting: 1 failed, 1 passed) · it is \\*late\\*\n"),
        "{gil}"
    );
    assert!(!gil.contains("core/quiet"));
    let edges = section(&text, "Edge cases");
    assert!(edges.contains("what core/quiet promises") && !edges.contains("loop-free"), "{edges}");
}

#[test]
fn every_check_of_the_gil_is_one_of_the_kit() {
    let table = include_str!("../../../../../docs/conformance.md");
    for id in bridge::GIL {
        assert!(table.contains(&format!("\n| `{id}` |")), "{id}");
    }
}

#[test]
fn edges_name_what_comes_and_goes_and_count_what_is_free() {
    let change = |at: usize, record: &mut Record| {
        let mut recorded = check("core/error-cause", "recorded");
        recorded.notes.insert("pickled".into(), serde_json::json!(at == 0));
        recorded.notes.insert("cause".into(), serde_json::json!("none"));
        recorded.notes.insert("errors".into(), serde_json::json!(7 + at));
        record.kit = Some(kit(vec![recorded]));
        if at == 1 {
            record.outcome = Outcome::Flaky;
            let failing = BTreeMap::from([("a.py::test_a".to_owned(), "late".to_owned())]);
            record.attempts = vec![Attempt { run: None, reason: None, failing }];
        }
    };
    let text = document(3, 0, change, |_| {});
    let edges = section(&text, "Edge cases");
    assert!(edges.contains("- `py3.0-pg1-pyo3_0.1` passed on a later try: `a.py::test_a`"), "{edges}");
    assert!(edges.contains("- core/error-cause, pickled: false (in 2); true (in 1)"), "{edges}");
    assert!(edges.contains("- core/error-cause, cause: none\n"), "{edges}");
    assert!(edges.contains("- core/error-cause, errors: 7 to 9\n"), "{edges}");
}

#[test]
fn a_leak_test_is_told_at_its_steepest_with_the_counters_that_grew() {
    let edit = |report: &mut Report| {
        for (cell, bytes) in report.verdict.cells.iter_mut().zip([0.0, 204_800.0]) {
            let slope = Slope { bytes, low: bytes * 0.9, high: bytes * 1.1 };
            let growth = BTreeMap::from([("threads".to_owned(), if bytes > 0.0 { 3 } else { 0 })]);
            let leak = Leak { slopes: BTreeMap::from([("rss".to_owned(), slope)]), growth };
            cell.measured.leaks = BTreeMap::from([("test_leak".to_owned(), leak)]);
        }
    };
    let text = document(2, 0, |_, _| {}, edit);
    let row = "| `test_leak` | 2 | 200.0 KiB of rss (180.0 KiB to 220.0 KiB), in `py3.0-pg1-pyo3_0.1` | threads 3 |";
    assert!(section(&text, "Memory").contains(row), "{text}");
}

#[test]
fn alternatives_stand_beside_the_fastest_of_their_group() {
    let change = |_: usize, record: &mut Record| {
        let benchmark = |name: &str, median: f64| Benchmark {
            name: format!("test_latency[simple-{name}]"),
            group: Some("simple".into()),
            rounds: 9,
            min: median,
            median,
            iqr: 0.0,
            spread: None,
        };
        record.benchmarks = vec![
            benchmark("psycopg", 0.003),
            benchmark("pool", 0.001),
            benchmark("threads (psycopg)", 0.006),
        ];
    };
    let text = document(2, 0, change, |_| {});
    let rows = "| simple | pool | 1.00 ms | 1.00× |\n| simple | psycopg | 3.00 ms | 3.00× |\n| simple | threads (psycopg) | 6.00 ms | 6.00× |";
    assert!(section(&text, "Alternatives compared").contains(rows), "{text}");
}

#[test]
fn the_values_of_an_own_axis_are_alternatives_too() {
    let edit = |report: &mut Report| {
        for (cell, choice) in report.verdict.cells.iter_mut().zip(["loop_native", "future_into_py"]) {
            cell.cell.choices = vec![choice.into()];
        }
        report.verdict.cells[0].outcome = Outcome::TestsFailed;
    };
    let text = document(2, 0, |_, _| {}, edit);
    let rows = "| future\\_into\\_py | 1/1 |\n| loop\\_native | 0/1 |";
    assert!(section(&text, "Alternatives compared").contains(rows), "{text}");
}
