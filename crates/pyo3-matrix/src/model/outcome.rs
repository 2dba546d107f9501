//! How can a cell end? A closed enum: a new way to end is a new variant, and the compiler names every place that must know.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a cell ended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Outcome {
    Passed,
    /// Its tests failed, and passed when they ran again on the same sources.
    Flaky,
    TestsFailed,
    /// The test process was ended by a signal, such as `SIGSEGV`.
    Crashed {
        signal: String,
    },
    /// The wall clock outside the cell ran out.
    Hung,
    BuildFailed,
    ProvisionFailed,
    /// Observed is not requested.
    Mismatch,
    Skipped {
        reason: String,
    },
    /// The cell was planned, and says nothing of the extension: it has no record, or its tests failed and something else had
    /// removed its database.
    Lost,
    /// The run was told to stop before the end of this cell. Never recorded.
    Interrupted,
    /// The run is at work, and has not come to the end of this cell. Never recorded.
    UnderWay,
}

impl Outcome {
    /// Whether a cell that ended so keeps the verdict green. A flaky one does only where `matrix.toml` says so, which is
    /// for the verdict to know.
    #[must_use]
    pub fn is_green(&self) -> bool {
        match self {
            Outcome::Passed | Outcome::Skipped { .. } => true,
            Outcome::Flaky
            | Outcome::TestsFailed
            | Outcome::Crashed { .. }
            | Outcome::Hung
            | Outcome::BuildFailed
            | Outcome::ProvisionFailed
            | Outcome::Mismatch
            | Outcome::Lost
            | Outcome::Interrupted
            | Outcome::UnderWay => false,
        }
    }

    /// Whether it says more than that tests failed: the harness saw something that no test tells of.
    #[must_use]
    pub fn is_error(&self) -> bool {
        !matches!(self, Outcome::TestsFailed | Outcome::Flaky | Outcome::UnderWay) && !self.is_green()
    }

    /// Whether the cell's tests were started, so that its record says something about the extension.
    #[must_use]
    pub fn is_judged(&self) -> bool {
        match self {
            Outcome::Passed
            | Outcome::Flaky
            | Outcome::TestsFailed
            | Outcome::Crashed { .. }
            | Outcome::Hung
            | Outcome::Mismatch => true,
            Outcome::BuildFailed
            | Outcome::ProvisionFailed
            | Outcome::Skipped { .. }
            | Outcome::Lost
            | Outcome::Interrupted
            | Outcome::UnderWay => false,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Passed => f.write_str("passed"),
            Outcome::Flaky => f.write_str("flaky"),
            Outcome::TestsFailed => f.write_str("tests failed"),
            Outcome::Crashed { signal } => write!(f, "crashed ({signal})"),
            Outcome::Hung => f.write_str("hung"),
            Outcome::BuildFailed => f.write_str("build failed"),
            Outcome::ProvisionFailed => f.write_str("provision failed"),
            Outcome::Mismatch => f.write_str("mismatch"),
            Outcome::Skipped { .. } => f.write_str("skipped"),
            Outcome::Lost => f.write_str("lost"),
            Outcome::Interrupted => f.write_str("interrupted"),
            Outcome::UnderWay => f.write_str("under way"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_end_has_its_colour_its_word_and_whether_tests_were_started() {
        let crashed = Outcome::Crashed { signal: "SIGSEGV".into() };
        let skipped = Outcome::Skipped { reason: "why".into() };
        for (outcome, green, judged, word) in [
            (Outcome::Passed, true, true, "passed"),
            (Outcome::Flaky, false, true, "flaky"),
            (Outcome::TestsFailed, false, true, "tests failed"),
            (crashed, false, true, "crashed (SIGSEGV)"),
            (Outcome::Hung, false, true, "hung"),
            (Outcome::BuildFailed, false, false, "build failed"),
            (Outcome::ProvisionFailed, false, false, "provision failed"),
            (Outcome::Mismatch, false, true, "mismatch"),
            (skipped, true, false, "skipped"),
            (Outcome::Lost, false, false, "lost"),
            (Outcome::Interrupted, false, false, "interrupted"),
            (Outcome::UnderWay, false, false, "under way"),
        ] {
            let found = (outcome.is_green(), outcome.is_judged(), outcome.to_string());
            assert_eq!(found, (green, judged, word.to_owned()));
        }
    }
}
