//! How many cells ended in which way? Cells in; counts that add up to all of them, the best first, out.

use crate::model::record::Outcome;
use crate::report::tone::Tone;
use crate::verdict::judge::CellVerdict;

/// The cells that ended in one way.
#[derive(Debug, PartialEq, Eq)]
pub struct Share {
    pub tone: Tone,
    pub word: String,
    pub cells: usize,
}

/// Each way in which some cell ended. A crash by any signal is one way, and so is a skip for any reason.
#[must_use]
pub fn shares(cells: &[CellVerdict]) -> Vec<Share> {
    let mut outcomes: Vec<&Outcome> = cells.iter().map(|cell| &cell.outcome).collect();
    outcomes.sort();
    let mut shares: Vec<Share> = Vec::new();
    for outcome in outcomes {
        let word = match outcome {
            Outcome::Crashed { .. } => "crashed".to_owned(),
            outcome => outcome.to_string(),
        };
        match shares.last_mut().filter(|share| share.word == word) {
            Some(share) => share.cells += 1,
            None => shares.push(Share { tone: Tone::from(outcome), word, cells: 1 }),
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::report;

    #[test]
    fn the_shares_are_all_cells_each_counted_once() {
        let mut report = report(3, 4);
        let outcomes = ["SIGSEGV", "SIGABRT"].map(|signal| Outcome::Crashed { signal: signal.into() });
        let [segv, abrt] = outcomes;
        report.verdict.cells[4].outcome = segv;
        report.verdict.cells[5].outcome = abrt;
        report.verdict.cells[6].outcome = Outcome::UnderWay;
        let share = |tone, word: &str, cells| Share { tone, word: word.to_owned(), cells };
        let expected = [
            share(Tone::Good, "passed", 3),
            share(Tone::Bad, "tests failed", 1),
            share(Tone::Bad, "crashed", 2),
            share(Tone::UnderWay, "under way", 1),
        ];
        assert_eq!(shares(&report.verdict.cells), expected);
        assert!(shares(&[]).is_empty());
    }
}
