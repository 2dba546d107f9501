//! What does a comparison say? Everything that a format shows, in order and in words, from one [`Compared`]: a format lays it
//! out, and decides nothing.

mod costs;

use std::collections::BTreeMap;

use pyo3_doctor::words::counted;

use crate::model::cell::CellId;
use crate::model::negative::Ending;
use crate::model::origin::Origin;
use crate::report::compare::{Compared, Of};
use crate::report::tone::Tone;
use crate::verdict::compare::{Because, Change, Difference, Incomparable, NegativeChange, TestGroup, What};

/// What a comparison says.
#[derive(Debug)]
pub struct Model {
    /// `A` and `B`, each with what it was made with.
    pub runs: [(&'static str, String); 2],
    pub sections: Vec<Section>,
    /// What became worse, in one line.
    pub verdict: String,
    pub tone: Tone,
}

/// Changes of one kind.
#[derive(Debug)]
pub struct Section {
    pub tone: Tone,
    pub title: String,
    pub items: Vec<Item>,
}

/// One change, and the cells that show it.
#[derive(Debug, Default)]
pub struct Item {
    /// The names of what changed, which no format breaks.
    pub name: String,
    pub what: String,
    pub cells: Vec<CellId>,
    pub notes: Vec<String>,
}

impl Model {
    #[must_use]
    pub fn of(compared: &Compared) -> Model {
        let found = &compared.difference;
        let still =
            if found.same_suite { "fixed tests" } else { "tests that do not fail any more, or are gone" };
        let failing = found.newly_failing.iter().zip(&compared.explanations);
        let failing = failing.map(|(tests, explanation)| newly(tests, explanation.as_deref()));
        let fixed =
            found.no_longer_failing.iter().map(|tests| Item { notes: vec![share(tests)], ..of_tests(tests) });
        let sections = [
            (Tone::Bad, cells("regressed", &found.regressed), changes(&found.regressed)),
            (Tone::Bad, "newly failing tests".to_owned(), failing.collect()),
            (Tone::Bad, "cells that must not build".to_owned(), negatives(&found.negatives)),
            (Tone::Undecided, "slower".to_owned(), costs::slower(found)),
            (Tone::Undecided, "heavier".to_owned(), costs::heavier(found)),
            (Tone::Undecided, "fatter".to_owned(), costs::fatter(found)),
            (Tone::Flaky, cells("flaky", &found.flaky), changes(&found.flaky)),
            (Tone::Good, cells("fixed", &found.fixed), changes(&found.fixed)),
            (Tone::Good, still.to_owned(), fixed.collect()),
            (Tone::Undecided, cells("still red, and further", &found.otherwise), changes(&found.otherwise)),
            (Tone::Skipped, "not comparable".to_owned(), found.incomparable.iter().map(apart).collect()),
            (Tone::Skipped, "in one run alone".to_owned(), alone(found)),
        ];
        let sections = sections.into_iter().filter(|(_, _, items)| !items.is_empty());
        let sections = sections.map(|(tone, title, items)| Section { tone, title, items }).collect();
        let tone = match (compared.regression, found.is_worse()) {
            (true, _) => Tone::Bad,
            (false, true) => Tone::Undecided,
            (false, false) => Tone::Good,
        };
        Model {
            runs: [("A", run(&compared.before)), ("B", run(&compared.after))],
            sections,
            verdict: verdict(found),
            tone,
        }
    }
}

fn cells(what: &str, changes: &[Change]) -> String {
    format!("{what}: {}", counted(changes.len(), "cell"))
}

/// `run …, grid, commit 1a2b3c4d5e6f, 20 cells on linux x86_64, 2 cores`.
fn run(of: &Of) -> String {
    let Of { run, preset, part, cells, origin, .. } = of;
    let Origin { commit, host, .. } = origin;
    let part = part.as_deref().map(|part| format!(", {part}")).unwrap_or_default();
    let commit = commit.as_ref().map(|commit| format!(", commit {commit}")).unwrap_or_default();
    let host = host.as_ref().map(|host| format!(" on {host}")).unwrap_or_default();
    format!("run {run}, {preset}{part}{commit}, {}{host}", counted(*cells, "cell"))
}

/// Cells that changed in the same way for the same reason.
fn changes(changes: &[Change]) -> Vec<Item> {
    let mut groups: BTreeMap<(String, &str), Vec<CellId>> = BTreeMap::new();
    for Change { cell, before, after, reason } in changes {
        let reason = reason.as_deref().and_then(|reason| reason.lines().next()).unwrap_or_default();
        groups.entry((format!("{before} → {after}"), reason)).or_default().push(cell.clone());
    }
    let item = |((what, reason), cells): ((String, &str), Vec<CellId>)| {
        let notes = Some(reason).filter(|reason| !reason.is_empty()).map(str::to_owned);
        Item { what, cells, notes: notes.into_iter().collect(), ..Item::default() }
    };
    groups.into_iter().map(item).collect()
}

fn newly(tests: &TestGroup, explanation: Option<&str>) -> Item {
    let mut notes = vec![explanation.map_or_else(|| share(tests), str::to_owned)];
    notes.extend(Some(tests.message.clone()).filter(|message| !message.is_empty()));
    Item { notes, ..of_tests(tests) }
}

fn of_tests(tests: &TestGroup) -> Item {
    let name = tests.tests.first().cloned().unwrap_or_default();
    let more = tests.tests.len() - 1;
    let what = if more == 0 { String::new() } else { format!("and {more} more") };
    Item { name, what, cells: tests.cells.clone(), ..Item::default() }
}

fn share(tests: &TestGroup) -> String {
    format!("{} of {} that ran tests in both runs", tests.cells.len(), counted(tests.of, "cell"))
}

fn negatives(negatives: &[NegativeChange]) -> Vec<Item> {
    let word = |ending| match ending {
        Ending::AsForetold => "failed as foretold",
        Ending::Otherwise => "failed otherwise",
        Ending::Built => "built",
        Ending::Lost => "lost",
    };
    let item = |NegativeChange { id, before, after }: &NegativeChange| Item {
        name: id.clone(),
        what: format!("{} → {}", word(*before), word(*after)),
        ..Item::default()
    };
    negatives.iter().map(item).collect()
}

fn apart(Incomparable { what, because, cells }: &Incomparable) -> Item {
    let because = match because {
        Because::Silent { before, after } if before == after => format!("{after} in both"),
        Because::Silent { before, after } => format!("{before} in A, {after} in B"),
        Because::Suite => "the suites differ, or one is not known".to_owned(),
        Because::LineLock => "the Cargo.lock of the line differs".to_owned(),
        Because::CellLock => "the Python packages of the cell differ".to_owned(),
        Because::Host => "the machines differ, or one is not known".to_owned(),
        Because::Loud => "the machine was loud in one of the runs, and times say little".to_owned(),
        Because::MissingBefore => "A has not measured it".to_owned(),
        Because::MissingAfter => "B has not measured it".to_owned(),
    };
    let what = match what {
        What::Outcome => "how a cell ended",
        What::Costs => "speed-ups and growth",
        What::Speedup => "speed-ups",
        What::Growth => "growth",
        What::Absolute => "absolute times and peak memory",
    };
    Item { what: format!("{what}: {because}"), cells: cells.clone(), ..Item::default() }
}

fn alone(found: &Difference) -> Vec<Item> {
    let runs = [("only in A", &found.only_before), ("only in B", &found.only_after)];
    let runs = runs.into_iter().filter(|(_, cells)| !cells.is_empty());
    let item = |(what, cells): (&str, &Vec<CellId>)| Item {
        what: format!("{what}: {}", counted(cells.len(), "cell")),
        cells: cells.clone(),
        ..Item::default()
    };
    runs.map(item).collect()
}

/// `regressed: 2 cells, 3 tests; unchanged: 5 of 8 cells`.
fn verdict(found: &Difference) -> String {
    let tests: usize = found.newly_failing.iter().map(|tests| tests.tests.len()).sum();
    let built = found.negatives.iter().filter(|negative| !negative.after.is_green()).count();
    let counts = [(found.regressed.len(), "cell"), (tests, "test"), (built, "negative cell")];
    let counts = counts.iter().filter(|(count, _)| *count > 0).map(|(count, noun)| counted(*count, noun));
    let counts: Vec<String> = counts.collect();
    let regressed = if counts.is_empty() {
        "nothing regressed".to_owned()
    } else {
        format!("regressed: {}", counts.join(", "))
    };
    let [slower, heavier, fatter] = costs::cells(found);
    let costly = [(slower, "slower"), (heavier, "heavier"), (fatter, "fatter")];
    let costly = costly.iter().filter(|(count, _)| *count > 0);
    let costly: Vec<String> =
        costly.map(|(count, what)| format!("; {what}: {}", counted(*count, "cell"))).collect();
    let unchanged = format!("; unchanged: {} of {}", found.unchanged, counted(found.common(), "cell"));
    regressed + &costly.concat() + &unchanged
}
