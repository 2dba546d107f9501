//! What is different in a second run? Two verdicts in; what regressed, what is fixed, what costs more and what cannot be
//! compared, out. Pure. Rehearsals decide nothing, and are left out.

mod costs;
mod ended;
mod failing;
mod speed;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::cell::CellId;
use crate::model::negative::Ending;
use crate::model::origin::Origin;
use crate::model::record::Outcome;
use crate::store::basis::Basis;
use crate::verdict::judge::{CellVerdict, Verdict};
pub use costs::{Fatter, Growth, Heavier};
use ended::Class;
pub use failing::TestGroup;
pub use speed::Slower;

/// One of two runs: what it means, and what it was made with.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    pub verdict: &'a Verdict,
    pub origin: &'a Origin,
    pub basis: &'a Basis,
}

/// What is different in the second of two runs. Each cell that both have is in one list of cells, or counted as unchanged.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// Cells that were not red, or in which other tests fail now, or that come less far.
    pub regressed: Vec<Change>,
    /// Cells that were red and are green.
    pub fixed: Vec<Change>,
    /// Cells whose tests come and go in one of the runs.
    pub flaky: Vec<Change>,
    /// Cells that are red in both, and come further.
    pub otherwise: Vec<Change>,
    /// Neither slower nor heavier nor fatter either.
    pub unchanged: usize,
    pub newly_failing: Vec<TestGroup>,
    /// Tests that failed and do not any more. Where the suites differ, such a test may be gone.
    pub no_longer_failing: Vec<TestGroup>,
    /// Cells that must not build, where one of the runs had them fail as foretold and the other had not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub negatives: Vec<NegativeChange>,
    pub slower: Vec<Slower>,
    /// Calls that take more instructions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heavier: Vec<Heavier>,
    pub fatter: Vec<Fatter>,
    pub only_before: Vec<CellId>,
    pub only_after: Vec<CellId>,
    pub incomparable: Vec<Incomparable>,
    /// Whether both ran the same tests; false where that is not known.
    pub same_suite: bool,
    /// Whether both ran on the same kind of machine; false where that is not known.
    pub same_host: bool,
}

/// A cell that ended otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    pub cell: CellId,
    pub before: Outcome,
    pub after: Outcome,
    /// Why it is not green now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A negative cell that ended otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NegativeChange {
    pub id: String,
    pub before: Ending,
    pub after: Ending,
}

/// Cells of which something cannot be compared, for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Incomparable {
    pub what: What,
    pub because: Because,
    pub cells: Vec<CellId>,
}

/// What cannot be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// How the cell ended.
    Outcome,
    /// Speed-ups and growth.
    Costs,
    Speedup,
    Growth,
    /// Times, and the largest resident set.
    Absolute,
}

/// Why something cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// A cell that ended so says nothing of the extension.
    Silent { before: Outcome, after: Outcome },
    /// The suites differ, or one is not known.
    Suite,
    /// The line's `Cargo.lock` differs.
    LineLock,
    /// The Python packages differ.
    CellLock,
    /// The machines differ, or one is not known.
    Host,
    /// The machine was loud in one of the runs.
    Loud,
    /// Only the second run measured it.
    MissingBefore,
    /// Only the first run measured it.
    MissingAfter,
}

impl Difference {
    /// Whether a cell or a test regressed.
    #[must_use]
    pub fn is_regression(&self) -> bool {
        let built = |negative: &NegativeChange| !negative.after.is_green();
        !self.regressed.is_empty() || !self.newly_failing.is_empty() || self.negatives.iter().any(built)
    }

    /// Whether anything became worse: a regression, a cost, or a cell that comes and goes now.
    #[must_use]
    pub fn is_worse(&self) -> bool {
        let newly_flaky = |change: &Change| change.before.is_green() && change.after == Outcome::Flaky;
        self.is_regression()
            || !self.slower.is_empty()
            || !self.heavier.is_empty()
            || !self.fatter.is_empty()
            || self.flaky.iter().any(newly_flaky)
    }

    /// How many cells both runs have.
    #[must_use]
    pub fn common(&self) -> usize {
        let silent = self.incomparable.iter().filter(|group| group.what == What::Outcome);
        let silent: usize = silent.map(|group| group.cells.len()).sum();
        self.compared() + silent
    }

    /// How many cells said something in both runs.
    #[must_use]
    pub fn compared(&self) -> usize {
        let listed = [&self.regressed, &self.fixed, &self.flaky, &self.otherwise].map(Vec::len);
        listed.iter().sum::<usize>() + costs::only(self).len() + self.unchanged
    }
}

/// A cell as both runs have it.
#[derive(Debug, Clone, Copy)]
struct Pair<'a> {
    before: &'a CellVerdict,
    after: &'a CellVerdict,
}

/// What is different in `after`.
#[must_use]
pub fn compare(before: Side<'_>, after: Side<'_>) -> Difference {
    let earlier = by_cell(before.verdict);
    let later = by_cell(after.verdict);
    let pairs: Vec<Pair<'_>> =
        earlier.iter().filter_map(|(cell, before)| Some(Pair { before, after: later.get(cell)? })).collect();
    let only = |one: &BTreeMap<&CellId, &CellVerdict>, other: &BTreeMap<&CellId, &CellVerdict>| {
        one.keys().filter(|cell| !other.contains_key(*cell)).map(|cell| (*cell).clone()).collect()
    };
    let suite = &before.basis.suite;
    let mut difference = Difference {
        negatives: negatives(before.verdict, after.verdict),
        only_before: only(&earlier, &later),
        only_after: only(&later, &earlier),
        newly_failing: failing::newly(&pairs),
        no_longer_failing: failing::no_longer(&pairs),
        same_suite: !suite.is_empty() && *suite == after.basis.suite,
        same_host: before.origin.host.is_some() && before.origin.host == after.origin.host,
        ..Difference::default()
    };
    let mut apart = Apart::default();
    for pair in &pairs {
        difference.place(*pair, &mut apart);
    }
    let says = |pair: &Pair<'_>| ended::class(*pair) != Class::Silent;
    let telling: Vec<Pair<'_>> = pairs.iter().copied().filter(says).collect();
    let arch = |side: Side<'_>| side.origin.host.as_ref().map(|host| host.arch.clone());
    let same_arch = arch(before).is_some() && arch(before) == arch(after);
    costs::compare(&telling, same_arch, &mut difference, &mut apart);
    difference.unchanged -= costs::only(&difference).len();
    let group = |((what, because), cells)| Incomparable { what, because, cells };
    difference.incomparable = apart.0.into_iter().map(group).collect();
    difference
}

/// What cannot be compared, and why → the cells.
#[derive(Default)]
struct Apart(BTreeMap<(What, Because), Vec<CellId>>);

impl Apart {
    fn tell(&mut self, what: What, because: Because, cell: &CellId) {
        self.0.entry((what, because)).or_default().push(cell.clone());
    }
}

impl Difference {
    /// Puts a cell where it belongs by how it ended.
    fn place(&mut self, pair: Pair<'_>, apart: &mut Apart) {
        let Pair { before, after } = pair;
        let list = match ended::class(pair) {
            Class::Unchanged => {
                self.unchanged += 1;
                return;
            }
            Class::Silent => {
                let because =
                    Because::Silent { before: before.outcome.clone(), after: after.outcome.clone() };
                return apart.tell(What::Outcome, because, &after.cell);
            }
            Class::Regressed => &mut self.regressed,
            Class::Fixed => &mut self.fixed,
            Class::Flaky => &mut self.flaky,
            Class::Otherwise => &mut self.otherwise,
        };
        list.push(Change {
            cell: after.cell.clone(),
            before: before.outcome.clone(),
            after: after.outcome.clone(),
            reason: after.reason.clone(),
        });
    }
}

fn by_cell(verdict: &Verdict) -> BTreeMap<&CellId, &CellVerdict> {
    verdict.cells.iter().map(|cell| (&cell.cell, cell)).collect()
}

fn negatives(before: &Verdict, after: &Verdict) -> Vec<NegativeChange> {
    let was = |id: &str| before.negatives.iter().find(|record| record.id == id).map(|record| record.ending);
    let changed = after.negatives.iter().filter_map(|record| {
        let (before, after) = (was(&record.id)?, record.ending);
        let says = |ending: Ending| ending != Ending::Lost;
        let changes = says(before) && says(after) && before.is_green() != after.is_green();
        changes.then(|| NegativeChange { id: record.id.clone(), before, after })
    });
    changed.collect()
}

#[cfg(test)]
mod tests;
