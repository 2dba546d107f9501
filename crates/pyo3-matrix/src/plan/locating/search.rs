//! Is there a smaller set that hits every difference? A local search with weights; the same everywhere, for it draws no
//! random numbers.

use fixedbitset::FixedBitSet;

/// So many exchanges are tried on one way. Longer ways do not help: what has not been found by then runs in circles.
const TRIES: usize = 2_500;
/// So many ways are gone before a size counts as out of reach. With these, 19 of 19 orders of the cells of 5 x 4 x 8 came to
/// the 48 that are proven to be least; on one way of 100,000 exchanges, 12 did.
const ROUNDS: usize = 12;

/// Two to the 64 over the golden ratio: its multiples scatter.
const SCATTER: u64 = 0x9E37_79B9_7F4A_7C15;

/// Returns a set of one cell less than `best` that hits all differences and misses none, if the search finds one. What a
/// set misses, of which `differences` did not know, is added to them.
pub fn smaller(
    best: &FixedBitSet,
    differences: &mut Vec<FixedBitSet>,
    missed: impl Fn(&FixedBitSet) -> Vec<FixedBitSet>,
) -> Option<FixedBitSet> {
    // No cell at all tells nothing.
    if best.count_ones(..) < 2 {
        return None;
    }
    (0..ROUNDS).find_map(|round| one_round(round, best, differences, &missed))
}

/// One of several ways through the exchanges, since one may run in circles.
fn one_round(
    round: usize,
    best: &FixedBitSet,
    differences: &mut Vec<FixedBitSet>,
    missed: &impl Fn(&FixedBitSet) -> Vec<FixedBitSet>,
) -> Option<FixedBitSet> {
    let mut state = State::new(best.clone());
    for difference in differences.iter() {
        state.learn(difference);
    }
    state.drop_one();
    for tried in 0..TRIES {
        let Some(open) = state.open(round * TRIES + tried) else {
            let new = missed(&state.chosen);
            if new.is_empty() {
                return Some(state.chosen);
            }
            for difference in &new {
                state.learn(difference);
            }
            differences.extend(new);
            continue;
        };
        state.exchange(open, tried);
    }
    None
}

/// A choice of cells, and which differences it hits.
struct State {
    chosen: FixedBitSet,
    /// The cells of each difference.
    members: Vec<Vec<usize>>,
    weights: Vec<usize>,
    /// How many chosen cells each difference has.
    hits: Vec<usize>,
    /// Cell → the differences that it is in.
    within: Vec<Vec<usize>>,
    /// When each cell was last exchanged.
    moved: Vec<usize>,
}

impl State {
    fn new(chosen: FixedBitSet) -> State {
        let cells = chosen.len();
        State {
            chosen,
            members: Vec::new(),
            weights: Vec::new(),
            hits: Vec::new(),
            within: vec![Vec::new(); cells],
            moved: vec![0; cells],
        }
    }

    fn learn(&mut self, difference: &FixedBitSet) {
        let at = self.members.len();
        difference.ones().for_each(|cell| self.within[cell].push(at));
        self.hits.push(difference.intersection_count(&self.chosen));
        self.members.push(difference.ones().collect());
        self.weights.push(1);
    }

    /// One of the differences without a chosen cell: scattered by Fibonacci hashing, where there are several.
    fn open(&self, tried: usize) -> Option<usize> {
        let open: Vec<usize> = (0..self.hits.len()).filter(|&at| self.hits[at] == 0).collect();
        let scattered = (tried as u64).wrapping_mul(SCATTER) >> 33;
        let place = scattered as usize;
        (!open.is_empty()).then(|| open[place % open.len()])
    }

    /// Adds the best cell of an open difference, and takes away the one that is missed least.
    fn exchange(&mut self, open: usize, tried: usize) {
        let gain = |cell: &usize| (self.weight_where(*cell, 0), tried - self.moved[*cell]);
        let Some(best) = self.members[open].iter().copied().max_by_key(gain) else { return };
        self.add(best);
        self.moved[best] = tried;
        let without = self.drop_one_but(best);
        self.moved[without] = tried;
        for (at, weight) in self.weights.iter_mut().enumerate() {
            *weight += usize::from(self.hits[at] == 0);
        }
    }

    fn drop_one(&mut self) {
        self.drop_one_but(usize::MAX);
    }

    /// Takes away the cell that is missed least; of equals the one that has been there longest.
    fn drop_one_but(&mut self, kept: usize) -> usize {
        let loss = |cell: &usize| (self.weight_where(*cell, 1), self.moved[*cell]);
        let Some(least) = self.chosen.ones().filter(|cell| *cell != kept).min_by_key(loss) else {
            return kept;
        };
        self.chosen.remove(least);
        for &at in &self.within[least] {
            self.hits[at] -= 1;
        }
        least
    }

    fn add(&mut self, cell: usize) {
        self.chosen.insert(cell);
        for &at in &self.within[cell] {
            self.hits[at] += 1;
        }
    }

    /// The weight of the cell's differences that have so many chosen cells.
    fn weight_where(&self, cell: usize, hits: usize) -> usize {
        let with = self.within[cell].iter().filter(|&&at| self.hits[at] == hits);
        with.map(|&at| self.weights[at]).sum()
    }
}
