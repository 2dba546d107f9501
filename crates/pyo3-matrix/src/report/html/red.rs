//! What is wrong, and what was not looked at? Reasons, failing tests, skips and cells that must not build, each once.

use maud::{Markup, html};

use crate::model::cell::CellId;
use crate::model::negative::NegativeRecord;
use crate::model::program;
use crate::report::Report;
use crate::report::causes::{Failing, Reason, Skip};
use crate::report::html::room::{self, cut, within};
use crate::report::html::sign;
use crate::report::model::numbers::readable;
use crate::report::model::{Model, Negatives, Section};
use crate::report::tone::Tone;

/// How many bytes of one reason are shown, and how many cells are named at once.
const REASON: usize = 4000;
const MESSAGE: usize = 300;
const NAMED: usize = 6;

pub fn section(model: &Model<'_>) -> Markup {
    html! {
        (wrong(&model.cells, "What is wrong", model.report))
        (wrong(&model.rehearsed, "What is wrong with the rehearsals", model.report))
        (skipped(&model.skips))
        (negatives(&model.negatives))
    }
}

fn wrong(section: &Section<'_>, title: &str, report: &Report) -> Markup {
    let (reasons, more_reasons) =
        within(room::RED / 2, section.reasons.iter().map(|found| reason(found, report)));
    let (tests, more_tests) = within(room::RED / 2, section.failing.iter().map(failing));
    html! {
        @if !reasons.is_empty() || !tests.is_empty() {
            section {
                h2 { (title) }
                @if !tests.is_empty() {
                    h3 { "Failing tests" }
                    ul.failing { @for test in tests { (test) } }
                    (room::left_out(more_tests, "failing tests", "report.json"))
                }
                @if !reasons.is_empty() {
                    h3 { "How cells ended" }
                    @for reason in reasons { (reason) }
                    (room::left_out(more_reasons, "reasons", "report.json"))
                }
            }
        }
    }
}

fn reason(reason: &Reason<'_>, report: &Report) -> Markup {
    let Reason { outcome, text, cells } = reason;
    html! {
        div.reason {
            p { (sign(Tone::from(*outcome))) strong { (outcome) } " " (names(cells)) }
            pre tabindex="0" { (cut(text, REASON)) }
            @if let Some(cell) = reason.again() {
                p.again {
                    "again: " code { (report.again(cell)) } "; " code { (program::command()) " repro " (cell) }
                    " says how in Docker and Nix"
                }
            }
        }
    }
}

fn failing(failing: &Failing<'_>) -> Markup {
    html! {
        li {
            p { code.test { (readable(&cut(failing.test, MESSAGE))) } }
            p.message { (cut(failing.message, MESSAGE)) }
            p.where { "in " (names(&failing.cells)) }
        }
    }
}

fn skipped(skips: &[Skip<'_>]) -> Markup {
    let one = |skip: &Skip<'_>| {
        html! {
            details {
                summary {
                    span { (cut(skip.reason(), MESSAGE)) }
                    span.over {
                        (skip.tests.len()) @if skip.tests.len() == 1 { " test in " } @else { " tests in " }
                        (skip.cells.len()) @if skip.cells.len() == 1 { " cell" } @else { " cells" }
                    }
                }
                ul.tests { @for test in &skip.tests { li { code { (cut(test, MESSAGE)) } } } }
                p.where { "in " (names(&skip.cells)) }
            }
        }
    };
    let (shown, left_out) = within(room::RED / 2, skips.iter().map(one));
    html! {
        @if !skips.is_empty() {
            section #skips aria-labelledby="skips-title" {
                h2 #skips-title { "Skipped, or expected to fail" }
                div.rows { @for skip in shown { (skip) } }
                (room::left_out(left_out, "reasons", "report.json"))
            }
        }
    }
}

fn negatives(negatives: &Negatives<'_>) -> Markup {
    let one = |record: &NegativeRecord| {
        let tone = if record.ending.is_green() { Tone::Good } else { Tone::Bad };
        html! {
            li {
                p { (sign(tone)) code { (record.id) } }
                @for said in record.reason.iter().chain(&record.said) { p.message { (cut(said, MESSAGE)) } }
            }
        }
    };
    let (shown, left_out) = within(room::RED / 4, negatives.records.iter().map(one));
    html! {
        @if !negatives.records.is_empty() {
            section {
                h2 { "Cells that must not build: " (negatives.tally) }
                ul.failing { @for negative in shown { (negative) } }
                (room::left_out(left_out, "such cells", "report.json"))
            }
        }
    }
}

/// Cells by name, each with a link to its section, and how many more.
pub fn names(cells: &[CellId]) -> Markup {
    html! {
        @for (at, cell) in cells.iter().take(NAMED).enumerate() {
            @if at > 0 { ", " }
            a href=(format!("#{cell}")) { (cell) }
        }
        @if cells.len() > NAMED { " and " (cells.len() - NAMED) " more" }
    }
}
