//! Which pairs of versions meet in some cell? Cells in, counts for every two axes out. Also: the fewest cells in
//! which every pair meets. Pure.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The place of a cell on the three axes, as indices.
pub type Place = [usize; 3];

/// Every two axes.
const TWOS: [(usize, usize); 3] = [(0, 1), (0, 2), (1, 2)];

/// The names of the axes, in the order of a [`Place`].
const AXES: [&str; 3] = ["Python", "Postgres", "PyO3"];

/// How much of all pairs a plan covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    pub covered: usize,
    /// Pairs of values of two axes that some cell could cover, over all axes of `matrix.toml`.
    pub of: usize,
    pub axes: Vec<Pairs>,
    /// No set of cells that covers as many pairs is smaller: each cell covers one pair of every two axes.
    pub fewest: usize,
}

/// The same for two axes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pairs {
    pub first: String,
    pub second: String,
    pub covered: usize,
    pub of: usize,
}

/// A value of one axis beside a value of another: (axis, index) twice.
type Pair = [(usize, usize); 2];

fn pairs(place: Place) -> impl Iterator<Item = Pair> {
    TWOS.into_iter().map(move |(one, two)| [(one, place[one]), (two, place[two])])
}

/// Every place on axes of these sizes.
fn places(sizes: Place) -> impl Iterator<Item = Place> {
    (0..sizes[0]).flat_map(move |a| (0..sizes[1]).flat_map(move |b| (0..sizes[2]).map(move |c| [a, b, c])))
}

/// Counts the pairs of `cells` on axes of these sizes. A pair counts only if an allowed cell can have it.
#[must_use]
pub fn coverage(sizes: Place, cells: &[Place], allowed: impl Fn(Place) -> bool) -> Coverage {
    let covered: BTreeSet<Pair> = cells.iter().flat_map(|place| pairs(*place)).collect();
    let all: BTreeSet<Pair> = places(sizes).filter(|place| allowed(*place)).flat_map(pairs).collect();
    let of_two = |set: &BTreeSet<Pair>, (one, two): (usize, usize)| {
        set.iter().filter(|pair| (pair[0].0, pair[1].0) == (one, two)).count()
    };
    let count = |twos: (usize, usize)| Pairs {
        first: AXES[twos.0].to_owned(),
        second: AXES[twos.1].to_owned(),
        covered: of_two(&covered, twos),
        of: of_two(&all, twos),
    };
    let axes: Vec<Pairs> = TWOS.into_iter().map(count).collect();
    let fewest = axes.iter().map(|pairs| pairs.covered).max().unwrap_or_default();
    Coverage { covered: covered.len(), of: all.len(), axes, fewest }
}

/// Returns the smallest set that it finds in which every possible pair occurs. A pair is possible if an allowed cell
/// has it.
///
/// Every value of the longest axis is combined with every value of the second. The values of the shortest axis run
/// along the diagonals of that table. So in every row and in every column, neighbouring cells have different values,
/// and each value of the shortest axis meets each value of the other two. The set has as many cells as the two longer
/// axes have pairs, so no set can be smaller. Only cells that are not allowed can make it larger.
#[must_use]
pub fn pairwise(sizes: Place, allowed: impl Fn(Place) -> bool) -> Vec<Place> {
    let mut by_size = [0, 1, 2];
    by_size.sort_by_key(|&axis| std::cmp::Reverse(sizes[axis]));
    let [long, middle, short] = by_size;
    let diagonal = |i: usize, j: usize| {
        (0..sizes[short]).find_map(|step| {
            let mut place = [0; 3];
            (place[long], place[middle], place[short]) = (i, j, (i + j + step) % sizes[short]);
            allowed(place).then_some(place)
        })
    };
    let crossed = (0..sizes[long]).flat_map(|i| (0..sizes[middle]).map(move |j| (i, j)));
    let mut chosen: Vec<Place> = crossed.filter_map(|(i, j)| diagonal(i, j)).collect();
    let mut open: BTreeSet<Pair> = places(sizes).filter(|place| allowed(*place)).flat_map(pairs).collect();
    for pair in chosen.iter().flat_map(|place| pairs(*place)) {
        open.remove(&pair);
    }
    while !open.is_empty() {
        let gain = |place: &Place| pairs(*place).filter(|pair| open.contains(pair)).count();
        // Take the first of the best places, so that the set is the same everywhere.
        let best = places(sizes).filter(|place| allowed(*place)).first_max_by_key(gain);
        let Some(best) = best else { break };
        for pair in pairs(best) {
            open.remove(&pair);
        }
        chosen.push(best);
    }
    chosen
}

/// A `max_by_key` that keeps the first of equal elements.
trait FirstMax: Iterator + Sized {
    fn first_max_by_key<K: Ord>(self, key: impl Fn(&Self::Item) -> K) -> Option<Self::Item> {
        self.reduce(|best, next| if key(&next) > key(&best) { next } else { best })
    }
}
impl<I: Iterator> FirstMax for I {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks that a pairwise set keeps its promise, and returns its size.
    fn check(sizes: Place, allowed: impl Fn(Place) -> bool + Copy) -> usize {
        let cells = pairwise(sizes, allowed);
        assert!(cells.iter().all(|place| allowed(*place)));
        let counted = coverage(sizes, &cells, allowed);
        assert_eq!(counted.covered, counted.of, "{sizes:?}");
        let once: BTreeSet<_> = cells.iter().collect();
        assert_eq!(once.len(), cells.len(), "{sizes:?}: a cell occurs twice");
        assert!(cells.len() >= counted.fewest);
        cells.len()
    }

    #[test]
    fn a_pairwise_set_is_as_small_as_the_two_longest_axes_allow() {
        for sizes in [[5, 4, 8], [1, 1, 1], [2, 2, 2], [3, 3, 3], [7, 2, 1], [4, 4, 9], [6, 5, 4]] {
            let mut sorted = sizes;
            sorted.sort_unstable();
            assert_eq!(check(sizes, |_| true), sorted[1] * sorted[2], "{sizes:?}");
        }
    }

    #[test]
    fn cells_that_are_left_out_are_gone_around() {
        let size = check([5, 4, 8], |[python, postgres, line]| !(python == 0 && postgres == 0 && line < 7));
        assert!(size <= 42, "{size}");
        // A pair that no cell may have does not count.
        assert_eq!(check([2, 2, 2], |[python, _, line]| !(python == 1 && line == 1)), 5);
        assert_eq!(check([2, 2, 2], |_| false), 0);
    }

    #[test]
    fn one_cell_covers_one_pair_of_every_two_axes() {
        let counted = coverage([5, 4, 8], &[[4, 3, 7]], |_| true);
        assert_eq!((counted.covered, counted.of, counted.fewest), (3, 92, 1));
        let of: Vec<usize> = counted.axes.iter().map(|pairs| pairs.of).collect();
        assert_eq!(of, [20, 40, 32]);
    }
}
