use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::model::origin::Commit;
use crate::model::record::Outcome;
use crate::report::history::spread::Spread;
use crate::report::tests::report;
use crate::report::tone::Tone;
use crate::verdict::criterion::{CriterionResult, Range, Status, Unit};

/// The report of the run of this day: eight cells, of which these are red.
pub fn night(day: usize, red: &[usize]) -> Report {
    let mut report = report(8, 0);
    report.run = format!("202601{day:02}T000000Z-1");
    report.started = format!("2026-01-{day:02}T00:00:00Z");
    report.basis.suite = "a".into();
    report.origin.commit = Some(Commit { hash: format!("{day:012x}ffff"), dirty: false });
    report.verdict.green = red.is_empty();
    for &place in red {
        let cell = &mut report.verdict.cells[place];
        cell.outcome = Outcome::TestsFailed;
        cell.failing = BTreeMap::from([("a.py::test_<x>".to_owned(), "assert 1 == 2".to_owned())]);
    }
    report
}

/// The history of these nights, one after the other.
pub fn nights(red: &[&[usize]]) -> History {
    let mut history = History::default();
    red.iter().enumerate().for_each(|(at, red)| history.add(night(at + 1, red)));
    history
}

/// A criterion with a speed-up.
pub fn gain(status: Status, median: f64) -> CriterionResult {
    let range = Range { needed: 1.5, median, low: median - 0.2, high: median + 0.2 };
    CriterionResult {
        name: "Performance <gain>".into(),
        status,
        unit: Unit::Wheels,
        met: 1,
        measured: 2,
        speedups: BTreeMap::from([("simple".to_owned(), range)]),
    }
}

/// What its stretches say.
fn said(stretches: &[trend::Stretch]) -> Vec<&str> {
    stretches.iter().map(|stretch| stretch.said.as_str()).collect()
}

fn ids(history: &History) -> Vec<&str> {
    history.runs.iter().map(|run| &run.id[..8]).collect()
}

#[test]
fn a_run_that_is_in_a_history_is_replaced_and_runs_are_in_the_order_in_which_they_began() {
    let mut history = History::default();
    for day in [3, 1, 2, 3] {
        history.add(night(day, &[]));
    }
    assert_eq!(ids(&history), ["20260101", "20260102", "20260103"]);
    history.add(night(2, &[4]));
    assert_eq!(ids(&history), ["20260101", "20260102", "20260103"]);
    assert!(!history.runs[1].green && history.runs[2].green, "the later one counts");
    let newest: Vec<&str> = history.newest.iter().map(|report| &report.run[..8]).collect();
    assert_eq!(newest, ["20260102", "20260103"]);
}

#[test]
fn the_oldest_run_makes_room() {
    let mut history = History::default();
    for at in 0..RUNS + 3 {
        let mut report = report(1, 0);
        (report.run, report.started) = (format!("r{at:03}"), format!("t{at:03}"));
        history.add(report);
    }
    assert_eq!(history.runs.len(), RUNS);
    assert_eq!((history.runs[0].id.as_str(), history.newest.len()), ("r003", 2));
    let mut late = report(1, 0);
    late.run = "older than all".into();
    let before = history.clone();
    history.add(late);
    assert_eq!(history, before, "an older one does not come in");
}

#[test]
fn what_changed_is_told_from_the_reports_of_the_newest_two_runs() {
    let mut history = nights(&[&[]]);
    assert!(history.changed().is_none(), "there is no run before it");
    history.add(night(2, &[3]));
    let changed = history.changed().expect("both are known");
    assert_eq!((changed.difference.regressed.len(), changed.difference.newly_failing.len()), (1, 1));
    history.add(night(3, &[]));
    assert_eq!(history.changed().expect("both are known").difference.fixed.len(), 1);
    // Without the run between them, the newest two are others.
    history.newest.remove(0);
    assert!(history.changed().is_none());
}

#[test]
fn a_history_is_read_as_it_was_written() {
    let mut history = nights(&[&[], &[1]]);
    history.runs[0].criteria.push(gain(Status::Met, 2.0));
    let text = json(&history).expect("JSON");
    assert_eq!(text.lines().count(), 1);
    assert_eq!(serde_json::from_str::<History>(&text).expect("a history"), history);
}

#[test]
fn a_stretch_names_its_days_and_commits_and_a_run_without_the_cell_is_in_none() {
    let mut history = nights(&[&[], &[0], &[0], &[0], &[]]);
    let (cell, _) = history.runs[2].cells.pop_first().expect("a cell");
    let groups = trend::cells(&history);
    assert_eq!(groups.iter().map(|group| group.cells.len()).collect::<Vec<_>>(), [1, 7]);
    let red = &groups[0];
    assert_eq!((red.cells[0], red.red, red.runs, red.always, red.is_red()), (&cell, 2, 4, None, false));
    let expected = [
        "passed on 2026-01-01 (000000000001)",
        "tests failed on 2026-01-02 (000000000002)",
        "tests failed on 2026-01-04 (000000000004)",
        "passed on 2026-01-05 (000000000005)",
    ];
    assert_eq!(said(&red.stretches), expected);
    assert_eq!(red.stretches.iter().map(|stretch| stretch.from).collect::<Vec<_>>(), [0, 1, 3, 4]);
    let said = "passed in 5 runs, 2026-01-01 (000000000001) to 2026-01-05 (000000000005)".to_owned();
    let all = trend::Stretch { from: 0, runs: 5, tone: Tone::Good, said };
    assert_eq!((&groups[1].stretches, groups[1].always), (&vec![all], Some(Ended::Passed)));
}

#[test]
fn cells_that_are_red_now_come_before_those_that_were() {
    let history = nights(&[&[1, 2], &[1, 3, 4], &[3, 4]]);
    let groups = trend::cells(&history);
    let cells = groups.iter().map(|group| (group.cells.len(), group.red, group.is_red()));
    assert_eq!(
        cells.collect::<Vec<_>>(),
        [(2, 2, true), (1, 2, false), (1, 1, false), (4, 0, false)],
        "those of one history are together"
    );
}

#[test]
fn a_criterion_has_a_strip_and_its_speed_ups_in_each_run() {
    let mut history = nights(&[&[], &[], &[]]);
    history.runs[0].criteria.push(gain(Status::Met, 2.0));
    history.runs[2].criteria.push(gain(Status::Missed, 1.1));
    let criteria = trend::criteria(&history);
    let [criterion] = criteria.as_slice() else { panic!("one: {criteria:?}") };
    let expected = ["met on 2026-01-01 (000000000001)", "missed on 2026-01-03 (000000000003)"];
    assert_eq!(said(&criterion.stretches), expected);
    assert_eq!(criterion.newest.map(|result| result.status), Some(Status::Missed));
    let (comparison, ranges) = &criterion.speedups[0];
    let medians: Vec<Option<f64>> = ranges.iter().map(|range| range.map(|range| range.median)).collect();
    assert_eq!((*comparison, medians), ("simple", vec![Some(2.0), None, Some(1.1)]));
}

#[test]
fn the_numbers_of_a_cell_are_those_of_its_runs() {
    let mut history = History::default();
    for (day, ratio, bytes) in [(1, 2.0, 900), (2, 3.0, -50), (3, 2.5, 100)] {
        let mut report = night(day, &[]);
        let measured = json!({
            "comparisons": { "simple": { "ratio": ratio, "low": 1, "high": 4, "confidence": 0.95, "control_ms": 2, "candidate_ms": 1 } },
            "leaks": { "a": { "slopes": { "rss": { "slope_bytes_per_1000": bytes, "low": 0, "high": 9 } } } },
        });
        report.verdict.cells[0].measured = serde_json::from_value(measured).expect("measures");
        history.add(report);
    }
    let spreads = spread::spreads(&history);
    assert_eq!((spreads.comparisons.as_slice(), spreads.rows.len()), (["simple"].as_slice(), 1));
    assert_eq!(spreads.rows[0].speedups, [Some(Spread { newest: 2.5, low: 2.0, high: 3.0 })]);
    assert_eq!(spreads.rows[0].slope, Some(Spread { newest: 100.0, low: -50.0, high: 900.0 }));
}

/// 160 cells, each with three comparisons and six leak tests as a real run writes them, in 90 runs.
#[test]
fn a_history_of_160_cells_and_90_runs_stays_well_below_5_megabytes() {
    let mut history = History::default();
    let number = |at: usize| 2.0 + f64::from(u32::try_from(at).expect("small")) / 7777.0;
    for run in 0..RUNS {
        let mut report = report(150, 10);
        (report.run, report.started) =
            (format!("20260101T000000.{run:06}Z-{run:08x}"), format!("2026-{run}"));
        report.verdict.criteria = vec![gain(Status::Met, number(run)); 6];
        for (at, cell) in report.verdict.cells.iter_mut().enumerate() {
            let number = number(at * 31 + run);
            let ratio = json!({
                "ratio": number, "low": number / 1.1, "high": number * 1.1, "confidence": 0.95,
                "control_ms": number, "candidate_ms": number / 3.0,
            });
            let slope =
                json!({ "slope_bytes_per_1000": number * 1000.0, "low": -number, "high": number * 7.0 });
            let leak = json!({ "slopes": { "malloc": slope, "rss": slope }, "growth": { "threads": 1, "file_descriptors": 0 } });
            let leaks: BTreeMap<String, _> =
                (0..6).map(|test| (format!("test_no_memory_leak_{test}"), leak.clone())).collect();
            let measured = json!({
                "comparisons": { "simple": ratio, "concurrent": ratio, "thousand_rows": ratio }, "leaks": leaks,
                "peak_rss": 80_429_056, "locks": { "line": "c".repeat(64), "cell": "d".repeat(64) },
            });
            cell.measured = serde_json::from_value(measured).expect("measures");
        }
        history.add(report);
    }
    let (size, reports) =
        (json(&history).expect("JSON").len(), serde_json::to_string(&history.newest).expect("JSON").len());
    println!("{size} bytes, {reports} of them for the newest two reports");
    assert!(size < 2_500_000, "{size} bytes");
}
