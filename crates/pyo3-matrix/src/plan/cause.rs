//! What can a cause be? Conditions on the axes that some cells differ by, alone or two joined.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::cell::{CellId, Line, Python, Release};
use crate::plan::Named;

/// What a cell has to be for a cause to concern it. Sentences name conditions in this order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    Line(Bound, Line),
    Python(Bound, Python),
    /// Whether the Python is a build without the GIL.
    FreeThreaded(bool),
    Release(Bound, Release),
    /// The value of a free axis. Those have no order.
    Choice(String),
    /// Any cell but those with this value of a free axis.
    NotChoice(String),
}

/// Which values of an axis a condition means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    Exactly,
    From,
    UpTo,
}

/// The least that cells have in common: no condition, one, or two on different axes that hold together.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Cause(pub Vec<Condition>);

/// The axes that some cells differ by, with their values in order.
#[derive(Debug)]
pub struct Axes {
    pub pythons: BTreeSet<Python>,
    pub lines: BTreeSet<Line>,
    /// By the letters of the service, in the order in which a cell has them.
    pub releases: Vec<(String, BTreeSet<Release>)>,
    /// What the cells have of the free axes.
    pub choices: BTreeSet<Vec<String>>,
}

impl Bound {
    fn holds<T: Ord>(self, bound: &T, value: &T) -> bool {
        match self {
            Bound::Exactly => value == bound,
            Bound::From => value >= bound,
            Bound::UpTo => value <= bound,
        }
    }

    /// Each bound of an axis once: with `n` values, `n` exact ones and those of the others that mean several values and not
    /// all.
    fn all<T: Clone>(values: &[T]) -> impl Iterator<Item = (Bound, T)> {
        let exact = values.iter().map(|value| (Bound::Exactly, value.clone()));
        let inner = values.get(1..values.len().saturating_sub(1)).unwrap_or_default();
        let from = inner.iter().map(|value| (Bound::From, value.clone()));
        let up_to = inner.iter().map(|value| (Bound::UpTo, value.clone()));
        exact.chain(from).chain(up_to).filter(move |_| values.len() > 1)
    }

    /// The bound in words, around `value`.
    fn words(self, axis: &str, value: &dyn fmt::Display) -> String {
        match self {
            Bound::Exactly => format!("{axis} {value}"),
            Bound::From => format!("{axis} {value} and later"),
            Bound::UpTo => format!("{axis} {value} and earlier"),
        }
    }
}

/// A Python without the question whether it has a GIL, which is another axis.
fn with_gil(python: Python) -> Python {
    Python { free_threaded: false, ..python }
}

impl Condition {
    #[must_use]
    pub fn holds(&self, cell: &CellId) -> bool {
        match self {
            Condition::Python(Bound::Exactly, python) => cell.python == *python,
            Condition::Python(bound, python) => bound.holds(&with_gil(*python), &with_gil(cell.python)),
            Condition::FreeThreaded(threads) => cell.python.free_threaded == *threads,
            Condition::Line(bound, line) => bound.holds(line, &cell.line),
            Condition::Release(bound, release) => {
                let mut own = cell.releases.iter().filter(|other| other.tag == release.tag);
                own.any(|other| bound.holds(release, other))
            }
            Condition::Choice(choice) => cell.choices.contains(choice),
            Condition::NotChoice(choice) => !cell.choices.contains(choice),
        }
    }

    /// The condition as it stands in a sentence.
    #[must_use]
    pub fn words(&self, services: &BTreeMap<String, Named>) -> String {
        match self {
            Condition::Python(bound, python) => bound.words("Python", python),
            Condition::FreeThreaded(true) => "free-threaded Pythons".to_owned(),
            Condition::FreeThreaded(false) => "Pythons with a GIL".to_owned(),
            Condition::Line(bound, line) => bound.words("PyO3", line),
            Condition::Release(bound, release) => {
                let title = services.get(&release.tag).map_or(&release.tag, |named| &named.title);
                bound.words(title, &release.number())
            }
            Condition::Choice(choice) => choice.clone(),
            Condition::NotChoice(choice) => format!("all but {choice}"),
        }
    }

    /// Whether the two are about different axes, as far as a value tells its axis: two values of free axes may be of one,
    /// and then no cell has both.
    fn joins(&self, other: &Condition) -> bool {
        let choices = matches!((self, other), (Condition::Choice(_), Condition::Choice(_)));
        choices || self.axis() != other.axis()
    }

    /// Whether it means one value of its axis.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        match self {
            Condition::Line(bound, _) | Condition::Python(bound, _) | Condition::Release(bound, _) => {
                *bound == Bound::Exactly
            }
            Condition::FreeThreaded(_) | Condition::Choice(_) => true,
            Condition::NotChoice(_) => false,
        }
    }

    /// What tells its axis from others, as far as a value says.
    #[must_use]
    pub fn axis(&self) -> (u8, &str) {
        match self {
            Condition::Line(..) => (0, ""),
            Condition::Python(..) => (1, ""),
            Condition::FreeThreaded(..) => (2, ""),
            Condition::Release(_, release) => (3, &release.tag),
            Condition::Choice(_) | Condition::NotChoice(_) => (4, ""),
        }
    }
}

impl Cause {
    #[must_use]
    pub fn holds(&self, cell: &CellId) -> bool {
        self.0.iter().all(|condition| condition.holds(cell))
    }

    /// `PyO3 0.27 and later with Python 3.12`; empty where there is no condition.
    #[must_use]
    pub fn words(&self, services: &BTreeMap<String, Named>) -> String {
        let words = self.0.iter().map(|condition| condition.words(services));
        words.collect::<Vec<_>>().join(" with ")
    }
}

/// Causes of which any is enough: `on PyO3 0.30, and on Python 3.9`; none where nothing needs to hold.
#[must_use]
pub fn words(causes: &[Cause], services: &BTreeMap<String, Named>) -> Option<String> {
    let words = causes.iter().map(|cause| cause.words(services)).filter(|words| !words.is_empty());
    let words: Vec<String> = words.map(|words| format!("on {words}")).collect();
    (!words.is_empty()).then(|| words.join(", and "))
}

impl Axes {
    /// The axes of these cells.
    pub fn of<'a>(cells: impl IntoIterator<Item = &'a CellId>) -> Axes {
        let mut axes = Axes {
            pythons: BTreeSet::new(),
            lines: BTreeSet::new(),
            releases: Vec::new(),
            choices: BTreeSet::new(),
        };
        for cell in cells {
            axes.pythons.insert(cell.python);
            axes.lines.insert(cell.line);
            for release in &cell.releases {
                axes.add(release);
            }
            axes.choices.insert(cell.choices.clone());
        }
        axes
    }

    fn add(&mut self, release: &Release) {
        if !self.releases.iter().any(|(tag, _)| *tag == release.tag) {
            self.releases.push((release.tag.clone(), BTreeSet::new()));
        }
        for (_, known) in self.releases.iter_mut().filter(|(tag, _)| *tag == release.tag) {
            known.insert(release.clone());
        }
    }

    /// Every cause, the shortest first; among those of one length, exact values first.
    #[must_use]
    pub fn causes(&self) -> Vec<Cause> {
        let single = self.conditions();
        let pair = |(at, first): (usize, &Condition)| {
            let others = single[at + 1..].iter().filter(|second| first.joins(second));
            others.map(|second| Cause(vec![first.clone(), second.clone()])).collect::<Vec<_>>()
        };
        let pairs = single.iter().enumerate().flat_map(pair);
        let alone = single.iter().map(|condition| Cause(vec![condition.clone()]));
        std::iter::once(Cause::default()).chain(alone).chain(pairs).collect()
    }

    /// Every condition, in the order in which a sentence names them.
    fn conditions(&self) -> Vec<Condition> {
        let mut all = Vec::new();
        let lines: Vec<Line> = self.lines.iter().copied().collect();
        all.extend(Bound::all(&lines).map(|(bound, line)| Condition::Line(bound, line)));
        all.extend(self.python_conditions());
        for (_, releases) in &self.releases {
            let releases: Vec<Release> = releases.iter().cloned().collect();
            all.extend(Bound::all(&releases).map(|(bound, release)| Condition::Release(bound, release)));
        }
        let choices: BTreeSet<&String> = self.choices.iter().flatten().collect();
        all.extend(choices.iter().map(|choice| Condition::Choice((*choice).clone())));
        all.extend(choices.iter().map(|choice| Condition::NotChoice((*choice).clone())));
        all
    }

    fn python_conditions(&self) -> Vec<Condition> {
        let minors: BTreeSet<Python> = self.pythons.iter().copied().map(with_gil).collect();
        let minors: Vec<Python> = minors.into_iter().collect();
        let exact = self.pythons.iter().filter(|_| self.pythons.len() > 1);
        let exact = exact.map(|python| Condition::Python(Bound::Exactly, *python));
        let threads: BTreeSet<bool> = self.pythons.iter().map(|python| python.free_threaded).collect();
        // With both builds of a version, its exact value is one build alone, so the ends mean several values as well.
        let (from, up_to) = match (threads.len(), &minors[..]) {
            (2, [_, ..]) => (&minors[1..], &minors[..minors.len() - 1]),
            (_, [_, inner @ .., _]) => (inner, inner),
            _ => (&[][..], &[][..]),
        };
        let from = from.iter().map(|python| Condition::Python(Bound::From, *python));
        let up_to = up_to.iter().map(|python| Condition::Python(Bound::UpTo, *python));
        let threads =
            threads.iter().filter(|_| threads.len() > 1).map(|threads| Condition::FreeThreaded(*threads));
        exact.chain(from).chain(up_to).chain(threads).collect()
    }

    /// How many cells have one of these values on each axis.
    #[must_use]
    pub fn product_len(&self) -> usize {
        let releases = self.releases.iter().map(|(_, releases)| releases.len()).product::<usize>();
        self.pythons.len() * self.lines.len() * releases * self.choices.len()
    }

    /// Those cells.
    #[must_use]
    pub fn product(&self) -> Vec<CellId> {
        let mut rest: Vec<Vec<Release>> = vec![Vec::new()];
        for (_, releases) in &self.releases {
            let with = |before: &Vec<Release>| {
                let one = |release: &Release| [before.clone(), vec![release.clone()]].concat();
                releases.iter().map(one).collect::<Vec<_>>()
            };
            rest = rest.iter().flat_map(with).collect();
        }
        let mut cells = Vec::new();
        for (&line, &python) in self.lines.iter().flat_map(|line| self.pythons.iter().map(move |p| (line, p)))
        {
            for (releases, choices) in rest.iter().flat_map(|r| self.choices.iter().map(move |c| (r, c))) {
                cells.push(CellId { python, releases: releases.clone(), line, choices: choices.clone() });
            }
        }
        cells
    }
}
