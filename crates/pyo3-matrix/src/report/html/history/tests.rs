use super::*;
use crate::report::history::tests::{gain, night, nights};
use crate::verdict::criterion::Status;

/// The text of a page without its markup.
fn words(page: &str) -> String {
    let body = page.split_once("<body>").expect("a body").1;
    let parts = body.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    parts.collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_page_has_the_newest_run_what_changed_the_criteria_the_cells_and_the_runs() {
    let mut history = nights(&[&[], &[], &[3]]);
    history.runs[0].criteria.push(gain(Status::Met, 2.0));
    history.runs[2].criteria.push(gain(Status::Missed, 1.1));
    let page = render(&history, Some("report.html"));
    let place = |said: &str| page.find(said).unwrap_or_else(|| panic!("{said}: {page}"));
    let order = ["<h1", "id=\"changed\"", "id=\"criteria\"", "id=\"cells\"", "id=\"runs\""].map(place);
    assert!(order.is_sorted(), "{order:?}");
    assert!(page.contains("href=\"report.html\"") && !render(&history, None).contains("report.html"));
    let words = words(&page);
    for said in [
        "Not green 7/8 cells green in the newest run, 2026-01-03 (000000000003)",
        "2 of 3 runs green",
        "Since the run before, 2026-01-02 (000000000002)",
        "regressed: 1 cell, 1 test; unchanged: 7 of 8 cells",
        "passed → tests failed in py3.0-pg3-pyo3_0.1",
        "a.py::test_&lt;x&gt; in py3.0-pg3-pyo3_0.1",
        "Performance &lt;gain&gt; missed met in 1 of 2 runs",
        "1.10× median at last, intervals 0.90× to 1.30×, needed 1.50×; medians of 2 runs: 1.10× to 2.00×",
        "py3.0-pg3-pyo3_0.1 tests failed not green in 1 of 3 runs",
        "passed in 2 runs, 2026-01-01 (000000000001) to 2026-01-02 (000000000002)",
        "7 cells passed in every run that has them",
    ] {
        assert!(words.contains(said), "{said}: {words}");
    }
}

#[test]
fn the_page_may_use_its_own_style_run_nothing_and_load_nothing() {
    let page = render(&nights(&[&[], &[1]]), None);
    let begin = page.find("<style>").expect("a style") + "<style>".len();
    let style = &page[begin..begin + page[begin..].find("</style>").expect("its end")];
    assert!(page.contains(&format!("style-src 'sha256-{}'", crate::report::html::hash(style))));
    for no in ["<script", "script-src", "http://", "https://", "url(", "@import", " src=", " style="] {
        assert!(!page.contains(no), "{no}");
    }
}

#[test]
fn what_a_report_says_is_text_and_no_markup() {
    const HOSTILE: &str = "</style><script>alert(1)</script>\u{1b}[31m\u{0}\" onload=\"x";
    let mut history = nights(&[&[]]);
    let mut report = night(2, &[1]);
    report.preset = HOSTILE.into();
    report.run = HOSTILE.into();
    report.started = format!("3{HOSTILE}");
    report.origin.harness = Some(HOSTILE.into());
    report.verdict.cells[1].reason = Some(HOSTILE.into());
    report.verdict.cells[1].failing = [(HOSTILE.to_owned(), HOSTILE.to_owned())].into();
    report.verdict.criteria.push(gain(Status::Met, 2.0));
    report.verdict.criteria[0].name = HOSTILE.into();
    history.add(report);
    let page = render(&history, None);
    for no in ["<script", "\u{1b}", "\u{0}", "\" onload=\""] {
        assert!(!page.contains(no), "{no:?}");
    }
    assert!(page.contains("&lt;script&gt;alert(1)"), "{page}");
}

#[test]
fn a_history_of_nothing_and_one_of_a_single_run_are_pages_too() {
    assert!(render(&History::default(), None).contains("No run yet"));
    let page = render(&nights(&[&[]]), None);
    assert!(!page.contains("id=\"changed\"") && page.contains("1 of 1 run green"), "{page}");
    let mut history = nights(&[&[], &[]]);
    history.newest.clear();
    assert!(render(&history, None).contains("What changed is not known"));
}

#[test]
fn the_worst_history_of_384_cells_fits_into_a_megabyte() {
    let mut history = History::default();
    for day in 0..crate::report::history::RUNS {
        let mut report = crate::report::tests::report(384, 0);
        (report.run, report.started) = (format!("r{day:03}"), format!("2026-{day:03}"));
        for (at, cell) in report.verdict.cells.iter_mut().enumerate() {
            // Each cell comes and goes in its own way.
            if (at + 3) * (day + 1) % 7 < 3 || (at >> (day % 9)) & 1 == 1 {
                cell.outcome = crate::model::record::Outcome::TestsFailed;
                cell.failing = [(format!("test_{at}_{}", "é".repeat(900)), "<".repeat(9000))].into();
            }
        }
        history.add(report);
    }
    let page = render(&history, None);
    assert!(page.len() < 1024 * 1024, "{} bytes", page.len());
    assert!(page.contains(" more cells: see "), "what is left out is said");
}
