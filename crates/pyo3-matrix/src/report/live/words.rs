//! How is it said what goes on? One thing in, one line out.

use std::fmt::Write as _;
use std::time::Duration;

use super::Bar;
use crate::model::cell::CellId;
use crate::model::event::{Phase, Stage};
use crate::report::tone::Tone;

/// A bar is no longer than this, and no shorter than that.
const LONGEST: usize = 30;
const SHORTEST: usize = 4;

/// Some work, and for how long it has been going on, which stays where the room ends the words.
pub fn line(words: &str, spent: Duration, columns: usize) -> String {
    let spent = format!(", {} s", spent.as_secs());
    let room = columns.saturating_sub(spent.len());
    if words.chars().count() <= room {
        return format!("{words}{spent}");
    }
    cut(&format!("{}…{spent}", cut(words, room.saturating_sub(1))), columns)
}

/// How many works there is no room for.
pub fn more(count: usize, columns: usize) -> String {
    cut(&format!("and {count} more"), columns)
}

/// A cell that must not build, while it is tried.
pub fn negative(id: &str) -> String {
    format!("building {id}, which must fail")
}

/// What goes on in a phase where nothing else says it.
pub fn phase(phase: Phase) -> Option<&'static str> {
    match phase {
        Phase::Provision => Some("looking for interpreters and services"),
        Phase::Wheels => Some("preparing environments and wheels"),
        Phase::Negatives { .. } | Phase::Cells { .. } | Phase::Benchmarks { .. } => None,
    }
}

/// A cell that is under way.
pub fn cell(cell: &CellId, stage: Stage) -> String {
    let stage = match stage {
        Stage::Preparing => "prepares",
        Stage::Testing => "tests",
        Stage::Measuring => "measures",
        Stage::Judging => "is judged",
    };
    format!("{cell} {stage}")
}

/// What is left of a run, no more exact than it is known.
pub fn left(seconds: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of seconds, not below 0"
    )]
    let seconds = seconds.max(0.0) as u64;
    let rounded = |to: u64| (seconds + to / 2) / to;
    match seconds {
        ..60 => "under a minute left".to_owned(),
        60..570 => format!("about {} min left", rounded(60)),
        570..3300 => format!("about {} min left", rounded(300) * 5),
        _ => match rounded(1800).max(2) {
            halves if halves % 2 == 0 => format!("about {} h left", halves / 2),
            halves => format!("about {}.5 h left", halves / 2),
        },
    }
}

/// The last line: `12/40 cells, 11 green, 1 red, about 4 min left`, with as much of a bar as there is room for.
pub fn bar(
    (done, of): (usize, usize),
    verb: &str,
    tones: &[Tone],
    left: Option<&str>,
    columns: usize,
) -> Bar {
    let mut words = format!("{done}/{of} cell{}{verb}", if of == 1 { "" } else { "s" });
    for (tone, word) in
        [(Tone::Good, "green"), (Tone::Bad, "red"), (Tone::Flaky, "flaky"), (Tone::Skipped, "skipped")]
    {
        let (count, style) = (tones.iter().filter(|other| **other == tone).count(), tone.style());
        if count > 0 {
            let _ = write!(words, ", {style}{count} {word}{style:#}");
        }
    }
    if let Some(left) = left {
        let _ = write!(words, ", {left}");
    }
    let plain = anstream::adapter::strip_str(&words).to_string();
    // Two brackets and a blank.
    let room = columns.saturating_sub(plain.len() + 3).min(LONGEST);
    if plain.len() > columns {
        words = cut(&plain, columns);
    }
    Bar { done, of, columns: if room < SHORTEST { 0 } else { room }, words }
}

/// As much of a line without colours as there is room for.
fn cut(line: &str, columns: usize) -> String {
    line.chars().take(columns).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_said_in_few_steps() {
        let said =
            [0.0, 59.0, 60.0, 89.0, 91.0, 569.0, 570.0, 760.0, 3299.0, 3300.0, 5400.0, 7300.0].map(left);
        let expected = [
            "under a minute left",
            "under a minute left",
            "about 1 min left",
            "about 1 min left",
            "about 2 min left",
            "about 9 min left",
            "about 10 min left",
            "about 15 min left",
            "about 55 min left",
            "about 1 h left",
            "about 1.5 h left",
            "about 2 h left",
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn a_bar_takes_the_room_that_its_words_leave_and_no_line_is_wider_than_it() {
        let mut tones = vec![Tone::Good; 11];
        tones.push(Tone::Bad);
        let at = |columns| bar((12, 40), "", &tones, Some("about 4 min left"), columns);
        let plain = |bar: &Bar| anstream::adapter::strip_str(&bar.words).to_string();
        let words = "12/40 cells, 11 green, 1 red, about 4 min left";
        let found = [117, 77, 57, 50].map(|columns| (at(columns).columns, plain(&at(columns))));
        let expected = [30, 28, 8, 0].map(|bar| (bar, words.to_owned()));
        assert_eq!(found, expected);
        assert!(at(57).words.contains("\u{1b}[32m11 green\u{1b}[0m"), "{:?}", at(57).words);
        assert_eq!(at(20), Bar { done: 12, of: 40, columns: 0, words: "12/40 cells, 11 gree".into() });
    }

    #[test]
    fn a_line_that_is_too_long_keeps_its_seconds() {
        let at = |columns| line("fetching Python 3.12", Duration::from_secs(12), columns);
        let expected = ["fetching Python 3.12, 12 s", "fetching Python 3.…, 12 s", "fe…, 12 s", "…, 1"];
        assert_eq!([26, 25, 9, 4].map(at), expected);
    }

    #[test]
    fn of_one_cell_the_noun_is_single_and_what_is_not_there_is_not_counted() {
        assert_eq!(bar((0, 1), " measured", &[], None, 77).words, "0/1 cell measured");
    }
}
