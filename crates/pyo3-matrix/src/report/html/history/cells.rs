//! How did each cell go? Strips of outcomes, one for all cells that went alike, and the numbers of each cell.

use maud::{Markup, html};

use super::strip;
use crate::model::cell::CellId;
use crate::report::history::spread::{self, Row, Spread, Spreads};
use crate::report::history::trend::{self, Group};
use crate::report::history::{Ended, History};
use crate::report::html::room::{self, within};
use crate::report::html::sign;
use crate::report::model::numbers::{bytes, factor, readable};
use crate::report::tone::Tone;
use pyo3_doctor::words::counted;

/// What the strips, the names of folded cells and the numbers may take, in bytes.
const STRIPS: usize = 400 * 1024;
const NAMES: usize = 60 * 1024;
const NUMBERS: usize = 240 * 1024;

/// How many cells of a strip are named before the others are folded.
const NAMED: usize = 4;

/// How many stretches of a strip are told in words, the newest ones.
const TOLD: usize = 4;

pub fn section(history: &History) -> Markup {
    let groups = trend::cells(history);
    let (steady, moved): (Vec<&Group<'_>>, Vec<&Group<'_>>) =
        groups.iter().partition(|group| matches!(group.always, Some(Ended::Passed | Ended::Skipped)));
    let folded = |ended, what| folded(&steady, ended, what);
    let left_out = |shown: usize| moved[shown..].iter().map(|group| group.cells.len()).sum();
    let (shown, _) = within(STRIPS, moved.iter().map(|group| self::group(group, history)));
    html! {
        section #cells aria-labelledby="cells-title" {
            h2 #cells-title { "Cells" }
            ul.trends { @for group in &shown { (group) } }
            (room::left_out(left_out(shown.len()), "cells", "history.json"))
            (folded(Ended::Passed, "passed in every run that has them"))
            (folded(Ended::Skipped, "skipped in every run that has them"))
        }
    }
}

/// Cells that went alike.
fn group(group: &Group<'_>, history: &History) -> Markup {
    let (named, others) = group.cells.split_at(group.cells.len().min(NAMED));
    let untold = group.stretches.len().saturating_sub(TOLD);
    html! {
        li {
            p.criterion {
                (sign(group.newest.map_or(Tone::Skipped, Ended::tone)))
                span.name { (names(named)) @if !others.is_empty() { " and " (others.len()) " more" } }
                span.word { (group.newest.map_or("not in the newest run", Ended::word)) }
                span.over { "not green in " (group.red) " of " (counted(group.runs, "run")) }
            }
            (strip(&counted(group.cells.len(), "cell"), &group.stretches, history))
            @if !others.is_empty() { details.rows { summary { span { "The others" } } p.names { (names(others)) } } }
            p.message {
                @for (at, stretch) in group.stretches.iter().rev().take(TOLD).enumerate() {
                    @if at > 0 { "; " } (readable(&stretch.said))
                }
                @if untold > 0 { "; and " (untold) " stretches before" }
            }
        }
    }
}

/// The cells that always ended in this way, of which no strip would say more.
fn folded(steady: &[&Group<'_>], ended: Ended, what: &str) -> Markup {
    let cells = steady.iter().filter(|group| group.always == Some(ended)).flat_map(|group| &group.cells);
    let cells: Vec<&CellId> = cells.copied().collect();
    let (shown, left_out) = within(NAMES, cells.iter().map(|cell| html! { li { code { (cell) } } }));
    html! {
        @if !cells.is_empty() {
            details.rows {
                summary { (sign(ended.tone())) span { (counted(cells.len(), "cell")) " " (what) } }
                ul.plain.columns { @for cell in shown { (cell) } }
                (room::left_out(left_out, "cells", "history.json"))
            }
        }
    }
}

fn names(cells: &[&CellId]) -> Markup {
    html! { @for (at, cell) in cells.iter().enumerate() { @if at > 0 { ", " } code { (cell) } } }
}

/// The speed-ups and the steepest slope of each cell, each with its range over the runs.
pub fn numbers(history: &History) -> Markup {
    let Spreads { comparisons, rows } = spread::spreads(history);
    let (shown, left_out) = within(NUMBERS, rows.iter().map(row));
    html! {
        @if !rows.is_empty() {
            section #numbers aria-labelledby="numbers-title" {
                h2 #numbers-title { "Numbers of each cell" }
                details.rows {
                    summary { span { "Speed-ups and memory: the newest, and the lowest to the highest over the runs" } }
                    div.table role="region" tabindex="0" aria-label="Table of the numbers" {
                        table.list {
                            thead { tr {
                                th scope="col" { "cell" }
                                @for comparison in &comparisons { th scope="col" { (readable(comparison)) } }
                                th scope="col" { "memory, in 1,000 operations" }
                            } }
                            tbody { @for row in shown { (row) } }
                        }
                    }
                    (room::left_out(left_out, "cells", "history.json"))
                }
            }
        }
    }
}

fn row(row: &Row<'_>) -> Markup {
    let number = |spread: &Option<Spread>, told: fn(f64) -> String| {
        html! {
            td { @match spread {
                Some(Spread { newest, low, high }) => {
                    (told(*newest)) @if low < high { span.of { (told(*low)) " to " (told(*high)) } }
                },
                None => "–",
            } }
        }
    };
    html! {
        tr {
            th scope="row" { code { (row.cell) } }
            @for speedup in &row.speedups { (number(speedup, factor)) }
            (number(&row.slope, bytes))
        }
    }
}
