//! What costs more, in words? Each comparison and each growth once, with the cells that show it, and the worst of them in numbers.

use std::collections::{BTreeMap, BTreeSet};

use super::Item;
use crate::model::cell::CellId;
use crate::model::record::Speedup;
use crate::report::model::numbers::{bytes, size};
use crate::verdict::compare::{Difference, Fatter, Growth, Heavier, Slower};

/// Every comparison that is slower.
#[must_use]
pub fn slower(found: &Difference) -> Vec<Item> {
    let mut by_name: BTreeMap<&str, Vec<&Slower>> = BTreeMap::new();
    for slower in &found.slower {
        by_name.entry(&slower.comparison).or_default().push(slower);
    }
    let item = |(name, mut all): (&str, Vec<&Slower>)| {
        all.sort_by(|one, other| other.loss().total_cmp(&one.loss()));
        let (worst, least) = (all[0], all[all.len() - 1]);
        let range = range(percent(least.loss()), percent(worst.loss()));
        Item {
            name: name.to_owned(),
            what: format!("lost {range} of its speed-up"),
            cells: all.iter().map(|slower| slower.cell.clone()).collect(),
            notes: vec![lost(worst, found.same_host)],
        }
    };
    by_name.into_iter().map(item).collect()
}

/// The worst cell in numbers; times only where both runs were on the same kind of machine.
fn lost(Slower { cell, before, after, .. }: &Slower, same_host: bool) -> String {
    let ratio = |Speedup { ratio, low, high, .. }: &Speedup| format!("{ratio:.2}x ({low:.2}x to {high:.2}x)");
    let times = || {
        let (one, two) = (before, after);
        let candidate = format!("candidate {:.3} ms → {:.3} ms", one.candidate_ms, two.candidate_ms);
        format!("; {candidate}, control {:.3} ms → {:.3} ms", one.control_ms, two.control_ms)
    };
    let times = same_host.then(times).unwrap_or_default();
    format!("{cell}: {} → {}{times}", ratio(&before.speedup), ratio(&after.speedup))
}

/// The calls that take more instructions.
#[must_use]
pub fn heavier(found: &Difference) -> Vec<Item> {
    let mut all: Vec<&Heavier> = found.heavier.iter().collect();
    all.sort_by(|one, other| other.more().total_cmp(&one.more()));
    let (Some(worst), Some(least)) = (all.first(), all.last()) else { return Vec::new() };
    vec![more(&all, worst, least)]
}

fn more(all: &[&Heavier], worst: &Heavier, least: &Heavier) -> Item {
    let range = range(percent(least.more()), percent(worst.more()));
    Item {
        name: "a call".to_owned(),
        what: format!("takes {range} more instructions"),
        cells: all.iter().map(|heavier| heavier.cell.clone()).collect(),
        notes: vec![format!("{}: {:.0} → {:.0}", worst.cell, worst.before, worst.after)],
    }
}

/// `5 %`, or `5 % to 7 %`.
fn range(least: i64, most: i64) -> String {
    if least == most { format!("{most} %") } else { format!("{least} % to {most} %") }
}

/// Everything that grows more.
#[must_use]
pub fn fatter(found: &Difference) -> Vec<Item> {
    let mut by_name: BTreeMap<(String, &'static str), Vec<&Fatter>> = BTreeMap::new();
    for fatter in &found.fatter {
        by_name.entry(name(&fatter.growth)).or_default().push(fatter);
    }
    let item = |((name, what), mut all): ((String, &'static str), Vec<&Fatter>)| {
        all.sort_by(|one, other| grown(&other.growth).total_cmp(&grown(&one.growth)));
        Item {
            name,
            what: what.to_owned(),
            cells: all.iter().map(|fatter| fatter.cell.clone()).collect(),
            notes: vec![format!("{}: {}", all[0].cell, numbers(&all[0].growth))],
        }
    };
    by_name.into_iter().map(item).collect()
}

/// How many cells are slower, how many heavier, and how many fatter.
#[must_use]
pub fn cells(found: &Difference) -> [usize; 3] {
    let slower: BTreeSet<&CellId> = found.slower.iter().map(|slower| &slower.cell).collect();
    let fatter: BTreeSet<&CellId> = found.fatter.iter().map(|fatter| &fatter.cell).collect();
    let heavier: BTreeSet<&CellId> = found.heavier.iter().map(|heavier| &heavier.cell).collect();
    [slower.len(), heavier.len(), fatter.len()]
}

fn name(growth: &Growth) -> (String, &'static str) {
    match growth {
        Growth::Slope { test, size, .. } => (format!("{test}: {size}"), "grows faster"),
        Growth::Counter { test, counter, .. } => (format!("{test}: {counter}"), "grows by more"),
        Growth::Peak { .. } => ("peak".to_owned(), "resident set of the tests' process is larger"),
    }
}

/// By which the worst cell is found, among those of one name.
#[expect(clippy::cast_precision_loss, reason = "it only puts cells in order")]
fn grown(growth: &Growth) -> f64 {
    match growth {
        Growth::Slope { before, after, .. } => after.bytes - before.bytes,
        Growth::Counter { before, after, .. } => after.saturating_sub(*before) as f64,
        Growth::Peak { before, after } => *after as f64 / (*before).max(1) as f64,
    }
}

fn numbers(growth: &Growth) -> String {
    match growth {
        Growth::Slope { before, after, .. } => {
            format!("{} → {} in 1,000 operations", bytes(before.bytes), bytes(after.bytes))
        }
        Growth::Counter { before, after, .. } => format!("{before} → {after}"),
        Growth::Peak { before, after } => format!("{} → {}", size(*before), size(*after)),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a share lies between 0 and 1")]
fn percent(share: f64) -> i64 {
    (share * 100.0).round() as i64
}
