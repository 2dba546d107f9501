//! How many runs and wheels stay on disk? `[keep]` in, a number or all of them out.

use serde::{Deserialize, Deserializer};

/// What is left when a run has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keep {
    /// Runs, the newest first. The latest one, and every run that a kept one retries or was merged from, stay as well.
    pub runs: Kept,
    /// Wheels, the last used first. Those of the latest run stay as well.
    pub wheels: Kept,
}

/// So many, or all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    All,
    Newest(usize),
}

impl Default for Keep {
    fn default() -> Self {
        Keep { runs: Kept::Newest(20), wheels: Kept::Newest(40) }
    }
}

impl Kept {
    /// How many are kept of `all`.
    #[must_use]
    pub fn of(self, all: usize) -> usize {
        match self {
            Kept::All => all,
            Kept::Newest(newest) => newest.min(all),
        }
    }
}

impl<'de> Deserialize<'de> for Kept {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(usize),
            Word(String),
        }
        match Written::deserialize(input) {
            Ok(Written::Number(newest)) => Ok(Kept::Newest(newest)),
            Ok(Written::Word(word)) if word == "all" => Ok(Kept::All),
            _ => Err(serde::de::Error::custom("expected a whole number of 0 or more, or \"all\"")),
        }
    }
}
