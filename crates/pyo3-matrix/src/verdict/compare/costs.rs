//! Does a cell cost more than before? What it measured in two runs in; slower comparisons and faster growth out, where the
//! intervals of both runs lie apart, the effect is worth a word, and the machine was quiet enough to tell.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::speed::Speedups;
use super::{Apart, Because, Difference, Pair, What};
use crate::model::cell::CellId;
use crate::verdict::measured::{Leak, Measured, Slope};
use crate::verdict::noise::{self, Loudness};

/// The least share of further instructions that is told. The same code differs by one in a hundred between two counts.
const LEAST_INSTRUCTIONS: f64 = 0.05;

/// The least growth that is told, in bytes per 1,000 operations: what leaks in each operation leaks 32 bytes, since the C
/// allocator hands out no smaller block, its head included (glibc's `MINSIZE`).
const LEAST_BYTES: f64 = 32_000.0;

/// The least share by which the largest resident set grows.
const LEAST_PEAK: f64 = 0.10;

/// A counter → what it grows by without any leak: the limits of `pytest_pyo3_bridge.leak_limits`. Others have none.
const INNOCENT: [(&str, i64); 3] = [("python_blocks", 150), ("threads", 20), ("file_descriptors", 2)];

/// A call that takes more instructions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Heavier {
    pub cell: CellId,
    pub before: f64,
    pub after: f64,
}

/// Memory or a counter that grows more than before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fatter {
    pub cell: CellId,
    #[serde(flatten)]
    pub growth: Growth,
}

/// What grows more than before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Growth {
    /// A size in a leak test.
    Slope { test: String, size: String, before: Slope, after: Slope },
    /// A counter in a leak test.
    Counter { test: String, counter: String, before: i64, after: i64 },
    /// The largest resident set, in bytes.
    Peak { before: u64, after: u64 },
}

impl Heavier {
    /// The share by which they are more.
    #[must_use]
    pub fn more(&self) -> f64 {
        self.after / self.before - 1.0
    }
}

/// Adds what costs more, and what cannot be compared: counts of instructions only where both machines speak the same ones.
pub fn compare(pairs: &[Pair<'_>], same_arch: bool, difference: &mut Difference, apart: &mut Apart) {
    let mut speedups = Speedups::default();
    for Pair { before, after } in pairs {
        let (cell, one, two) = (&after.cell, &before.measured, &after.measured);
        // A cell that is red may have ended before it measured anything.
        if before.outcome.is_green() && after.outcome.is_green() {
            missing(one, two, cell, apart);
        }
        if !measured_in_both(one, two) {
            continue;
        }
        let others = others(one, two, difference.same_suite);
        if others.is_empty() {
            growths(cell, (one, two), difference, apart);
            if !is_loud(one) && !is_loud(two) {
                speedups.add(cell, one, two);
            } else if have_speedups(one, two) {
                apart.tell(What::Speedup, Because::Loud, cell);
            }
            let counts = one.instructions.zip(two.instructions).filter(|_| same_arch);
            let change = counts.map(|(before, after)| Heavier { cell: cell.clone(), before, after });
            difference.heavier.extend(change.filter(|change| change.more() > LEAST_INSTRUCTIONS));
        }
        for because in others {
            apart.tell(What::Costs, because, cell);
        }
    }
    difference.slower = speedups.slower();
}

/// Whether times say little: where nothing scored the machine, they say what they can.
fn is_loud(measured: &Measured) -> bool {
    measured.noise.is_some_and(|noise| noise::loudness(noise) == Loudness::Loud)
}

/// Adds what grows more in one cell.
fn growths(
    cell: &CellId,
    (one, two): (&Measured, &Measured),
    difference: &mut Difference,
    apart: &mut Apart,
) {
    let mut growths = Vec::new();
    for (test, leak) in &two.leaks {
        growths.extend(one.leaks.get(test).into_iter().flat_map(|was| leaks(test, was, leak)));
    }
    if difference.same_host {
        growths.extend(peak(one, two));
    } else {
        apart.tell(What::Absolute, Because::Host, cell);
    }
    let fatter = growths.into_iter().map(|growth| Fatter { cell: cell.clone(), growth });
    difference.fatter.extend(fatter);
}

fn have_speedups(one: &Measured, two: &Measured) -> bool {
    !one.comparisons.is_empty() && !two.comparisons.is_empty()
}

fn measured_in_both(one: &Measured, two: &Measured) -> bool {
    have_speedups(one, two)
        || (!one.leaks.is_empty() && !two.leaks.is_empty())
        || (one.instructions.is_some() && two.instructions.is_some())
        || (one.peak_rss.is_some() && two.peak_rss.is_some())
}

/// The cells that only cost more, and are the same otherwise.
#[must_use]
pub fn only(difference: &Difference) -> BTreeSet<&CellId> {
    let lists = [&difference.regressed, &difference.fixed, &difference.flaky, &difference.otherwise];
    let listed: BTreeSet<&CellId> = lists.into_iter().flatten().map(|change| &change.cell).collect();
    let slower = difference.slower.iter().map(|slower| &slower.cell);
    let heavier = difference.heavier.iter().map(|heavier| &heavier.cell);
    let all = slower.chain(heavier).chain(difference.fatter.iter().map(|fatter| &fatter.cell));
    all.filter(|cell| !listed.contains(cell)).collect()
}

/// What only one of the runs measured.
fn missing(one: &Measured, two: &Measured, cell: &CellId, apart: &mut Apart) {
    let kinds = [
        (What::Speedup, one.comparisons.is_empty(), two.comparisons.is_empty()),
        (What::Growth, one.leaks.is_empty(), two.leaks.is_empty()),
    ];
    for (what, before, after) in kinds {
        match (before, after) {
            (true, false) => apart.tell(what, Because::MissingBefore, cell),
            (false, true) => apart.tell(what, Because::MissingAfter, cell),
            (true, true) | (false, false) => {}
        }
    }
}

/// Why a difference between what they measured would say nothing of the extension.
fn others(one: &Measured, two: &Measured, same_suite: bool) -> Vec<Because> {
    let reasons = [
        (!same_suite, Because::Suite),
        (one.locks.line != two.locks.line, Because::LineLock),
        (one.locks.cell != two.locks.cell, Because::CellLock),
    ];
    reasons.into_iter().filter(|(differs, _)| *differs).map(|(_, because)| because).collect()
}

fn leaks(test: &str, one: &Leak, two: &Leak) -> Vec<Growth> {
    let mut found = Vec::new();
    for (size, &after) in &two.slopes {
        let Some(&before) = one.slopes.get(size) else { continue };
        if after.low > before.high && after.bytes - before.bytes > LEAST_BYTES {
            found.push(Growth::Slope { test: test.to_owned(), size: size.clone(), before, after });
        }
    }
    for (counter, &after) in &two.growth {
        let Some(&before) = one.growth.get(counter) else { continue };
        let innocent = INNOCENT.iter().find(|(name, _)| name == counter).map_or(0, |(_, most)| *most);
        if after.saturating_sub(before.max(0)) > innocent {
            found.push(Growth::Counter { test: test.to_owned(), counter: counter.clone(), before, after });
        }
    }
    found
}

#[expect(clippy::cast_precision_loss, reason = "a share of a size needs no more than 52 bits")]
fn peak(one: &Measured, two: &Measured) -> Option<Growth> {
    let (before, after) = (one.peak_rss?, two.peak_rss?);
    (after as f64 > before as f64 * (1.0 + LEAST_PEAK)).then_some(Growth::Peak { before, after })
}
