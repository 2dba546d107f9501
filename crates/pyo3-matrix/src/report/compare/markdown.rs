//! The comparison for a pull request. Pure. What a test said goes in escaped, and the whole stays below what GitHub takes for a
//! comment.

use std::fmt::Write as _;

use super::Compared;
use super::model::{Item, Model, Section};
use crate::report::markdown::{code, names, plain, shortened};

/// What GitHub takes for a comment is 65,536 characters; the rest is for the end of a section.
const ROOM: usize = 60_000;

/// How many characters of a name or a note are shown.
const CHARACTERS: usize = 300;

/// Renders the comparison.
#[must_use]
pub fn render(compared: &Compared) -> String {
    let model = Model::of(compared);
    let mut text = format!("## {} {}\n\n", model.tone.emoji(), plain(&model.verdict));
    for (letter, run) in &model.runs {
        let _ = writeln!(text, "- **{letter}**: {}", plain(run));
    }
    text.push('\n');
    for Section { tone, title, items } in &model.sections {
        let title = format!("### {} {}\n\n", tone.emoji(), capital(&plain(title)));
        text.push_str(&title);
        within(&mut text, items);
        text.push('\n');
    }
    text
}

/// Adds what there is room for, and says how many changes are left out.
fn within(text: &mut String, items: &[Item]) {
    for (at, item) in items.iter().enumerate() {
        let lines = lines(item);
        if text.len() + lines.len() > ROOM {
            let _ = writeln!(text, "\n_{} more: see `--format json`_", items.len() - at);
            return;
        }
        text.push_str(&lines);
    }
}

fn lines(item: &Item) -> String {
    let name = Some(item.name.as_str()).filter(|name| !name.is_empty());
    let name = name.map(|name| code(&shortened(name, CHARACTERS)) + " ").unwrap_or_default();
    let cells = if item.cells.is_empty() { String::new() } else { format!(" in {}", names(&item.cells)) };
    let mut text = format!("- {}{cells}\n", format!("{name}{}", plain(&item.what)).trim_end());
    for note in &item.notes {
        let _ = writeln!(text, "  - {}", plain(&shortened(note, CHARACTERS)));
    }
    text
}

fn capital(title: &str) -> String {
    let mut letters = title.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
