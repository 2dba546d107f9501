use serde_json::{Value, json};

use super::*;
use crate::model::origin::Host;
use crate::model::record::NO_RESULT;

const CELL: &str = "py3.12-pg16-pyo3_0.30";
const OTHER: &str = "py3.13-pg16-pyo3_0.30";

/// A run of cells, each `(id, outcome, what else is known of it)`.
fn verdict(cells: &[(&str, Outcome, Value)]) -> Verdict {
    let cell = |(id, outcome, more): &(&str, Outcome, Value)| {
        let mut all = json!({ "cell": id, "outcome": outcome, "passed": 1, "total": 2 });
        let known = all.as_object_mut().expect("an object");
        known.extend(more.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())));
        all
    };
    let cells: Vec<Value> = cells.iter().map(cell).collect();
    let verdict = json!({ "green": true, "decision": "investigate", "cells": cells, "criteria": [] });
    serde_json::from_value(verdict).expect("a verdict")
}

fn host(cores: usize) -> Origin {
    let host = Host { os: "linux".into(), arch: "x86_64".into(), cpu: None, cores };
    Origin { host: Some(host), ..Origin::default() }
}

fn basis(suite: &str) -> Basis {
    Basis { suite: suite.into(), ..Basis::default() }
}

/// Compares two runs of one suite on one machine.
fn between(before: &[(&str, Outcome, Value)], after: &[(&str, Outcome, Value)]) -> Difference {
    made_with((before, &host(2), &basis("a")), (after, &host(2), &basis("a")))
}

type Made<'a> = (&'a [(&'a str, Outcome, Value)], &'a Origin, &'a Basis);

fn made_with(before: Made<'_>, after: Made<'_>) -> Difference {
    let (one, two) = (verdict(before.0), verdict(after.0));
    compare(
        Side { verdict: &one, origin: before.1, basis: before.2 },
        Side { verdict: &two, origin: after.1, basis: after.2 },
    )
}

/// What kind of change one cell shows that ended like this, with these failing tests.
fn class(before: (Outcome, Value), after: (Outcome, Value)) -> &'static str {
    let cell = |(outcome, failing): (Outcome, Value)| (CELL, outcome, json!({ "failing": failing }));
    let found = between(&[cell(before)], &[cell(after)]);
    assert_eq!(found.common(), 1, "counts add up: {found:?}");
    let lists = [
        (found.regressed.len(), "regressed"),
        (found.fixed.len(), "fixed"),
        (found.flaky.len(), "flaky"),
        (found.otherwise.len(), "otherwise"),
        (found.unchanged, "unchanged"),
        (found.incomparable.len(), "incomparable"),
    ];
    let [(1, class)] = lists.into_iter().filter(|(count, _)| *count > 0).collect::<Vec<_>>()[..] else {
        panic!("in one list: {found:?}")
    };
    assert_eq!(found.is_regression(), class == "regressed", "{found:?}");
    class
}

fn a(test: &str) -> Value {
    json!({ test: "assert 1 == 2" })
}

#[test]
fn a_cell_is_in_one_list_by_how_it_ended_in_both_runs() {
    let none = || json!({});
    let crashed = || Outcome::Crashed { signal: "SIGSEGV".into() };
    let cases = [
        ((Outcome::Passed, none()), (Outcome::Passed, none()), "unchanged"),
        ((Outcome::Passed, none()), (Outcome::TestsFailed, a("t")), "regressed"),
        ((Outcome::Passed, none()), (crashed(), a("t")), "regressed"),
        ((Outcome::Passed, none()), (Outcome::BuildFailed, none()), "regressed"),
        ((Outcome::TestsFailed, a("t")), (Outcome::Passed, none()), "fixed"),
        ((Outcome::BuildFailed, none()), (Outcome::Passed, none()), "fixed"),
        ((Outcome::TestsFailed, a("t")), (Outcome::TestsFailed, a("t")), "unchanged"),
        ((Outcome::TestsFailed, a("t")), (Outcome::TestsFailed, json!({ "t": "", "u": "" })), "regressed"),
        ((Outcome::TestsFailed, a("t")), (crashed(), a("t")), "regressed"),
        ((Outcome::BuildFailed, none()), (Outcome::TestsFailed, a("t")), "otherwise"),
        ((Outcome::Passed, none()), (Outcome::Flaky, a("t")), "flaky"),
        ((Outcome::TestsFailed, a("t")), (Outcome::Flaky, a("t")), "flaky"),
        ((Outcome::Flaky, a("t")), (Outcome::Passed, none()), "flaky"),
        ((Outcome::Flaky, a("t")), (Outcome::TestsFailed, a("t")), "flaky"),
        ((Outcome::Flaky, a("t")), (Outcome::TestsFailed, a("u")), "regressed"),
        ((Outcome::Passed, none()), (Outcome::Lost, none()), "incomparable"),
        ((Outcome::UnderWay, none()), (Outcome::TestsFailed, a("t")), "incomparable"),
    ];
    for (before, after, expected) in cases {
        assert_eq!(class(before.clone(), after.clone()), expected, "{before:?} → {after:?}");
    }
}

#[test]
fn a_cell_that_says_nothing_is_told_with_what_both_runs_had_and_cells_of_one_run_by_name() {
    let none = || json!({});
    let before = [(CELL, Outcome::Passed, none())];
    let found = between(&before, &[(CELL, Outcome::Lost, none()), (OTHER, Outcome::TestsFailed, none())]);
    let because = Because::Silent { before: Outcome::Passed, after: Outcome::Lost };
    let cells = vec![CELL.parse().expect("an id")];
    assert_eq!(found.incomparable, [Incomparable { what: What::Outcome, because, cells }]);
    assert_eq!(found.only_after, [OTHER.parse().expect("an id")]);
    assert!(!found.is_worse(), "a cell that is new regressed from nothing");
}

fn names(groups: &[TestGroup]) -> Vec<(Vec<&str>, usize, usize)> {
    let tests = |group| -> (Vec<&str>, usize, usize) {
        let TestGroup { tests, cells, of, .. }: &TestGroup = group;
        (tests.iter().map(String::as_str).collect(), cells.len(), *of)
    };
    groups.iter().map(tests).collect()
}

#[test]
fn tests_are_told_by_the_cells_in_which_they_fail_now_or_do_not_any_more() {
    let red = |failing: Value| (Outcome::TestsFailed, json!({ "failing": failing }));
    let run = |(one, all): (Outcome, Value), (other, rest): (Outcome, Value)| {
        [(CELL, one, all), (OTHER, other, rest)]
    };
    let before = run(red(json!({ "old": "x", "gone": "x" })), (Outcome::Passed, json!({})));
    let after = run(
        red(json!({ "old": "x", "new": "one\ntwo", "also": "", "idle": NO_RESULT })),
        red(json!({ "new": "x", "also": "", "one": "" })),
    );
    let found = between(&before, &after);
    assert_eq!(names(&found.newly_failing), [(vec!["also", "new"], 2, 2), (vec!["one"], 1, 2)]);
    assert_eq!(names(&found.no_longer_failing), [(vec!["gone"], 1, 2)]);
    let unran = (Outcome::BuildFailed, json!({ "passed": 0, "total": 0 }));
    let found = between(&before, &run(unran.clone(), unran));
    assert_eq!(found.no_longer_failing, [], "no test ran there");
    let skipped = (Outcome::Passed, json!({ "skips": { "gone": "", "old": "" } }));
    assert_eq!(
        between(&before, &run(skipped.clone(), skipped)).no_longer_failing,
        [],
        "skipped is not fixed"
    );
}

/// A cell that measured this speed-up, leak and peak on these locks.
fn measured(ratio: [f64; 3], malloc: [f64; 3], threads: i64, peak: u64) -> Value {
    let [ratio, low, high] = ratio;
    let [bytes, least, most] = malloc;
    json!({ "measured": {
        "comparisons": { "simple": {
            "ratio": ratio, "low": low, "high": high, "confidence": 0.95, "control_ms": 2.0, "candidate_ms": 2.0 / ratio,
        } },
        "leaks": { "test_leak": {
            "slopes": { "malloc": { "slope_bytes_per_1000": bytes, "low": least, "high": most } },
            "growth": { "threads": threads },
        } },
        "peak_rss": peak,
        "locks": { "line": "l", "cell": "c" },
    } })
}

const FAST: [f64; 3] = [2.0, 1.9, 2.1];
const LEAN: [f64; 3] = [3000.0, 0.0, 6000.0];

/// How many comparisons are slower and how many growths are faster where a cell measured this after the usual.
fn costs(ratio: [f64; 3], malloc: [f64; 3], threads: i64, peak: u64) -> (usize, usize) {
    let run = |more| [(CELL, Outcome::Passed, more)];
    let usual = run(measured(FAST, LEAN, 0, 1000));
    let found = between(&usual, &run(measured(ratio, malloc, threads, peak)));
    assert!(!found.is_regression() && found.common() == 1, "{found:?}");
    assert_eq!(found.is_worse(), found.unchanged == 0);
    assert_eq!(found.incomparable, []);
    (found.slower.len(), found.fatter.len())
}

#[test]
fn a_cell_is_slower_where_the_intervals_lie_apart_and_the_effect_is_worth_a_word() {
    assert_eq!(costs(FAST, LEAN, 0, 1000), (0, 0));
    assert_eq!(costs([1.7, 1.6, 1.8], LEAN, 0, 1000), (1, 0));
    assert_eq!(costs([1.7, 1.6, 1.95], LEAN, 0, 1000), (0, 0), "the intervals overlap");
    assert_eq!(costs([1.91, 1.89, 1.899], LEAN, 0, 1000), (0, 0), "less than 5 %");
    assert_eq!(costs([3.0, 2.9, 3.1], LEAN, 0, 1000), (0, 0), "faster");
}

/// In how many of these cells the speed-up is smaller, where each measured `FAST` before.
fn slower_of(after: &[[f64; 3]]) -> usize {
    let names: Vec<String> = (0..after.len()).map(|at| format!("py3.{at}-pg16-pyo3_0.30")).collect();
    let run = |ratios: &[[f64; 3]]| -> Vec<(&str, Outcome, Value)> {
        let cells = names.iter().zip(ratios);
        cells.map(|(name, ratio)| (&**name, Outcome::Passed, measured(*ratio, LEAN, 0, 1000))).collect()
    };
    between(&run(&vec![FAST; after.len()]), &run(after)).slower.len()
}

#[test]
fn a_smaller_speedup_is_told_where_the_cells_of_both_runs_do_not_scatter_that_far() {
    let lost = [1.6, 1.5, 1.7];
    assert_eq!(slower_of(&[lost]), 1);
    let steady = |last| [vec![FAST; 39], vec![last]].concat();
    assert_eq!(slower_of(&steady(lost)), 1);
    let scattered = |last| {
        let mut all: Vec<[f64; 3]> = (0..39).map(|at| [[2.4, 2.3, 2.5], lost][at % 2]).collect();
        all.push(last);
        all
    };
    assert_eq!(slower_of(&scattered(lost)), 0, "as far as the others");
    assert_eq!(slower_of(&scattered([0.9, 0.8, 1.0])), 1, "further than the others");
}

#[test]
fn a_comparison_that_scatters_veils_no_other() {
    let names: Vec<String> = (0..10).map(|at| format!("py3.{at}-pg16-pyo3_0.30")).collect();
    let run = |ratio: fn(usize) -> ([f64; 3], [f64; 3])| -> Vec<(&str, Outcome, Value)> {
        let cell = |(at, name)| {
            let ((steady, scattered), name): (_, &String) = (ratio(at), name);
            let mut cell = measured(steady, LEAN, 0, 1000);
            let other = measured(scattered, LEAN, 0, 1000);
            cell["measured"]["comparisons"]["other"] = other["measured"]["comparisons"]["simple"].clone();
            (&**name, Outcome::Passed, cell)
        };
        names.iter().enumerate().map(cell).collect()
    };
    let after =
        |at| (if at == 9 { [1.5, 1.4, 1.6] } else { FAST }, [[2.6, 2.5, 2.7], [1.5, 1.4, 1.6]][at % 2]);
    let found = between(&run(|_| (FAST, FAST)), &run(after)).slower;
    let told: Vec<_> =
        found.iter().map(|slower| (slower.comparison.as_str(), slower.cell.to_string())).collect();
    assert_eq!(told, [("simple", names[9].clone())]);
}

#[test]
fn a_loss_that_is_small_in_each_cell_is_told_where_all_cells_share_it() {
    let small = [1.8, 1.68, 1.92];
    assert_eq!(slower_of(&[small]), 0);
    assert_eq!(slower_of(&[small; 8]), 8);
    assert_eq!(slower_of(&[[1.92, 1.81, 2.03]; 40]), 0, "less than 5 %");
    let one_is_spared = [vec![small; 7], vec![FAST]].concat();
    assert_eq!(slower_of(&one_is_spared), 7);
}

#[test]
fn of_many_ratios_some_are_unusual_by_chance_and_are_not_told() {
    let unusual = [1.58, 1.5, 1.66];
    assert_eq!(slower_of(&[vec![FAST; 3], vec![unusual]].concat()), 1, "unusual among four");
    // Seven percent up and down, as ratios scatter from run to run.
    let usual = [[2.14, 2.04, 2.25], [1.86, 1.77, 1.95]];
    let many: Vec<[f64; 3]> = (0..79).map(|at| usual[at % 2]).chain([unusual]).collect();
    assert_eq!(slower_of(&many), 0, "three deviations, and not unusual among eighty");
}

#[test]
fn speedups_of_a_loud_machine_are_not_compared() {
    let with = |ratio, spread: f64| {
        let mut cell = measured(ratio, LEAN, 0, 1000);
        cell["measured"]["noise"] = json!({ "spread": spread, "waited": 0.0 });
        [(CELL, Outcome::Passed, cell)]
    };
    let slow = [1.0, 0.9, 1.1];
    let told = |before, after| {
        let found = between(&with(FAST, before), &with(slow, after));
        assert_eq!(found.common(), 1, "counts add up: {found:?}");
        let apart = found.incomparable.iter().map(|group| (group.what, group.because.clone()));
        (found.slower.len(), apart.collect::<Vec<_>>())
    };
    assert_eq!(told(0.1, 0.1), (1, vec![]));
    let loud = (0, vec![(What::Speedup, Because::Loud)]);
    assert_eq!([told(2.6, 0.1), told(0.1, 2.6)], [loud.clone(), loud]);
}

#[test]
fn a_cell_is_fatter_where_a_slope_a_counter_or_the_peak_grew() {
    assert_eq!(costs(FAST, [103_000.0, 90_000.0, 110_000.0], 0, 1000), (0, 1));
    assert_eq!(costs(FAST, [103_000.0, 5_000.0, 110_000.0], 0, 1000), (0, 0), "the intervals overlap");
    let half_a_block = [19_000.0, 17_000.0, 21_000.0];
    assert_eq!(costs(FAST, half_a_block, 0, 1000), (0, 0), "less than a block per operation");
    assert_eq!(costs(FAST, LEAN, 21, 1000), (0, 1));
    assert_eq!(costs(FAST, LEAN, 20, 1000), (0, 0), "Tokio starts threads when it needs them");
    assert_eq!(costs(FAST, LEAN, 0, 1101), (0, 1));
    assert_eq!(costs(FAST, LEAN, 0, 1100), (0, 0), "10 %");
}

#[test]
fn what_was_measured_on_other_locks_or_by_another_suite_is_not_compared() {
    let run = |more| [(CELL, Outcome::Passed, more)];
    let (usual, slow) = (run(measured(FAST, LEAN, 0, 1000)), measured([1.0, 0.9, 1.1], LEAN, 0, 1000));
    let mut locked = slow.clone();
    locked["measured"]["locks"]["line"] = json!("m");
    let apart = |found: &Difference| {
        let told = found.incomparable.iter().map(|group| (group.what, group.because.clone()));
        (told.collect::<Vec<_>>(), found.slower.len(), found.unchanged)
    };
    let found = between(&usual, &run(locked));
    assert_eq!(apart(&found), (vec![(What::Costs, Because::LineLock)], 0, 1));
    let other = basis("b");
    let found = made_with((&usual, &host(2), &basis("a")), (&run(slow), &host(2), &other));
    assert_eq!(apart(&found), (vec![(What::Costs, Because::Suite)], 0, 1));
}

#[test]
fn another_machine_leaves_ratios_and_slopes_comparable_and_no_absolute_number() {
    let run = |more| [(CELL, Outcome::Passed, more)];
    let (before, after) = (run(measured(FAST, LEAN, 0, 1000)), run(measured([1.0, 0.9, 1.1], LEAN, 0, 9000)));
    let found = made_with((&before, &host(2), &basis("a")), (&after, &host(4), &basis("a")));
    assert_eq!((found.slower.len(), found.fatter.len()), (1, 0));
    let told = found.incomparable.iter().map(|group| (group.what, group.because.clone()));
    assert_eq!(told.collect::<Vec<_>>(), [(What::Absolute, Because::Host)]);
}

#[test]
fn a_call_with_more_instructions_is_heavier_where_both_machines_speak_the_same_ones() {
    let run = |count: f64| [(CELL, Outcome::Passed, json!({ "measured": { "instructions": count } }))];
    let heavier = |after: f64, other: &Origin| {
        let found = made_with((&run(100_000.0), &host(2), &basis("a")), (&run(after), other, &basis("a")));
        assert_eq!(found.common(), 1, "counts add up: {found:?}");
        assert_eq!(found.is_worse(), !found.heavier.is_empty());
        found.heavier.iter().map(Heavier::more).collect::<Vec<_>>()
    };
    assert_eq!(heavier(104_000.0, &host(2)), Vec::<f64>::new());
    assert!(matches!(heavier(116_000.0, &host(2))[..], [more] if (more - 0.16).abs() < 1e-9));
    assert_eq!(heavier(116_000.0, &host(4)).len(), 1, "another machine of the same kind");
    let mut arm = host(2);
    arm.host.as_mut().expect("a host").arch = "aarch64".into();
    assert_eq!(heavier(116_000.0, &arm), Vec::<f64>::new());
}

#[test]
fn what_only_one_run_measured_is_told() {
    let bare = [(CELL, Outcome::Passed, json!({}))];
    let whole = [(CELL, Outcome::Passed, measured(FAST, LEAN, 0, 1))];
    let told = |found: Difference| {
        let told = found.incomparable.into_iter().map(|group| (group.what, group.because));
        told.collect::<Vec<_>>()
    };
    let both = |because: Because| vec![(What::Speedup, because.clone()), (What::Growth, because)];
    assert_eq!(told(between(&bare, &whole)), both(Because::MissingBefore));
    assert_eq!(told(between(&whole, &bare)), both(Because::MissingAfter));
}

#[test]
fn a_negative_cell_that_builds_now_is_a_regression() {
    let with = |ending: &str| {
        let mut verdict = verdict(&[]);
        let record = json!({ "schema_version": 1, "id": "n", "ending": ending, "seconds": 1.0 });
        verdict.negatives.push(serde_json::from_value(record).expect("a record"));
        verdict
    };
    let changed = |before: &str, after: &str| negatives(&with(before), &with(after));
    assert_eq!(changed("as_foretold", "built")[0].after, Ending::Built);
    assert_eq!(changed("as_foretold", "lost"), [], "it says nothing");
    assert_eq!(changed("built", "otherwise"), []);
    let mut found = Difference { negatives: changed("as_foretold", "built"), ..Difference::default() };
    assert!(found.is_regression());
    found.negatives = changed("built", "as_foretold");
    assert!(!found.is_regression());
}
