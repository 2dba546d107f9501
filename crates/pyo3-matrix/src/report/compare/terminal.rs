//! The comparison for a person at a terminal. Pure. Styles are in it as escape codes; the stream that prints it strips them
//! where they do not fit.

use std::fmt::Write as _;

use anstyle::{Effects, Style};
use pyo3_doctor::words::wrapped;

use super::Compared;
use super::model::{Item, Model, Section};
use crate::report::terminal::names;

/// How many changes of one kind are shown; the JSON has all of them.
const ITEMS: usize = 40;

/// Renders the comparison.
#[must_use]
pub fn render(compared: &Compared) -> String {
    let model = Model::of(compared);
    let bold = Style::new().effects(Effects::BOLD);
    let mut text = "\n".to_owned();
    for (letter, run) in &model.runs {
        let _ = writeln!(text, "{}", wrapped(run, &format!("{letter}  "), "   "));
    }
    for Section { tone, title, items } in &model.sections {
        let (style, sign) = (tone.style(), tone.sign());
        let _ = writeln!(text, "\n{title}");
        for item in items.iter().take(ITEMS) {
            text.push_str(&lines(item, &format!("  {style}{sign}{style:#} ")));
        }
        if items.len() > ITEMS {
            let _ = writeln!(text, "  and {} more: see --format json", items.len() - ITEMS);
        }
    }
    let (style, verdict) = (model.tone.style(), &model.verdict);
    // The style is put around the words afterwards, so that it takes no columns.
    let verdict = wrapped(verdict, "", "");
    let _ = writeln!(text, "\n{style}{bold}{verdict}{bold:#}");
    text
}

/// A change with its cells, and what is to be said of it. A name that is too long for a line stays whole.
fn lines(item: &Item, first: &str) -> String {
    let head = format!("{} {}", item.name, item.what);
    let mut text = String::new();
    // The sign's style takes no columns: what stands before the words is four columns wide.
    let head = wrapped(head.trim(), "    ", "      ");
    let _ = writeln!(text, "{first}{}", head.trim_start());
    if !item.cells.is_empty() {
        let _ = writeln!(text, "{}", wrapped(&names(&item.cells), "      in ", "         "));
    }
    for note in &item.notes {
        let _ = writeln!(text, "{}", wrapped(note, "      ", "        "));
    }
    text
}
