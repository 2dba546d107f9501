//! What changed since the run before? The comparison of the newest two runs, in its own words.

use maud::{Markup, html};

use crate::report::compare::Compared;
use crate::report::compare::model::{Item, Model, Section};
use crate::report::history::History;
use crate::report::html::room::{self, cut, within};
use crate::report::html::sign;
use crate::report::model::numbers::readable;
use crate::report::tone::Tone;

/// What the changes of one kind may take, in bytes; how many of its cells a change names, and how much of its notes is shown.
const ROOM: usize = 40 * 1024;
const NAMED: usize = 8;
const NOTE: usize = 400;

pub fn section(history: &History) -> Markup {
    let before = history.runs.len().checked_sub(2).map(|at| &history.runs[at]);
    html! {
        @if let Some(before) = before {
            section #changed aria-labelledby="changed-title" {
                h2 #changed-title { "Since the run before, " (readable(&before.name())) }
                @match history.changed() {
                    Some(compared) => (changes(&compared)),
                    None => p.note { "What changed is not known: the history has no report of that run." },
                }
            }
        }
    }
}

fn changes(compared: &Compared) -> Markup {
    let model = Model::of(compared);
    let (quiet, told): (Vec<&Section>, Vec<&Section>) =
        model.sections.iter().partition(|section| section.tone == Tone::Skipped);
    html! {
        p.sum { (sign(model.tone)) (model.verdict) }
        @for section in told { h3 { (sign(section.tone)) (section.title) } (items(section)) }
        @for section in quiet {
            details.rows { summary { (section.title) span.over { (section.items.len()) } } (items(section)) }
        }
    }
}

fn items(section: &Section) -> Markup {
    let (shown, left_out) = within(ROOM, section.items.iter().map(item));
    html! {
        ul.plain.changes { @for item in shown { (item) } }
        (room::left_out(left_out, "changes", "history.json"))
    }
}

fn item(item: &Item) -> Markup {
    let more = item.cells.len().saturating_sub(NAMED);
    html! {
        li {
            p { @if !item.name.is_empty() { code { (readable(&item.name)) } " " } (readable(&item.what)) }
            @if !item.cells.is_empty() {
                p.where { "in "
                    @for (at, cell) in item.cells.iter().take(NAMED).enumerate() { @if at > 0 { ", " } code { (cell) } }
                    @if more > 0 { " and " (more) " more" }
                }
            }
            @for note in &item.notes { p.message { (cut(note, NOTE)) } }
        }
    }
}
