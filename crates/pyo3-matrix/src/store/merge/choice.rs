//! Which of several records of one cell counts? The records with their runs in, the one that counts and why out. Pure.
//!
//! A record *answers* an older record if its run retried the older run, or was merged from it. A retry answers only if it
//! ran tests. If it passed, it must have come through every stage that the older run asked for, and it answers failing tests
//! alone: the cell is flaky then. Of the records that nothing answers, one that no retry may answer counts first, such as a
//! crash; then a red one, a flaky one, a green one. Among equals a record that ran tests counts before one that did not, and
//! the latest before the others. So nothing that comes later hides a crash, a hang, a mismatch or a leak.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::record::{Attempt, Outcome, Record, Thoroughness};

/// Why one of two records counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It retries the other.
    Retry,
    /// It was merged from the other.
    Merged,
    /// The other retries it, and ran no test.
    NoTest,
    /// The other retries it, and left out a stage.
    LeftOut,
    /// It did not fail by failing tests alone: a crash, a hang, a mismatch or a leak stays, whatever the other says.
    NoFlake,
    /// It is red, and the other is flaky or green; or it is flaky, and the other is green.
    Red,
    /// It began later.
    Later,
}

/// One record of a cell, and what its run says of itself.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    pub record: &'a Record,
    pub run: &'a str,
    pub started: &'a str,
    /// The stages that its run asked for.
    pub asked: Thoroughness,
    /// The run that its run retried.
    pub retried: Option<&'a str>,
    /// The runs that its run was merged from.
    pub merged: &'a [String],
}

/// The record that counts.
#[derive(Debug, PartialEq)]
pub struct Choice {
    /// Its place among the candidates.
    pub at: usize,
    /// The tries that it answers; with any, a record that passed is flaky. One that ran no test carries them to the next.
    pub attempts: Vec<Attempt>,
    /// The candidates that do not count, and why the chosen one does.
    pub passed_over: Vec<(usize, Why)>,
}

/// How much a record counts where nothing answers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    Green,
    /// Green where `matrix.toml` says so, and then no red record may be hidden by it.
    Flaky,
    Red,
    /// Red, and no retry that passes makes it flaky.
    Stays,
}

impl Candidate<'_> {
    fn weight(&self) -> Weight {
        match &self.record.outcome {
            Outcome::Flaky => Weight::Flaky,
            outcome if outcome.is_green() => Weight::Green,
            outcome if outcome.is_judged() && !self.record.may_be_flaky() => Weight::Stays,
            _ => Weight::Red,
        }
    }

    fn passed(&self) -> bool {
        matches!(self.record.outcome, Outcome::Passed | Outcome::Flaky)
    }

    /// Why this record answers `other`, if it does.
    fn answers(&self, other: &Candidate<'_>) -> Option<Why> {
        if self.merged.iter().any(|run| run == other.run) {
            return Some(Why::Merged);
        }
        (self.retries(other) && self.refused(other).is_none()).then_some(Why::Retry)
    }

    fn retries(&self, other: &Candidate<'_>) -> bool {
        self.retried == Some(other.run)
    }

    /// Why this retry does not answer `other`, if it does not.
    fn refused(&self, other: &Candidate<'_>) -> Option<Why> {
        if !self.record.outcome.is_judged() {
            Some(Why::NoTest)
        } else if other.weight() == Weight::Stays {
            Some(Why::NoFlake)
        } else if self.passed() && self.record.thoroughness < other.asked {
            Some(Why::LeftOut)
        } else {
            None
        }
    }

    /// Why this record counts and `other` does not, where neither answers the other.
    fn beside(&self, other: &Candidate<'_>) -> Why {
        let refused = other.retries(self).then(|| other.refused(self)).flatten();
        refused.unwrap_or_else(|| match (self.weight(), other.weight()) {
            (own, others) if own == others => Why::Later,
            (Weight::Stays, Weight::Red) => Why::NoFlake,
            _ => Why::Red,
        })
    }
}

/// Which of `candidates` counts. Their order says nothing.
#[must_use]
pub fn choose(candidates: &[Candidate<'_>]) -> Option<Choice> {
    let answered = |at: usize| candidates.iter().any(|by| by.answers(&candidates[at]).is_some());
    let open = (0..candidates.len()).filter(|at| !answered(*at) && !vain(candidates, *at));
    let rank = |at: usize| {
        let Candidate { record, started, run, .. } = candidates[at];
        (candidates[at].weight(), record.outcome.is_judged(), started, run)
    };
    let at = open.max_by_key(|at| rank(*at))?;
    let chosen = &candidates[at];
    let others = (0..candidates.len()).filter(|other| *other != at);
    let passed_over = others.filter_map(|other| Some((other, why(candidates, at, other)?))).collect();
    let attempts = if chosen.passed() {
        attempts(candidates, at)
    } else if chosen.record.outcome.is_judged() {
        Vec::new()
    } else {
        carried(candidates, at)
    };
    Some(Choice { at, attempts, passed_over })
}

/// Whether the record at `at` retries a flaky one and does not answer it. Then the flaky one stays as it was.
fn vain(candidates: &[Candidate<'_>], at: usize) -> bool {
    let by = &candidates[at];
    let retries = |other: &Candidate<'_>| by.retries(other) && by.refused(other).is_some();
    candidates.iter().any(|other| other.weight() == Weight::Flaky && retries(other))
}

/// The failed tries that all records know of, each once, that of the record at `at` first. A record that ran no test carries
/// them: a retry that passes answers it, and the cell is flaky then.
fn carried(candidates: &[Candidate<'_>], at: usize) -> Vec<Attempt> {
    let all = std::iter::once(&candidates[at]).chain(candidates);
    let mut tries: Vec<Attempt> = Vec::new();
    for attempt in all.flat_map(|candidate| &candidate.record.attempts) {
        if !tries.contains(attempt) {
            tries.push(attempt.clone());
        }
    }
    tries
}

/// Why the chosen record counts and not that at `other`; none where a third one answers it, or both are the same.
fn why(candidates: &[Candidate<'_>], at: usize, other: usize) -> Option<Why> {
    let (chosen, passed_over) = (&candidates[at], &candidates[other]);
    if chosen.record == passed_over.record {
        return None;
    }
    let answer = chosen.answers(passed_over);
    let by_a_third = || candidates.iter().any(|by| by.answers(passed_over).is_some());
    answer.or_else(|| (!by_a_third()).then(|| chosen.beside(passed_over)))
}

/// The failed tries before the record at `at`: its own, and the records that it answers. The first try comes first.
fn attempts(candidates: &[Candidate<'_>], at: usize) -> Vec<Attempt> {
    let mut tries = candidates[at].record.attempts.clone();
    let mut by = &candidates[at];
    // A run retries one other run, which may be a retry itself. There are no more steps than candidates.
    for _ in candidates {
        let Some(earlier) = candidates.iter().find(|other| by.answers(other) == Some(Why::Retry)) else {
            break;
        };
        let Candidate { record, run, .. } = earlier;
        let own = record.may_be_flaky().then(|| record.attempt(Some((*run).to_owned())));
        tries = record.attempts.iter().cloned().chain(own).chain(tries).collect();
        by = earlier;
    }
    tries
}

#[cfg(test)]
mod tests;
