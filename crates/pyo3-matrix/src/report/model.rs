//! What does a report say? Everything that a format shows, in order and in words, from one [`Report`]: a format lays it out,
//! and decides nothing.

pub mod axes;
pub mod detection;
pub mod kit;
pub mod measures;
pub mod names;
pub mod numbers;
pub mod shares;
pub mod sheet;

use crate::model::negative::NegativeRecord;
use crate::report::Report;
use crate::report::causes::{self, Failing, Reason, Skip};
use crate::report::cost::{self, Cost};
use crate::report::grid::{self, Table};
use crate::report::noise;
use crate::report::tone::Tone;
use crate::report::why::{self, Why};
use crate::verdict::criterion::{CriterionResult, Range, Unit};
use crate::verdict::judge::{CellVerdict, Decision};
use pyo3_doctor::words::counted;

/// What a report says.
#[derive(Debug)]
pub struct Model<'a> {
    pub report: &'a Report,
    pub headline: Headline,
    pub why: Vec<Why>,
    /// Which axis moves the cost.
    pub cost: Cost,
    /// How far the times can be trusted, where that was scored.
    pub noise: Option<String>,
    pub cells: Section<'a>,
    pub skips: Vec<Skip<'a>>,
    pub negatives: Negatives<'a>,
    pub criteria: Vec<Criterion<'a>>,
    /// The cells that decide nothing.
    pub rehearsed: Section<'a>,
    /// `green`, `not green`, `none`, or that it is too early.
    pub verdict: &'static str,
    /// The decision in a word, and why it is that one.
    pub decision: (&'static str, &'static str),
}

/// The report in one line.
#[derive(Debug)]
pub struct Headline {
    pub tone: Tone,
    /// The preset, and which part of it the run was.
    pub title: String,
    /// `19/20 cells green, 1 flaky`.
    pub tally: String,
}

/// Cells at a glance, and what is wrong with some of them.
#[derive(Debug)]
pub struct Section<'a> {
    pub tables: Vec<Table<'a>>,
    pub reasons: Vec<Reason<'a>>,
    pub failing: Vec<Failing<'a>>,
}

/// The cells that must not build.
#[derive(Debug)]
pub struct Negatives<'a> {
    pub records: &'a [NegativeRecord],
    /// `3/4 failed as foretold`.
    pub tally: String,
}

/// One criterion over all cells.
#[derive(Debug)]
pub struct Criterion<'a> {
    pub name: &'a str,
    pub tone: Tone,
    pub word: &'static str,
    /// `19/20 cells`.
    pub over: String,
    /// Comparison → the range of its speed-up.
    pub speedups: Vec<(&'a str, &'a Range)>,
}

impl<'a> Model<'a> {
    #[must_use]
    pub fn of(report: &'a Report) -> Model<'a> {
        let verdict = &report.verdict;
        let green = verdict.negatives.iter().filter(|record| record.ending.is_green()).count();
        Model {
            report,
            headline: headline(report),
            why: why::all(report),
            cost: cost::cost(report),
            noise: verdict.noise.as_ref().map(noise::sentence),
            cells: Section::of(&verdict.cells),
            skips: causes::skips(&verdict.cells),
            negatives: Negatives {
                records: &verdict.negatives,
                tally: format!("{green}/{} failed as foretold", verdict.negatives.len()),
            },
            criteria: verdict.criteria.iter().map(criterion).collect(),
            rehearsed: Section::of(&verdict.rehearsals),
            verdict: verdict_word(report),
            decision: report.decision(),
        }
    }
}

impl<'a> Section<'a> {
    fn of(cells: &'a [CellVerdict]) -> Section<'a> {
        let tables = if cells.is_empty() { Vec::new() } else { grid::tables(cells) };
        Section { tables, reasons: causes::reasons(cells), failing: causes::failing(cells) }
    }
}

fn headline(report: &Report) -> Headline {
    let tally = report.verdict.tally();
    let part = report.part.as_deref().map(|part| format!(", {part}")).unwrap_or_default();
    Headline {
        tone: if report.verdict.green { Tone::Good } else { Tone::Bad },
        title: format!("{}{part}", report.preset),
        tally: format!("{tally} green{}", tally.apart()),
    }
}

fn criterion(result: &CriterionResult) -> Criterion<'_> {
    let CriterionResult { name, status, unit, met, measured, speedups } = result;
    let unit = match unit {
        Unit::Cells => "cells",
        Unit::Wheels => "wheels",
    };
    Criterion {
        name,
        tone: Tone::from(*status),
        word: status.word(),
        over: format!("{met}/{measured} {unit}"),
        speedups: speedups.iter().map(|(name, range)| (name.as_str(), range)).collect(),
    }
}

fn verdict_word(report: &Report) -> &'static str {
    let under_way = report.verdict.tally().under_way > 0;
    match (report.verdict.green, under_way) {
        _ if report.verdict.decision == Decision::None => "none",
        (true, _) => "green",
        (false, true) => "not green yet: the run is at work",
        (false, false) => "not green",
    }
}

/// How many changes of `Cargo.lock` a rehearsed line needs, and the first of them as `written` puts them.
#[must_use]
pub fn moved(all: &[String], written: impl Fn(&String) -> String) -> Option<(String, String)> {
    const NAMED: usize = 12;
    let names: Vec<String> = all.iter().take(NAMED).map(written).collect();
    let more = all.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!(", and {more} more") };
    (!all.is_empty()).then(|| (counted(all.len(), "change"), names.join(", ") + &more))
}
