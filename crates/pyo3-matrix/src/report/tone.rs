//! How is something? One of a few tones, with a sign for a terminal, a sign that has a colour of its own, and a colour.

use anstyle::{AnsiColor, Style};

use crate::model::record::Outcome;
use crate::verdict::criterion::Status;

/// How a cell, a criterion or a whole run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Good,
    Bad,
    /// It came and went.
    Flaky,
    /// It was measured, and not decided.
    Undecided,
    /// There is no measurement of it.
    Unmeasured,
    Skipped,
    Stopped,
    UnderWay,
}

impl Tone {
    /// For a terminal, where the colour comes from the style; empty where a word says it all.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Tone::Good => "✔",
            Tone::Bad => "✘",
            Tone::Flaky => "~",
            Tone::Undecided => "?",
            Tone::Unmeasured | Tone::Skipped => "-",
            Tone::Stopped => "",
            Tone::UnderWay => "…",
        }
    }

    /// For Markdown, which has no colours.
    #[must_use]
    pub fn emoji(self) -> &'static str {
        match self {
            Tone::Good => "✅",
            Tone::Bad => "❌",
            Tone::Flaky => "⚠️",
            Tone::Undecided => "❔",
            Tone::Unmeasured => "➖",
            Tone::Skipped => "⏭️",
            Tone::Stopped => "⏹️",
            Tone::UnderWay => "⏳",
        }
    }

    #[must_use]
    pub fn style(self) -> Style {
        let color = match self {
            Tone::Good => AnsiColor::Green,
            Tone::Bad => AnsiColor::Red,
            _ => AnsiColor::Yellow,
        };
        color.on_default()
    }
}

impl From<&Outcome> for Tone {
    fn from(outcome: &Outcome) -> Tone {
        match outcome {
            Outcome::Passed => Tone::Good,
            Outcome::Flaky => Tone::Flaky,
            Outcome::Skipped { .. } => Tone::Skipped,
            Outcome::Interrupted => Tone::Stopped,
            Outcome::UnderWay => Tone::UnderWay,
            Outcome::TestsFailed
            | Outcome::Crashed { .. }
            | Outcome::Hung
            | Outcome::BuildFailed
            | Outcome::ProvisionFailed
            | Outcome::Mismatch
            | Outcome::Lost => Tone::Bad,
        }
    }
}

impl From<Status> for Tone {
    fn from(status: Status) -> Tone {
        match status {
            Status::Met => Tone::Good,
            Status::Missed => Tone::Bad,
            Status::Undecided => Tone::Undecided,
            Status::NotMeasured => Tone::Unmeasured,
        }
    }
}
