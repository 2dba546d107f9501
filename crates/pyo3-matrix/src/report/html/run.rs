//! What was this run? Rehearsed upgrades, the runs that it was merged from, its time, and what made the page.

use maud::{Markup, html};

use crate::model::ledger::Ledger;
use crate::model::rehearsal::Rehearsal;
use crate::report::causes::because;
use crate::report::html::room::cut;
use crate::report::model::numbers::seconds;
use crate::report::model::{Model, moved};
use crate::store::merge::Merged;

/// How many bytes of an obstacle are shown, and how many runs and contested cells.
const MESSAGE: usize = 600;
const ROWS: usize = 200;

pub fn section(model: &Model<'_>) -> Markup {
    let report = model.report;
    html! {
        @if !report.rehearsals.is_empty() {
            section {
                h2 { "What an upgrade takes" }
                @for rehearsal in &report.rehearsals { (self::rehearsal(rehearsal)) }
            }
        }
        @if let Some(merged) = &report.merged { (self::merged(merged)) }
        @if let Some(ledger) = &report.ledger { (time(ledger, report.merged.is_some())) }
    }
}

/// What one line takes.
fn rehearsal(rehearsal: &Rehearsal) -> Markup {
    let Rehearsal { line, edits, moved: changes, obstacles, .. } = rehearsal;
    html! {
        h3 { "PyO3 " (line) }
        ul.plain {
            @for edit in edits { li { code { (edit) } } }
            @if edits.is_empty() && changes.is_empty() { li { "nothing that could be found out" } }
            @if let Some((count, names)) = moved(changes, String::clone) { li { (count) " in Cargo.lock: " (names) } }
            @for obstacle in obstacles { li { "in the way: " (cut(obstacle, MESSAGE)) } }
        }
    }
}

fn merged(merged: &Merged) -> Markup {
    html! {
        section {
            h2 { "Merged from " (merged.runs.len()) " runs" }
            ul.plain {
                @for contested in merged.contested.iter().take(ROWS) {
                    li {
                        a href=(format!("#{}", contested.cell)) { (contested.cell) } ": "
                        strong { (contested.outcome) } " in " code { (contested.counts) } ", "
                        (contested.other_outcome) " in " code { (contested.passed_over) }
                        "; the first counts, since " (because(contested.why))
                    }
                }
            }
            details.rows { summary { "The runs" }
                ul.plain { @for source in merged.runs.iter().take(ROWS) {
                    li {
                        code { (source.run) } @if let Some(part) = &source.part { ", " (part) }
                        ": " (source.cells) " of its records count"
                    }
                } }
            }
        }
    }
}

fn time(ledger: &Ledger, added_up: bool) -> Markup {
    let phases: Vec<_> = ledger.phases.iter().filter(|phase| phase.wall >= 0.05).collect();
    html! {
        section {
            h2 { "Time" }
            p.note {
                strong { (seconds(ledger.wall)) } @if added_up { ", all runs added up" }
                "; the harness's own share is " (seconds(ledger.harness)) "; "
                (ledger.wheels_built) " wheels built, " (ledger.wheels_kept) " kept"
            }
            dl.facts { @for phase in phases { div { dt { (phase.name) } dd { (seconds(phase.wall)) } } } }
            @if !ledger.found.is_empty() {
                details.rows { summary { "What was found where" }
                    ul.plain { @for line in &ledger.found { li { code { (line) } } } }
                }
            }
        }
    }
}

pub fn footer(model: &Model<'_>) -> Markup {
    html! {
        footer {
            p {
                "Made by pyo3-matrix " (env!("CARGO_PKG_VERSION")) " from the records of run " code { (model.report.run) }
                ". The same as data: " code { "report.json" } ", " code { "junit.xml" } "."
            }
        }
    }
}
