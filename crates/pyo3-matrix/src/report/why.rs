//! Why are these cells red, and not those? Each attribution of the verdict as sentences, for every format.

use std::collections::BTreeMap;

use crate::model::cell::CellId;
use crate::plan::Named;
use crate::plan::cause::{Cause, words};
use crate::report::Report;
use crate::verdict::attribution::Attribution;

/// How many explanations of one symptom are told.
const EXPLANATIONS: usize = 3;

/// One symptom, and what the cells that show it have in common.
#[derive(Debug, PartialEq, Eq)]
pub struct Why {
    /// `test_a fails`.
    pub what: String,
    /// `on PyO3 0.27 and later with Python 3.12`: the first explanation, if there is one.
    pub place: Option<String>,
    /// `12 of 12 such cells, no other`.
    pub count: String,
    /// What else would explain it, and what is left out.
    pub doubts: Vec<String>,
    /// The command that tells the explanations apart.
    pub tells: Option<String>,
}

impl Why {
    /// All of it in one sentence, without the doubts.
    #[must_use]
    pub fn sentence(&self) -> String {
        let place = self.place.as_deref().map(|place| format!(" {place}")).unwrap_or_default();
        format!("{}{place}: {}", self.what, self.count)
    }

    /// The same without what goes wrong: `on Python 3.12: 12 of 12 such cells, no other`.
    #[must_use]
    pub fn place_and_count(&self) -> String {
        let place = self.place.as_deref().map(|place| format!("{place}: ")).unwrap_or_default();
        place + &self.count
    }
}

/// Every symptom of a run, that of most cells first. A single cell explains nothing.
#[must_use]
pub fn all(report: &Report) -> Vec<Why> {
    let attributions = report.verdict.attributions.iter().filter(|attribution| attribution.of > 1);
    attributions.map(|attribution| one(attribution, report)).collect()
}

/// One symptom of a run.
#[must_use]
pub fn one(attribution: &Attribution, report: &Report) -> Why {
    let services = &report.services;
    let (red, of) = (attribution.cells.len(), attribution.of);
    let what = what(attribution);
    let mut doubts = Vec::new();
    let [causes, others @ ..] = &attribution.explanations[..] else {
        let count = match &attribution.cells[..] {
            [one] => format!("in {one} alone, of {of} cells"),
            _ => format!("{red} of {of} cells, which have no one or two values in common"),
        };
        let cells = &attribution.flaky;
        doubts.extend(left_out(cells));
        return Why { what, place: None, count, doubts, tells: None };
    };
    let place = words(causes, services);
    let said =
        report.verdict.cells.iter().map(|cell| &cell.cell).filter(|cell| !attribution.flaky.contains(cell));
    let such = said.filter(|cell| causes.iter().any(|cause| cause.holds(cell))).count();
    let count = match place {
        None if red == 1 => "the only cell that says something".to_owned(),
        None => format!("all {red} cells that say something"),
        Some(_) => format!("{red} of {such} such cells, no other"),
    };
    if !others.is_empty() {
        doubts.push(alternatives(others, services));
    }
    doubts.extend(left_out(&attribution.flaky));
    Why { what, place, count, doubts, tells: attribution.decides.as_ref().map(|cell| report.again(cell)) }
}

/// The symptom: one test by its own name, and how many more; or how the cells ended. Where the tests are, another part of
/// each report says.
fn what(attribution: &Attribution) -> String {
    let mut outcomes = attribution.outcomes.iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut tests = attribution.tests.iter().map(|test| test.rsplit("::").next().unwrap_or(test));
    match (tests.next(), tests.count()) {
        (None, _) => {}
        (Some(test), 0) => outcomes.push(format!("{test} fails")),
        (Some(test), more) => outcomes.push(format!("{test} and {more} more fail")),
    }
    outcomes.join(", ")
}

fn alternatives(others: &[Vec<Cause>], services: &BTreeMap<String, Named>) -> String {
    let told: Vec<String> =
        others.iter().take(EXPLANATIONS - 1).filter_map(|causes| words(causes, services)).collect();
    let more = others.len() - told.len();
    let more = if more > 0 { format!(", or on one of {more} more") } else { String::new() };
    format!("or {}{more}: the cells that ran do not tell", told.join(", or "))
}

fn left_out(flaky: &[CellId]) -> Option<String> {
    let names: Vec<String> = flaky.iter().map(ToString::to_string).collect();
    (!names.is_empty()).then(|| format!("left out, since it comes and goes there: {}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::model::cell::Release;
    use crate::model::record::Outcome;
    use crate::plan::cause::{Bound, Condition};
    use crate::report::tests::report;

    /// A report of two Pythons and four servers, in which this goes wrong on the first server.
    fn planted(change: impl Fn(&mut Attribution)) -> Vec<Why> {
        let mut report = report(8, 0);
        let first = Release { tag: "pg".into(), version: vec![0] };
        let cells = report.verdict.cells.iter().map(|cell| cell.cell.clone());
        let mut attribution = Attribution {
            tests: BTreeSet::from(["a.py::test_a".to_owned()]),
            outcomes: Vec::new(),
            cells: cells.filter(|cell| cell.releases.contains(&first)).collect(),
            of: 8,
            explanations: vec![vec![Cause(vec![Condition::Release(Bound::Exactly, first)])]],
            decides: None,
            flaky: Vec::new(),
        };
        change(&mut attribution);
        report.verdict.attributions.push(attribution);
        report.services.insert("pg".into(), Named { name: "postgres".into(), title: "Postgres".into() });
        all(&report)
    }

    fn check(change: impl Fn(&mut Attribution), sentence: &str, doubts: &[&str]) -> Option<String> {
        let [why] = &planted(change)[..] else { panic!("one symptom") };
        assert_eq!(why.sentence(), sentence);
        assert_eq!(why.doubts, doubts);
        why.tells.clone()
    }

    #[test]
    fn a_cause_is_told_with_how_many_cells_show_it() {
        check(|_| {}, "test_a fails on Postgres 0: 2 of 2 such cells, no other", &[]);
        let more = |attribution: &mut Attribution| {
            attribution.tests.extend(["b".to_owned(), "c".to_owned()]);
            attribution.outcomes.push(Outcome::Crashed { signal: "SIGSEGV".into() });
        };
        let said = "crashed (SIGSEGV), test_a and 2 more fail on Postgres 0: 2 of 2 such cells, no other";
        check(more, said, &[]);
    }

    #[test]
    fn what_all_cells_show_and_what_no_cause_fits_is_told_as_that() {
        let everywhere = |attribution: &mut Attribution| {
            attribution.explanations = vec![vec![Cause::default()]];
            attribution.of = 2;
        };
        check(everywhere, "test_a fails: all 2 cells that say something", &[]);
        let none = |attribution: &mut Attribution| attribution.explanations.clear();
        check(none, "test_a fails: 2 of 8 cells, which have no one or two values in common", &[]);
        let one = |attribution: &mut Attribution| {
            attribution.explanations.clear();
            attribution.cells.truncate(1);
        };
        check(one, "test_a fails: in py3.0-pg0-pyo3_0.1 alone, of 8 cells", &[]);
    }

    #[test]
    fn several_explanations_come_with_the_cell_that_tells_them_apart_and_flaky_cells_by_name() {
        let doubtful = |attribution: &mut Attribution| {
            let choice = |name: &str| vec![Cause(vec![Condition::Choice(name.to_owned())])];
            attribution.explanations.extend(["uvloop", "b", "c"].map(choice));
            attribution.decides = Some("py3.1-pg0-pyo3_0.1-b".parse().expect("an id"));
            attribution.flaky = vec!["py3.1-pg1-pyo3_0.1".parse().expect("an id")];
        };
        let doubts = [
            "or on uvloop, or on b, or on one of 1 more: the cells that ran do not tell",
            "left out, since it comes and goes there: py3.1-pg1-pyo3_0.1",
        ];
        let tells = check(doubtful, "test_a fails on Postgres 0: 2 of 2 such cells, no other", &doubts);
        assert_eq!(tells.as_deref(), Some("cargo matrix run --cell py3.1-pg0-pyo3_0.1-b"));
    }

    #[test]
    fn a_flaky_cell_does_not_count_among_those_that_the_cause_names() {
        let comes_and_goes =
            |attribution: &mut Attribution| attribution.flaky.extend(attribution.cells.pop());
        let left = "left out, since it comes and goes there: py3.1-pg0-pyo3_0.1";
        check(comes_and_goes, "test_a fails on Postgres 0: 1 of 1 such cells, no other", &[left]);
    }

    #[test]
    fn a_single_cell_explains_nothing() {
        assert_eq!(planted(|attribution| attribution.of = 1), []);
    }
}
