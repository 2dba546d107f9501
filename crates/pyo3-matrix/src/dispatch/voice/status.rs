//! When and how is it shown that something is still at work? On a terminal by one line that is written again and again, in a
//! log by a line now and then. Pure: what is to be written out.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long a log is silent about something that is at work.
const SILENCE: Duration = Duration::from_secs(30);

/// Takes the line away that the cursor stands in.
const ERASE: &str = "\r\x1b[2K";

/// The line that stands on the terminal for a while, and what a log was told when.
#[derive(Debug, Default)]
pub struct Status {
    is_shown: bool,
    told: BTreeMap<String, Instant>,
}

impl Status {
    pub const fn new() -> Self {
        Status { is_shown: false, told: BTreeMap::new() }
    }

    /// What to write so that `line` stands on a terminal of so many columns instead of the last one.
    pub fn shown(&mut self, line: &str, columns: usize) -> String {
        self.is_shown = true;
        // A line that reached the end would become two, of which only one can be taken away.
        let line: String = line.chars().take(columns.saturating_sub(1)).collect();
        format!("{ERASE}{line}")
    }

    /// What to write before any other line.
    pub fn taken_away(&mut self) -> &'static str {
        if std::mem::take(&mut self.is_shown) { ERASE } else { "" }
    }

    /// Whether a log is told now how far the work called `name` is. Work that ends soon is never told of.
    pub fn is_due(&mut self, name: &str, now: Instant) -> bool {
        let told = self.told.entry(name.to_owned()).or_insert(now);
        let is_due = now.duration_since(*told) >= SILENCE;
        if is_due {
            *told = now;
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_replaces_the_last_one_and_is_taken_away_once() {
        let mut status = Status::new();
        assert_eq!(status.taken_away(), "");
        assert_eq!(status.shown("building x: crate 1 of 2 (a)", 80), "\r\x1b[2Kbuilding x: crate 1 of 2 (a)");
        assert_eq!(status.shown("building x", 6), "\r\x1b[2Kbuild");
        assert_eq!((status.taken_away(), status.taken_away()), ("\r\x1b[2K", ""));
    }

    #[test]
    fn a_log_is_told_every_half_minute_of_each_work() {
        let (mut status, begun) = (Status::new(), Instant::now());
        let mut due = |name: &str, second| status.is_due(name, begun + Duration::from_secs(second));
        let first: Vec<bool> = [0, 1, 29, 30, 31, 59, 60].map(|second| due("a", second)).into();
        assert_eq!(first, [false, false, false, true, false, false, true]);
        assert_eq!([due("b", 60), due("b", 89), due("b", 90)], [false, false, true]);
    }
}
