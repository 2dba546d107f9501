//! Did a cell become worse? How it ended in two runs in, what kind of change that is out.

use super::{Pair, failing};
use crate::model::record::Outcome;

/// What kind of change it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    Unchanged,
    Regressed,
    Fixed,
    Flaky,
    /// Red in both, and further than before.
    Otherwise,
    /// One of both says nothing.
    Silent,
}

/// What an outcome says of the extension.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    Green,
    Flaky,
    /// How far it came.
    Red(Reach),
    Silent,
}

/// What a red cell did not come through.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    Provision,
    Build,
    Observation,
    /// It ended amidst its tests.
    Amidst,
    Tests,
}

/// What kind of change a cell shows.
#[must_use]
pub fn class(pair: Pair<'_>) -> Class {
    match (standing(&pair.before.outcome), standing(&pair.after.outcome)) {
        (Standing::Silent, _) | (_, Standing::Silent) => Class::Silent,
        (Standing::Red(_), Standing::Green) => Class::Fixed,
        // Without a second try, a test that comes and goes is one that failed.
        (Standing::Flaky, Standing::Red(Reach::Tests)) if failing::adds_none(pair) => Class::Flaky,
        (Standing::Green | Standing::Flaky, Standing::Red(_)) => Class::Regressed,
        (Standing::Flaky, _) | (_, Standing::Flaky) => Class::Flaky,
        (Standing::Red(before), Standing::Red(after)) if after < before || failing::adds(pair) => {
            Class::Regressed
        }
        (Standing::Red(before), Standing::Red(after)) if after > before => Class::Otherwise,
        (Standing::Green, Standing::Green) | (Standing::Red(_), Standing::Red(_)) => Class::Unchanged,
    }
}

fn standing(outcome: &Outcome) -> Standing {
    match outcome {
        Outcome::Passed => Standing::Green,
        Outcome::Flaky => Standing::Flaky,
        Outcome::ProvisionFailed => Standing::Red(Reach::Provision),
        Outcome::BuildFailed => Standing::Red(Reach::Build),
        Outcome::Mismatch => Standing::Red(Reach::Observation),
        Outcome::Crashed { .. } | Outcome::Hung => Standing::Red(Reach::Amidst),
        Outcome::TestsFailed => Standing::Red(Reach::Tests),
        Outcome::Skipped { .. } | Outcome::Lost | Outcome::Interrupted | Outcome::UnderWay => {
            Standing::Silent
        }
    }
}
