use std::collections::BTreeMap;

use super::explain::{Pattern, explain};
use super::symptom::Ended;
use super::*;
use crate::config::Missing;
use crate::model::record::{Attempt, Record, TestResult, Versions};
use crate::plan::cause::{self, Axes, Cause};
use crate::plan::coverage::pairwise;
use crate::plan::space::Space;
use crate::plan::{Named, Planned};

const TEST: &str = "tests/a.py::test_a";

/// The cells of five Pythons, four servers and eight lines, at these places of the axes.
fn cell(place: &[usize]) -> CellId {
    format!("py3.{}-pg{}-pyo3_0.{}", 9 + place[0], 13 + place[1], 23 + place[2]).parse().expect("an id")
}

fn all_cells() -> Vec<CellId> {
    let places = (0..5).flat_map(|a| (0..4).flat_map(move |b| (0..8).map(move |c| [a, b, c])));
    places.map(|place| cell(&place)).collect()
}

fn plan(cells: &[CellId]) -> Plan {
    let planned = |cell: &CellId| Planned {
        cell: cell.clone(),
        requested: Versions::ones(),
        rehearsal: false,
        excluded: None,
        legality: None,
    };
    let named = Named { name: "postgres".into(), title: "Postgres".into() };
    Plan {
        preset: "test".into(),
        missing: Missing::Fail,
        services: BTreeMap::from([("pg".to_owned(), named)]),
        cells: cells.iter().map(planned).collect(),
        stable: Vec::new(),
        negatives: Vec::new(),
    }
}

/// A record in which these tests have these results.
fn record(cell: &CellId, tests: &[(&str, TestResult)]) -> Record {
    let red = tests.iter().any(|(_, result)| result.is_red());
    let outcome = if red { Outcome::TestsFailed } else { Outcome::Passed };
    let mut record = Record::empty(cell.clone(), Versions::ones(), outcome, None);
    record.tests = tests.iter().map(|(test, result)| ((*test).to_owned(), *result)).collect();
    record
}

fn of_records(cells: &[CellId], records: &[Record]) -> Vec<Attribution> {
    let ended: Vec<_> = records.iter().map(|record| Ended { outcome: &record.outcome, record }).collect();
    attribute(&plan(cells), &ended)
}

/// One test over these cells, red where `is_red` says so.
fn of_test(cells: &[CellId], is_red: impl Fn(&CellId) -> bool) -> Attribution {
    let result = |cell: &CellId| if is_red(cell) { TestResult::Failed } else { TestResult::Passed };
    let records: Vec<_> = cells.iter().map(|cell| record(cell, &[(TEST, result(cell))])).collect();
    of_records(cells, &records).pop().expect("a red test")
}

/// The first explanation in words.
fn words(attribution: &Attribution) -> String {
    let causes = attribution.explanations.first().expect("an explanation");
    cause::words(causes, &plan(&[]).services).unwrap_or_default()
}

/// Whether the test fails on these cells for this reason.
fn check(is_red: impl Fn(&str) -> bool, expected: &str) {
    let found = of_test(&all_cells(), |cell| is_red(&cell.to_string()));
    assert_eq!(words(&found), expected, "{found:?}");
    assert_eq!((found.explanations.len(), found.decides.as_ref()), (1, None), "{found:?}");
}

#[test]
fn a_matrix_of_five_four_and_eight_values_has_508_different_causes() {
    assert_eq!(Space::of(&all_cells()).causes.len(), 508);
}

#[test]
fn each_of_them_is_found_and_no_other_where_all_cells_ran() {
    let cells = all_cells();
    let space = Space::of(&cells);
    for cause in Axes::of(&cells).causes() {
        let found = explain(&space, &seen(&space, &cells, &cause)).explanations;
        let concerned: Vec<_> = cells.iter().filter(|cell| cause.holds(cell)).collect();
        let [causes] = &found[..] else { panic!("{cause:?}: {found:?}") };
        let [same] = &causes[..] else { panic!("{cause:?}: {found:?}") };
        let same: Vec<_> = cells.iter().filter(|cell| same.holds(cell)).collect();
        assert_eq!(same, concerned, "{cause:?}: {found:?}");
    }
}

/// What these cells show of a cause.
fn seen(space: &Space, cells: &[CellId], cause: &Cause) -> Pattern {
    let mut pattern = Pattern { red: space.none(), green: space.none() };
    for cell in cells {
        let place = space.place(cell).expect("a cell of the space");
        let set = if cause.holds(cell) { &mut pattern.red } else { &mut pattern.green };
        set.insert(place);
    }
    pattern
}

#[test]
fn a_pairwise_run_finds_every_cause_with_a_few_further_cells() {
    let some: Vec<CellId> = pairwise(&[5, 4, 8], |_| true).iter().map(|place| cell(place)).collect();
    let all = all_cells();
    // The cells of the run span the same space, so what is found in one can be compared in the other.
    let space = Space::of(&some);
    let causes = Axes::of(&all).causes();
    let mut further = 0;
    for cause in &causes {
        let mut pattern = seen(&space, &some, cause);
        let mut explained = explain(&space, &pattern);
        while let Some(next) = &explained.decides {
            further += 1;
            let place = space.place(next).expect("a cell of the space");
            assert!(!pattern.red[place] && !pattern.green[place], "{next} was asked for twice");
            let set = if cause.holds(next) { &mut pattern.red } else { &mut pattern.green };
            set.insert(place);
            explained = explain(&space, &pattern);
        }
        let [causes] = &explained.explanations[..] else { panic!("{cause:?}: {explained:?}") };
        let [found] = &causes[..] else { panic!("{cause:?}: {explained:?}") };
        assert!(all.iter().all(|cell| found.holds(cell) == cause.holds(cell)), "{cause:?}: {found:?}");
    }
    assert!(further * 2 < causes.len() * 3, "{further} further cells for {} causes", causes.len());
}

#[test]
fn a_cause_is_told_in_words() {
    check(|_| true, "");
    check(|cell| cell.contains("py3.9-"), "on Python 3.9");
    check(|cell| cell.contains("pg13") || cell.contains("pg14"), "on Postgres 14 and earlier");
    check(|cell| cell.ends_with("0.30") && cell.contains("pg16"), "on PyO3 0.30 with Postgres 16");
    let late = |cell: &str| ["0.27", "0.28", "0.29", "0.30"].iter().any(|line| cell.ends_with(line));
    let new = |cell: &str| cell.contains("py3.12") || cell.contains("py3.13");
    check(|cell| late(cell) && new(cell), "on PyO3 0.27 and later with Python 3.12 and later");
}

#[test]
fn two_causes_of_one_test_are_told_both() {
    let found = of_test(&all_cells(), |cell| {
        let id = cell.to_string();
        id.contains("py3.9-") || id.ends_with("0.30")
    });
    assert_eq!(words(&found), "on PyO3 0.30, and on Python 3.9");
}

#[test]
fn cells_without_anything_in_common_are_not_explained() {
    let red = ["py3.9-pg13-pyo3_0.23", "py3.11-pg15-pyo3_0.27", "py3.12-pg16-pyo3_0.24"];
    let found = of_test(&all_cells(), |cell| red.contains(&cell.to_string().as_str()));
    assert_eq!(found.explanations, Vec::<Vec<Cause>>::new());
    assert_eq!(found.cells.len(), 3);
}

#[test]
fn each_test_has_a_cause_of_its_own_and_tests_of_the_same_cells_stand_together() {
    let cells = all_cells();
    let on = |cell: &CellId, part: &str| {
        if cell.to_string().contains(part) { TestResult::Failed } else { TestResult::Passed }
    };
    let one = |cell: &CellId| {
        let (old, new) = (on(cell, "py3.9-"), on(cell, "pyo3_0.30"));
        record(cell, &[("a", old), ("b", new), ("c", old)])
    };
    let records: Vec<_> = cells.iter().map(one).collect();
    let found: Vec<_> = of_records(&cells, &records)
        .into_iter()
        .map(|found| (found.tests.iter().cloned().collect::<Vec<_>>().join(" "), words(&found)))
        .collect();
    let expected =
        [("a c", "on Python 3.9"), ("b", "on PyO3 0.30")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(found, expected);
}

#[test]
fn a_flaky_cell_is_left_out_and_named() {
    let cells = all_cells();
    let flaky: CellId = "py3.11-pg15-pyo3_0.27".parse().expect("an id");
    let one = |cell: &CellId| {
        let red = if cell.to_string().starts_with("py3.9") { TestResult::Failed } else { TestResult::Passed };
        let failing = BTreeMap::from([(TEST.to_owned(), "why".to_owned())]);
        let attempt = Attempt { run: None, reason: None, failing };
        let attempts = if *cell == flaky { vec![attempt] } else { Vec::new() };
        record(cell, &[(TEST, red)]).after(attempts)
    };
    let found = of_records(&cells, &cells.iter().map(one).collect::<Vec<_>>()).pop().expect("a red test");
    assert_eq!((words(&found).as_str(), found.of, found.flaky), ("on Python 3.9", 159, vec![flaky]));
}

#[test]
fn where_cells_are_missing_the_one_that_tells_most_is_named() {
    let cells: Vec<CellId> =
        ["py3.9-pg13-pyo3_0.23", "py3.10-pg14-pyo3_0.23"].map(|id| id.parse().expect("an id")).to_vec();
    let found = of_test(&cells, |cell| *cell == cells[0]);
    assert_eq!(found.explanations.len(), 2, "{found:?}");
    let decides = found.decides.expect("a cell").to_string();
    assert!(["py3.9-pg14-pyo3_0.23", "py3.10-pg13-pyo3_0.23"].contains(&decides.as_str()), "{decides}");
}

#[test]
fn a_file_that_cannot_be_collected_is_absent_where_its_tests_ran() {
    let cells = all_cells();
    let one = |cell: &CellId| {
        let broken = cell.to_string().contains("pyo3_0.23");
        let test = if broken { ("tests/a.py", TestResult::Error) } else { (TEST, TestResult::Passed) };
        record(cell, &[test])
    };
    let found = of_records(&cells, &cells.iter().map(one).collect::<Vec<_>>()).pop().expect("a red file");
    assert_eq!((words(&found).as_str(), found.of), ("on PyO3 0.23", 160));
}

#[test]
fn a_build_that_fails_and_a_test_behind_it_are_explained_apart() {
    let cells = all_cells();
    let one = |cell: &CellId| {
        let id = cell.to_string();
        let result = if id.contains("py3.13") { TestResult::Failed } else { TestResult::Passed };
        let mut record = record(cell, &[(TEST, result)]);
        if id.ends_with("0.30") {
            record.tests.clear();
            record.outcome = Outcome::BuildFailed;
        }
        record
    };
    let found = of_records(&cells, &cells.iter().map(one).collect::<Vec<_>>());
    let told: Vec<_> = found.iter().map(|found| (found.outcomes.len(), found.of, words(found))).collect();
    // The test says nothing of the cells that were not built.
    let expected = [(0, 140, "on Python 3.13"), (1, 160, "on PyO3 0.30")];
    assert_eq!(told, expected.map(|(outcomes, of, words)| (outcomes, of, words.to_owned())));
}

#[test]
fn builds_with_and_without_the_gil_are_an_axis_of_their_own() {
    let pythons = ["3.12", "3.13", "3.13t", "3.14", "3.14t"];
    let cells: Vec<CellId> = pythons
        .iter()
        .flat_map(|python| ["pg15", "pg16"].map(|server| format!("py{python}-{server}-pyo3_0.28")))
        .map(|id| id.parse().expect("an id"))
        .collect();
    assert_eq!(words(&of_test(&cells, |cell| cell.python.free_threaded)), "on free-threaded Pythons");
    let late = of_test(&cells, |cell| cell.python.minor >= 14);
    assert_eq!(words(&late), "on Python 3.14 and later");
    let one = of_test(&cells, |cell| cell.python.to_string() == "3.13t");
    assert_eq!(words(&one), "on Python 3.13t");
}

#[test]
fn values_of_free_axes_are_causes_too() {
    let cells: Vec<CellId> = ["3.12", "3.13"]
        .iter()
        .flat_map(|python| ["asyncio", "uvloop", "trio"].map(|name| format!("py{python}-pyo3_0.30-{name}")))
        .map(|id| id.parse().expect("an id"))
        .collect();
    let with = |name: &str| of_test(&cells, |cell| cell.choices.contains(&name.to_owned()));
    assert_eq!(words(&with("uvloop")), "on uvloop");
    let without = of_test(&cells, |cell| !cell.choices.contains(&"asyncio".to_owned()));
    assert_eq!(words(&without), "on all but asyncio");
}
