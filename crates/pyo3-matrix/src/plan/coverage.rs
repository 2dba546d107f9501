//! Which pairs of values meet in some cell? Cells in, counts for every two axes out. Also: few cells in which every pair
//! meets. Pure.

use std::cmp::Reverse;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The place of a cell: an index on each axis.
pub type Place = Vec<usize>;

/// How much of all pairs a plan covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    pub covered: usize,
    /// Pairs of values of two axes that some cell could cover, over all axes that the plan's cells have.
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

/// Marks for the pairs of values of every two axes.
#[derive(Clone)]
struct Marks {
    twos: Vec<Two>,
}

/// Two axes, and a mark for each value of the one beside each value of the other.
#[derive(Clone)]
struct Two {
    axes: (usize, usize),
    /// How many values the second axis has.
    width: usize,
    marks: Vec<bool>,
}

impl Marks {
    fn new(sizes: &[usize]) -> Self {
        let seconds = |first: usize| (first + 1..sizes.len()).map(move |second| (first, second));
        let twos = (0..sizes.len()).flat_map(seconds).map(|(first, second)| Two {
            axes: (first, second),
            width: sizes[second],
            marks: vec![false; sizes[first] * sizes[second]],
        });
        Marks { twos: twos.collect() }
    }

    fn of<'p>(sizes: &[usize], places: impl IntoIterator<Item = &'p Place>) -> Self {
        let mut marks = Marks::new(sizes);
        places.into_iter().for_each(|place| marks.mark(place));
        marks
    }

    fn mark(&mut self, place: &Place) {
        for two in &mut self.twos {
            let at = two.at(place);
            two.marks[at] = true;
        }
    }

    fn remove(&mut self, place: &Place) {
        for two in &mut self.twos {
            let at = two.at(place);
            two.marks[at] = false;
        }
    }

    /// How many pairs of `place` have a mark.
    fn marked(&self, place: &Place) -> usize {
        self.twos.iter().filter(|two| two.marks[two.at(place)]).count()
    }

    fn any(&self) -> bool {
        self.twos.iter().any(|two| two.marks.contains(&true))
    }
}

impl Two {
    fn at(&self, place: &Place) -> usize {
        place[self.axes.0] * self.width + place[self.axes.1]
    }

    fn count(&self) -> usize {
        self.marks.iter().filter(|mark| **mark).count()
    }
}

/// Every place on axes of these sizes.
fn places(sizes: &[usize]) -> impl Iterator<Item = Place> {
    let count: usize = sizes.iter().product();
    (0..count).map(|mut number| {
        let mut place = vec![0; sizes.len()];
        for (at, size) in sizes.iter().enumerate().rev() {
            place[at] = number % size;
            number /= size;
        }
        place
    })
}

/// Counts the pairs of `cells` on axes of these names and sizes. A pair counts only if an allowed cell can have it.
#[must_use]
pub fn coverage(axes: &[(&str, usize)], cells: &[Place], allowed: impl Fn(&Place) -> bool) -> Coverage {
    let sizes: Vec<usize> = axes.iter().map(|(_, size)| *size).collect();
    let covered = Marks::of(&sizes, cells);
    let possible: Vec<Place> = places(&sizes).filter(allowed).collect();
    let all = Marks::of(&sizes, &possible);
    let count = |(of, covered): (&Two, &Two)| Pairs {
        first: axes[of.axes.0].0.to_owned(),
        second: axes[of.axes.1].0.to_owned(),
        covered: covered.count(),
        of: of.count(),
    };
    let axes: Vec<Pairs> = all.twos.iter().zip(&covered.twos).map(count).collect();
    let sum = |number: fn(&Pairs) -> usize| axes.iter().map(number).sum();
    let fewest = axes.iter().map(|pairs| pairs.covered).max().unwrap_or_default();
    Coverage { covered: sum(|pairs| pairs.covered), of: sum(|pairs| pairs.of), fewest, axes }
}

/// Returns a small set in which every possible pair occurs. A pair is possible if an allowed cell has it.
///
/// Every value of the longest axis is combined with every value of the second. The values of the third run along the
/// diagonals of that table. So in every row and in every column, neighbouring cells have different values, and each
/// value of the third axis meets each value of the other two. With three axes the set has as many cells as the two
/// longer ones have pairs, so no set can be smaller. Further axes take, cell by cell, the values with the most new
/// pairs, and cells are added for what is left. Only that, and cells that are not allowed, can make the set larger.
#[must_use]
pub fn pairwise(sizes: &[usize], allowed: impl Fn(&Place) -> bool) -> Vec<Place> {
    let possible: Vec<Place> = places(sizes).filter(allowed).collect();
    let mut open = Marks::of(sizes, &possible);
    let mut by_size: Vec<usize> = (0..sizes.len()).collect();
    by_size.sort_by_key(|&axis| Reverse(sizes[axis]));
    let is_allowed = Allowed::new(sizes, &possible);
    let mut chosen = Vec::new();
    let (long, second) = (by_size[0], by_size[1]);
    for (i, j) in (0..sizes[long]).flat_map(|i| (0..sizes[second]).map(move |j| (i, j))) {
        let diagonal = Diagonal { sizes, by_size: &by_size, at: (i, j) };
        if let Some(place) = diagonal.best(&open, &is_allowed) {
            open.remove(&place);
            chosen.push(place);
        }
    }
    while open.any() {
        // Take the first of the best places, so that the set is the same everywhere.
        let best = possible.iter().first_max_by_key(|place| open.marked(place));
        let Some(best) = best else { break };
        open.remove(best);
        chosen.push(best.clone());
    }
    chosen
}

/// The places that are allowed, as marks.
struct Allowed<'a> {
    sizes: &'a [usize],
    marks: Vec<bool>,
}

impl<'a> Allowed<'a> {
    fn new(sizes: &'a [usize], possible: &[Place]) -> Self {
        let mut allowed = Allowed { sizes, marks: vec![false; sizes.iter().product()] };
        for place in possible {
            let at = allowed.number(place);
            allowed.marks[at] = true;
        }
        allowed
    }

    fn number(&self, place: &Place) -> usize {
        self.sizes.iter().zip(place).fold(0, |number, (size, at)| number * size + at)
    }

    fn has(&self, place: &Place) -> bool {
        self.marks[self.number(place)]
    }
}

/// One value of the longest axis and one of the second, which get values of the others.
struct Diagonal<'a> {
    sizes: &'a [usize],
    /// The axes, the longest first.
    by_size: &'a [usize],
    at: (usize, usize),
}

impl Diagonal<'_> {
    /// The place on the diagonal, or the next one that is allowed, with the most pairs of `open`.
    fn best(&self, open: &Marks, allowed: &Allowed<'_>) -> Option<Place> {
        let mut place = vec![0; self.sizes.len()];
        (place[self.by_size[0]], place[self.by_size[1]]) = self.at;
        let Some((&third, further)) = self.by_size[2..].split_first() else {
            return allowed.has(&place).then_some(place);
        };
        let start = self.at.0 + self.at.1;
        let rest: Vec<usize> = further.iter().map(|&axis| self.sizes[axis]).collect();
        let combinations: Vec<Place> = places(&rest).collect();
        (0..self.sizes[third]).find_map(|step| {
            place[third] = (start + step) % self.sizes[third];
            let with = |number: usize| {
                let mut place = place.clone();
                let values = &combinations[(start + number) % combinations.len()];
                for (&axis, &value) in further.iter().zip(values) {
                    place[axis] = value;
                }
                place
            };
            let places = (0..combinations.len()).map(with).filter(|place| allowed.has(place));
            places.first_max_by_key(|place| open.marked(place))
        })
    }
}

/// A `max_by_key` that keeps the first of equal elements.
trait FirstMax: Iterator + Sized {
    fn first_max_by_key<K: Ord>(self, key: impl Fn(&Self::Item) -> K) -> Option<Self::Item> {
        let with = self.map(|item| (key(&item), item));
        with.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, item)| item)
    }
}
impl<I: Iterator> FirstMax for I {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn counted(sizes: &[usize], cells: &[Place], allowed: impl Fn(&Place) -> bool) -> Coverage {
        let axes: Vec<(&str, usize)> = sizes.iter().map(|size| ("an axis", *size)).collect();
        coverage(&axes, cells, allowed)
    }

    /// Checks that a pairwise set keeps its promise, and returns its size.
    fn check(sizes: &[usize], allowed: impl Fn(&Place) -> bool + Copy) -> usize {
        let cells = pairwise(sizes, allowed);
        assert!(cells.iter().all(allowed));
        let counted = counted(sizes, &cells, allowed);
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
            assert_eq!(check(&sizes, |_| true), sorted[1] * sorted[2], "{sizes:?}");
        }
    }

    #[test]
    fn two_axes_have_each_pair_once_and_further_axes_cost_few_cells_or_none() {
        assert_eq!(check(&[5, 8], |_| true), 40);
        assert_eq!(check(&[5, 4, 8, 2], |_| true), 40);
        assert_eq!(check(&[5, 4, 8, 2, 3], |_| true), 40);
        assert!(check(&[10, 10, 10, 5, 2], |_| true) <= 101, "one more than the bound");
        // No set of fewer than 4 is possible with two values each, and seven such axes want 8 (a proven minimum is 6).
        assert!(check(&[2; 7], |_| true) <= 8);
    }

    #[test]
    fn cells_that_are_left_out_are_gone_around() {
        let size = check(&[5, 4, 8], |place| !(place[0] == 0 && place[1] == 0 && place[2] < 7));
        assert!(size <= 42, "{size}");
        // A pair that no cell may have does not count.
        assert_eq!(check(&[2, 2, 2], |place| !(place[0] == 1 && place[2] == 1)), 5);
        assert_eq!(check(&[2, 2, 2], |_| false), 0);
    }

    #[test]
    fn one_cell_covers_one_pair_of_every_two_axes() {
        let counted = counted(&[5, 4, 8], &[vec![4, 3, 7]], |_| true);
        assert_eq!((counted.covered, counted.of, counted.fewest), (3, 92, 1));
        let of: Vec<usize> = counted.axes.iter().map(|pairs| pairs.of).collect();
        assert_eq!(of, [20, 40, 32]);
    }
}
