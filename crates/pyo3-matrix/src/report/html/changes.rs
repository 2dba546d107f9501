//! What is different in a second run, on a page? The comparison of two runs, in its own words.

use maud::{Markup, html};

use crate::model::program;
use crate::report::compare::Compared;
use crate::report::compare::model::{Item, Model, Section};
use crate::report::html::room::{self, cut, within};
use crate::report::html::sign;
use crate::report::model::numbers::readable;
use crate::report::tone::Tone;

/// What the changes of one kind may take, in bytes; how many of its cells a change names, and how much of its notes is shown.
const ROOM: usize = 40 * 1024;
const NAMED: usize = 8;
const NOTE: usize = 400;

/// What is different from an earlier run.
pub fn since(compared: &Compared) -> Markup {
    let Compared { before, after, .. } = compared;
    let all = format!("{} compare {} {}", program::command(), before.run, after.run);
    html! {
        section #since aria-labelledby="since-title" {
            h2 #since-title { "Since the run before" }
            p.note {
                "run " (readable(&before.run)) ", " (readable(&before.preset))
                @if !before.started.is_empty() { ", begun " time datetime=(before.started) { (readable(&before.started)) } }
                @if let Some(commit) = &before.origin.commit { ", commit " (commit) }
            }
            (changes(compared, &all))
        }
    }
}

/// What became worse in one line, and each change. `all` is where the rest stands: a file, or a command.
pub fn changes(compared: &Compared, all: &str) -> Markup {
    let model = Model::of(compared);
    let (quiet, told): (Vec<&Section>, Vec<&Section>) =
        model.sections.iter().partition(|section| section.tone == Tone::Skipped);
    html! {
        p.sum { (sign(model.tone)) (model.verdict) }
        @for section in told { h3 { (sign(section.tone)) (section.title) } (items(section, all)) }
        @for section in quiet {
            details.rows { summary { (section.title) span.over { (section.items.len()) } } (items(section, all)) }
        }
    }
}

fn items(section: &Section, all: &str) -> Markup {
    let (shown, left_out) = within(ROOM, section.items.iter().map(item));
    html! {
        ul.plain.changes { @for item in shown { (item) } }
        (room::left_out(left_out, "changes", all))
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
