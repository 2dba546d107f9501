//! How the bridge handles the GIL: what the conformance kit's checks of it say over all cells.

use std::fmt::Write as _;

use super::line;
use crate::model::record::Record;
use crate::report::markdown::plain;
use crate::report::model::kit::{self, Row};
use crate::report::tone::Tone;

/// The checks that look at the GIL, at the loop's thread, and at Python code that runs from the other side.
pub(super) const GIL: [&str; 14] = [
    "core/gil-free-while-waiting",
    "core/loop-free-while-waiting",
    "core/work-runs-at-once",
    "core/answers-take-the-gil-shortly",
    "core/answers-come-beside-busy-threads",
    "core/same-call-from-many-threads",
    "core/loop-in-a-thread",
    "core/two-loops-at-once",
    "core/called-function-calls-back",
    "core/finaliser-calls-back",
    "core/finaliser-waits-while-rows-are-made",
    "core/exit-beside-a-daemon-thread",
    "core/exit-with-finalisers-that-ask",
    "core/gil-stays-off",
];

pub fn section(records: &[&Record]) -> String {
    let title = "## GIL handling\n\n";
    let Some(grid) = kit::grid(records.iter().copied()) else {
        return format!(
            "{title}Not looked at: the conformance kit did not run (`[suite] kit` in `matrix.toml`).\n"
        );
    };
    let looked: Vec<&Row<'_>> = grid.rows.iter().filter(|row| GIL.contains(&row.id)).collect();
    let (works, rest): (Vec<&Row<'_>>, Vec<&Row<'_>>) = looked
        .into_iter()
        .filter(|row| row.tone() != Tone::Skipped)
        .partition(|row| row.tone() == Tone::Good);
    let mut text = title.to_owned();
    list(&mut text, "What works, in every cell where it could be asked:", &works);
    list(&mut text, "What does not:", &rest);
    if works.is_empty() && rest.is_empty() {
        text.push_str("Not looked at: in these cells the kit's checks of the GIL were not applicable.\n");
    }
    let _ = writeln!(text, "By the conformance kit, over {}.", plain(&grid.adapters.join(", ")));
    text
}

fn list(text: &mut String, title: &str, rows: &[&Row<'_>]) {
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(text, "{title}\n");
    for row in rows {
        let _ = writeln!(text, "- {}", told(row));
    }
    text.push('\n');
}

/// A check in one line: what should hold, and in how many cells it did. Records of older kits do not say what it is.
pub(super) fn told(row: &Row<'_>) -> String {
    let counted = if row.holds.is_empty() {
        format!("{}: {}", plain(row.id), row.tally)
    } else {
        format!("{} ({}: {})", plain(row.holds), plain(row.id), row.tally)
    };
    let quiet = row.said.is_empty() || row.tone() == Tone::Good;
    let said = if quiet { String::new() } else { format!(" · {}", plain(&line(row.said))) };
    format!("{} {counted}{said}", row.tone().emoji())
}
