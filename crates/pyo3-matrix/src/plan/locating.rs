//! Which few cells tell every single cause of a failure from every other at once? Cells in, some of them out. Pure.
//!
//! A set of cells tells two causes apart if one of its cells is concerned by just one of the two. Such sets are called
//! locating arrays where causes are exact values (C. J. Colbourn, D. W. `McClary`, 2008); here a cause may mean a range as well. To
//! find a smallest one is a hitting set: for every two causes, one of the cells in which they differ. A greedy choice comes
//! first. Then a local search, of the kind that is known from minimum vertex covers, takes cells away one by one.

use std::collections::{BTreeMap, HashSet};

use fixedbitset::FixedBitSet;

use crate::model::cell::CellId;
use crate::plan::cause::Cause;
use crate::plan::space::Space;

mod search;

/// With more causes than this, the greedy choice stands: the pairs of causes are too many.
const MOST_CAUSES: usize = 3_000;
/// Differences of more cells than this are looked at only when a choice has missed them.
const SMALL: usize = 8;

/// Returns the places of the cells that tell all causes apart, in order. With the cells as they are no set may be able to:
/// causes that concern the same cells are one.
#[must_use]
pub fn locating(cells: &[CellId]) -> Vec<usize> {
    let space = Space::only(cells.to_vec());
    // A cause that concerns no cell that ran must be told from no cause at all.
    let sets: Vec<FixedBitSet> =
        std::iter::once(space.none()).chain(space.causes.iter().map(|(_, of)| of.clone())).collect();
    let greedy = greedy(cells.len(), &sets);
    if sets.len() > MOST_CAUSES {
        return greedy.ones().collect();
    }
    let mut best = greedy;
    let mut differences = small_differences(&sets);
    let fewest = fewest(&space);
    while best.count_ones(..) > fewest {
        match search::smaller(&best, &mut differences, |chosen| missed(&sets, chosen)) {
            Some(smaller) => best = smaller,
            None => break,
        }
    }
    best.ones().collect()
}

/// Takes the cell that splits most pairs of causes, until none are together.
fn greedy(cells: usize, sets: &[FixedBitSet]) -> FixedBitSet {
    let mut chosen = FixedBitSet::with_capacity(cells);
    let mut classes: Vec<Vec<usize>> = vec![(0..sets.len()).collect()];
    loop {
        let split = |cell: usize| -> usize {
            let of = |class: &Vec<usize>| {
                let inside = class.iter().filter(|&&at| sets[at][cell]).count();
                inside * (class.len() - inside)
            };
            classes.iter().map(of).sum()
        };
        let Some((most, cell)) = (0..cells).rev().map(|cell| (split(cell), cell)).max() else { break };
        if most == 0 {
            break;
        }
        chosen.insert(cell);
        let halves = classes.into_iter().flat_map(|class| {
            let (inside, outside): (Vec<usize>, Vec<usize>) = class.iter().partition(|&&at| sets[at][cell]);
            [inside, outside]
        });
        classes = halves.filter(|class| class.len() > 1).collect();
    }
    chosen
}

/// The cells in which two causes differ, for each two that differ in few; without those that contain another.
fn small_differences(sets: &[FixedBitSet]) -> Vec<FixedBitSet> {
    let mut by_size: BTreeMap<usize, HashSet<FixedBitSet>> = BTreeMap::new();
    for (at, one) in sets.iter().enumerate() {
        for other in &sets[at + 1..] {
            let size = one.symmetric_difference_count(other);
            if size <= SMALL {
                by_size.entry(size).or_default().insert(one ^ other);
            }
        }
    }
    let mut least: Vec<FixedBitSet> = Vec::new();
    for differences in by_size.into_values() {
        let mut new: Vec<FixedBitSet> =
            differences.into_iter().filter(|one| !least.iter().any(|other| other.is_subset(one))).collect();
        // A set of hashes has no order, and the choice must be the same everywhere.
        new.sort();
        least.extend(new);
    }
    least
}

/// The differences of causes that `chosen` does not tell apart, one for each cause.
fn missed(sets: &[FixedBitSet], chosen: &FixedBitSet) -> Vec<FixedBitSet> {
    let mut classes: BTreeMap<FixedBitSet, &FixedBitSet> = BTreeMap::new();
    let mut missed = Vec::new();
    for set in sets {
        let seen = set & chosen;
        match classes.get(&seen) {
            Some(other) => missed.push(*other ^ set),
            None => drop(classes.insert(seen, set)),
        }
    }
    missed
}

/// No set is smaller than this. For one value of an axis and two further axes, the chosen cells are the edges of a graph
/// between the values of the two: each value needs an edge, and two values may not have one and the same edge alone. So each
/// part of the graph has three values or more, and a part of `n` values needs `n - 1` edges.
fn fewest(space: &Space) -> usize {
    let mut axes: BTreeMap<(u8, &str), usize> = BTreeMap::new();
    for (Cause(conditions), _) in &space.causes {
        let [condition] = &conditions[..] else { continue };
        if condition.is_exact() {
            *axes.entry(condition.axis()).or_default() += 1;
        }
    }
    let of = |axis: &(u8, &str)| axes.get(axis).copied().unwrap_or_default();
    let keys: Vec<&(u8, &str)> = axes.keys().filter(|axis| of(axis) > 1).collect();
    let edges = |values: usize| values - values / 3;
    let mut most = 0;
    for one in &keys {
        for second in keys.iter().filter(|axis| axis != &one) {
            for third in keys.iter().filter(|axis| axis > &second && axis != &one) {
                most = most.max(of(one) * edges(of(second) + of(third)));
            }
        }
    }
    let product: usize = keys.iter().map(|axis| of(axis)).product();
    // Where cells are left out, the graphs have gaps, and the bound does not hold.
    if product == space.cells.len() { most } else { 0 }
}

#[cfg(test)]
mod tests;
