use std::collections::BTreeMap;

use super::*;
use crate::model::origin::Manner;
use crate::model::record::{Outcome, Thoroughness};
use crate::report::tests::{rehearsed, report};
use crate::store::merge::{Contested, Merged, Source};

#[test]
fn a_green_report_is_a_table_and_a_decision() {
    let text = render(&report(8, 0));
    assert!(text.starts_with("## ✅ grid: 8/8 cells green\n"), "{text}");
    assert!(text.contains("| PyO3 0.1 | py3.0 | py3.1 |\n|---|---|---|\n| pg0 | ✅ 2 | ✅ 2 |"), "{text}");
    assert!(!text.contains("### Cells") && !text.contains("### Failing"), "{text}");
}

#[test]
fn a_red_cell_comes_with_its_reason_and_the_command_that_runs_it_again() {
    let mut report = report(3, 1);
    report.verdict.cells[3].reason = Some("no server\nhint: start one".into());
    let text = render(&report);
    assert!(text.contains("**tests failed**: `py3.0-pg3-pyo3_0.1`"), "{text}");
    assert!(text.contains("```text\nno server\nhint: start one\n```"), "{text}");
    assert!(text.contains("Again: `cargo matrix run --cell py3.0-pg3-pyo3_0.1`;"), "{text}");
    let pytest = vec!["-k".to_owned(), "a or b".to_owned()];
    report.origin.options = Some(Manner { benchmarks: Thoroughness::Quick, jobs: 1, retries: 0, pytest });
    let text = render(&report);
    assert!(text.contains("--cell py3.0-pg3-pyo3_0.1 -- -k 'a or b'`; `cargo matrix repro"), "{text}");
}

#[test]
fn what_a_test_says_is_text_and_no_markup() {
    let mut report = report(0, 1);
    let name = "tests/a.py::test_x[a|b`c]".to_owned();
    let message = "<img src=x> | [click](http://x) @someone **bold** \u{1b}[31m".to_owned();
    report.verdict.cells[0].failing = BTreeMap::from([(name, message)]);
    report.verdict.cells[0].reason = Some("```\n</details> ```` end".into());
    let shown = render(&report);
    assert!(shown.contains("| ``tests/a.py::test_x[a\\|b`c]`` |"), "{shown}");
    let row = shown.lines().find(|line| line.contains("test_x")).expect("a row");
    assert!(
        row.contains("&lt;img src=x&gt; \\| \\[click\\](http://x) &#64;someone \\*\\*bold\\*\\*"),
        "{row}"
    );
    assert!(!shown.contains('\u{1b}'));
    assert!(
        shown.contains("`````text\n```\n</details> ```` end\n`````"),
        "a fence that the text cannot end: {shown}"
    );
}

#[test]
fn a_report_of_any_size_fits_into_a_step_summary() {
    let mut report = report(0, 240);
    for (at, cell) in report.verdict.cells.iter_mut().enumerate() {
        cell.reason = Some(format!("{at} {}", "✘ wide\n".repeat(50_000)));
        cell.failing =
            (0..200).map(|n| (format!("t{at}_{n}{}", "é".repeat(400)), "é|".repeat(5000))).collect();
    }
    let text = render(&report);
    assert!(text.len() < 1024 * 1024, "{} bytes", text.len());
    assert!(text.contains(" more: see `report.json`_"));
    assert!(
        text.ends_with("**Decision: investigate**, the verdict is not green\n"),
        "what comes last is not what is cut"
    );
}

#[test]
fn a_merged_report_says_whose_record_counts() {
    let mut report = report(1, 0);
    let cell = report.verdict.cells[0].cell.clone();
    let source = Source {
        run: "a".into(),
        started: String::new(),
        part: Some("shard 1/2 of 4 cells".into()),
        cells: 1,
        commit: None,
        host: None,
    };
    let contested = Contested {
        cell,
        counts: "b".into(),
        outcome: Outcome::Passed,
        passed_over: "a".into(),
        other_outcome: Outcome::Hung,
        why: crate::store::merge::choice::Why::Retry,
    };
    report.merged = Some(Merged { runs: vec![source], contested: vec![contested] });
    let text = render(&report);
    assert!(text.contains("- `a`, shard 1/2 of 4 cells: 1 of its records count"), "{text}");
    assert!(
        text.contains("passed in `b`, hung in `a`; the first counts, since it retries the other"),
        "{text}"
    );
}

#[test]
fn a_rehearsal_says_what_it_takes_and_what_is_in_its_way_as_text() {
    let text = render(&rehearsed(1, 1));
    assert!(text.contains("### Rehearsals") && !text.contains("### Cells"), "{text}");
    assert!(text.contains("- **PyO3 0.1**: 1/2 cells green; py3.0-pg1-pyo3_0.1 tests failed"), "{text}");
    assert!(text.contains("  - `Cargo.toml:7: pyo3 \"0.0\" -> \"0.1\"`"), "{text}");
    assert!(text.contains("`~ crate11 1.0.0 -> 1.0.1`, and 2 more") && !text.contains("crate12"), "{text}");
    assert!(text.contains("in the way") && !text.contains("<b>"), "{text}");
    assert!(!render(&report(1, 1)).contains("Rehearsals"));
}
