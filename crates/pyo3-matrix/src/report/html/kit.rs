//! What did the conformance kit find? Its checks, those first that are not the same and well in every cell.

use maud::{Markup, html};

use crate::report::html::room::{self, cut, within};
use crate::report::html::{class, sign};
use crate::report::model::kit::{KitGrid, Row, tone};
use crate::report::model::numbers::readable;

/// How many bytes of a message are shown.
const MESSAGE: usize = 400;

/// How many cells have a sign of their own.
const SIGNS: usize = 64;

pub fn section(kit: &KitGrid<'_>) -> Markup {
    let (plain, told): (Vec<&Row<'_>>, Vec<&Row<'_>>) = kit.rows.iter().partition(|row| row.is_plain());
    let (shown, left_out) = within(room::KIT, told.into_iter().map(row));
    let (rest, more) = within(room::KIT / 2, plain.iter().map(|row| quiet(row)));
    html! {
        section #kit aria-labelledby="kit-title" {
            h2 #kit-title { "Conformance kit" }
            p.note {
                (kit.rows.len()) " checks in " (kit.cells.len()) @if kit.cells.len() == 1 { " cell" } @else { " cells" }
                ", of " (kit.adapters.join(", "))
            }
            ul.checks { @for row in shown { (row) } }
            (room::left_out(left_out, "checks", "record.json"))
            @if !plain.is_empty() {
                details.rows { summary { span { (plain.len()) " checks are the same, and well, in every cell" } }
                    ul.checks.columns { @for row in rest { (row) } }
                    (room::left_out(more, "checks", "record.json"))
                }
            }
        }
    }
}

/// A check, how it ended in each cell, and what it says.
fn row(row: &Row<'_>) -> Markup {
    html! {
        li {
            p { (sign(row.tone())) code { (readable(row.id)) } span.level { (row.level) } span.over { (row.tally) } }
            @if !row.holds.is_empty() { p.holds { (readable(row.holds)) } }
            @if (2..=SIGNS).contains(&row.outcomes.len()) {
                p.strip aria-hidden="true" {
                    @for outcome in &row.outcomes {
                        @match outcome {
                            Some(outcome) => { i.(class(tone(outcome))) { (tone(outcome).sign()) } }
                            None => { i {} }
                        }
                    }
                }
            }
            @if !row.said.is_empty() { p.message { (cut(row.said, MESSAGE)) } }
        }
    }
}

fn quiet(row: &Row<'_>) -> Markup {
    let outcome = row.outcomes.first().copied().flatten().unwrap_or_default();
    html! {
        li { p { (sign(row.tone())) code { (readable(row.id)) } @if outcome != "passed" { span.over { (outcome) } } } }
    }
}
