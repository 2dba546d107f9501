//! Which cells does one of `n` machines run? A pure function of (plan, costs, n): every live cell is in exactly one
//! shard, and the same input gives the same shards on every machine.
//!
//! Cells are in the order of their wheels. They are cut into groups of neighbours, so that a wheel's cells stay
//! together. The chosen cut is the one whose most expensive shard costs least. If several cuts are equal, it is the
//! one that needs the fewest wheels over all shards. A wheel's cost counts once in each shard that needs it.

use std::collections::VecDeque;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::model::cell::CellId;
use crate::plan::Plan;
use crate::plan::cost::Costs;

/// `2/4`: the second of four.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    pub index: usize,
    pub of: usize,
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = || {
            let (index, of) = text.split_once('/')?;
            Some(Shard { index: index.parse().ok()?, of: of.parse().ok()? })
        };
        let shard = numbers().filter(|shard| (1..=shard.of).contains(&shard.index));
        shard.ok_or_else(|| "expected i/n with 1 ≤ i ≤ n, such as 2/4".to_owned())
    }
}

/// Cuts the live cells of `plan` into `n` shards; if there are fewer cells, into one shard per cell. Without costs
/// every cell counts the same.
#[must_use]
pub fn cut(plan: &Plan, costs: Option<&Costs>, n: usize) -> Vec<Vec<CellId>> {
    let row = Row::new(plan, costs);
    let n = n.clamp(1, row.cells.len().max(1));
    let ends = row.fewest_wheels(n, row.lowest_limit(n));
    let starts = std::iter::once(0).chain(ends.iter().copied());
    starts.zip(&ends).map(|(from, to)| row.cells[from..*to].to_vec()).collect()
}

/// The live cells in the order of their wheels, and what balances their shards. Costs are whole milliseconds, so that rounding
/// is the same on every machine.
struct Row {
    cells: Vec<CellId>,
    /// What the first so many cells cost, without their wheels.
    sums: Vec<u64>,
    /// The number of each cell's wheel; neighbours of one wheel have the same.
    wheels: Vec<u64>,
    /// What a wheel costs.
    wheel: u64,
}

impl Row {
    fn new(plan: &Plan, costs: Option<&Costs>) -> Row {
        let mut cells: Vec<CellId> = plan.live().cloned().collect();
        cells.sort_by_cached_key(CellId::by_wheel);
        let builders = plan.builders();
        // One wheel of the stable ABI is that of several Pythons.
        let wheel = |cell: &CellId| builders.get(&cell.wheel()).copied().unwrap_or_else(|| cell.wheel());
        let weight = |cell: &CellId| costs.map_or(1000, |costs| milliseconds(costs.cell(cell)).max(1));
        let (mut sums, mut wheels) = (vec![0], Vec::new());
        let (mut sum, mut number, mut before) = (0, 0, None);
        for cell in &cells {
            sum += weight(cell);
            number += u64::from(before.replace(wheel(cell)) != Some(wheel(cell)));
            sums.push(sum);
            wheels.push(number);
        }
        Row { cells, sums, wheels, wheel: costs.map_or(0, |costs| milliseconds(costs.wheel)) }
    }

    /// How many wheels the cells from `start` to before `end` need; there is at least one cell.
    fn wheels(&self, start: usize, end: usize) -> u64 {
        self.wheels[end - 1] - self.wheels[start] + 1
    }

    fn cost(&self, start: usize, end: usize) -> u64 {
        self.sums[end] - self.sums[start] + self.wheels(start, end) * self.wheel
    }

    /// Returns the least that the most expensive of `n` shards can cost. A part of a shard never costs more than the shard, so
    /// it is enough to find a cut into `n` shards or fewer.
    fn lowest_limit(&self, n: usize) -> u64 {
        let count = self.cells.len();
        let mut low = (0..count).map(|at| self.cost(at, at + 1)).max().unwrap_or_default();
        let mut high = if count == 0 { 0 } else { self.cost(0, count) };
        while low < high {
            let middle = u64::midpoint(low, high);
            if self.shards_within(middle) <= n { high = middle } else { low = middle + 1 }
        }
        low
    }

    /// How many shards there are if each takes as many cells as cost no more than `limit`. No cell costs more.
    fn shards_within(&self, limit: u64) -> usize {
        let (mut shards, mut start) = (0, 0);
        for end in 1..=self.cells.len() {
            if shards == 0 || self.cost(start, end) > limit {
                (shards, start) = (shards + 1, end - 1);
            }
        }
        shards
    }

    /// Returns the ends of the `n` shards that cost no more than `limit` and need the fewest wheels. At a tie the last of them
    /// gets fewer cells.
    fn fewest_wheels(&self, n: usize, limit: u64) -> Vec<usize> {
        let bands = self.bands(n, limit);
        let mut cuts = vec![Cuts { first: 0, best: vec![Some((0, 0))] }];
        for band in bands {
            cuts.extend(cuts.last().map(|before| self.one_more(band, limit, before)));
        }
        let mut ends = vec![self.cells.len(); n];
        for k in (1..n).rev() {
            ends[k - 1] = cuts[k + 1].of(ends[k]).map_or(0, |(_, start)| start);
        }
        ends
    }

    /// Where each of `n` shards may end: as far as it and those before it can reach, and far enough for those after it to
    /// reach the last cell. Outside of these there is nothing to find, so the search is as wide as the shards have room.
    fn bands(&self, n: usize, limit: u64) -> Vec<RangeInclusive<usize>> {
        let count = self.cells.len();
        let (mut furthest, mut nearest) = (Vec::new(), vec![count]);
        let mut end = 0;
        for k in 1..=n {
            let start = end;
            while end < count && self.cost(start, end + 1) <= limit {
                end += 1;
            }
            end = end.min(count + k - n);
            furthest.push(end);
        }
        let mut start = count;
        for k in (1..n).rev() {
            let end = start;
            while start > 0 && self.cost(start - 1, end) <= limit {
                start -= 1;
            }
            start = start.max(k);
            nearest.push(start);
        }
        nearest.into_iter().rev().zip(furthest).map(|(from, to)| from..=to).collect()
    }

    /// Adds a shard that ends within `band`. A start that is later and no worse makes an earlier one useless, so those that are
    /// left lie in a queue, the best one first.
    fn one_more(&self, band: RangeInclusive<usize>, limit: u64, before: &Cuts) -> Cuts {
        let first = *band.start();
        let mut queue: VecDeque<usize> = VecDeque::new();
        let mut next = before.first;
        let best = band.map(|end| {
            let wheels = |start: usize| before.of(start).map(|(wheels, _)| wheels + self.wheels(start, end));
            for start in next..end {
                if let Some(last) = wheels(start) {
                    while queue.back().is_some_and(|&start| wheels(start) >= Some(last)) {
                        queue.pop_back();
                    }
                    queue.push_back(start);
                }
            }
            next = next.max(end);
            while queue.front().is_some_and(|&start| self.cost(start, end) > limit) {
                queue.pop_front();
            }
            queue.front().and_then(|&start| Some((wheels(start)?, start)))
        });
        Cuts { first, best: best.collect() }
    }
}

/// The cuts into so many shards: for the end `first` and those after it, the fewest wheels and where the last shard starts,
/// where there is such a cut.
struct Cuts {
    first: usize,
    best: Vec<Option<(u64, usize)>>,
}

impl Cuts {
    fn of(&self, end: usize) -> Option<(u64, usize)> {
        *self.best.get(end.checked_sub(self.first)?)?
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what fits")]
fn milliseconds(seconds: f64) -> u64 {
    (seconds * 1000.0).round().clamp(0.0, 1e12) as u64
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::Config;
    use crate::model::record::SCHEMA_VERSION;
    use crate::plan::{Request, plan};

    fn grid() -> Plan {
        let config =
            Config::parse(include_str!("../../../../matrix.toml"), "matrix.toml".as_ref(), "/".into());
        plan(&config.expect("a valid config"), &Request::default()).expect("a plan")
    }

    fn costs(plan: &Plan, wheel: f64, cost: impl Fn(&CellId) -> f64) -> Costs {
        let cells = plan.live().map(|cell| (cell.clone(), cost(cell))).collect();
        Costs { schema_version: SCHEMA_VERSION, run: "r".into(), cells, wheel }
    }

    /// Checks everything that must be true of any shards, and returns their sizes.
    fn check(plan: &Plan, costs: Option<&Costs>, n: usize) -> Vec<usize> {
        let shards = cut(plan, costs, n);
        let mut all: Vec<CellId> = shards.iter().flatten().cloned().collect();
        let count = all.len();
        all.sort();
        all.dedup();
        let mut live: Vec<CellId> = plan.live().cloned().collect();
        live.sort();
        assert_eq!((&all, count), (&live, live.len()), "each cell is in exactly one shard");
        assert!(shards.iter().all(|shard| !shard.is_empty()), "no shard is empty");
        shards.iter().map(Vec::len).collect()
    }

    fn wheels(shards: &[Vec<CellId>]) -> usize {
        let of = |shard: &Vec<CellId>| {
            let mut wheels: Vec<_> = shard.iter().map(CellId::wheel).collect();
            wheels.dedup();
            wheels.len()
        };
        shards.iter().map(of).sum()
    }

    #[test]
    fn shards_are_of_one_size_by_count() {
        let grid = grid();
        assert_eq!(check(&grid, None, 1), [20]);
        assert_eq!(check(&grid, None, 4), [5; 4]);
        assert_eq!(check(&grid, None, 20), [1; 20]);
        assert_eq!(check(&grid, None, 100), [1; 20], "no more shards than cells");
        for n in 2..20 {
            let sizes = check(&grid, None, n);
            assert_eq!(sizes.len(), n);
            assert_eq!(sizes.iter().max(), Some(&20_usize.div_ceil(n)), "{sizes:?}");
        }
    }

    #[test]
    fn the_cells_of_a_wheel_stay_together_where_balance_allows() {
        let grid = grid();
        assert_eq!(wheels(&cut(&grid, None, 5)), 5, "five wheels on five machines");
        assert_eq!(wheels(&cut(&grid, None, 6)), 6, "a sixth machine splits one wheel and no more");
        assert_eq!(
            wheels(&cut(&grid, None, 9)),
            10,
            "of the cuts into threes at most, the one with the fewest wheels"
        );
        let dear = costs(&grid, 25.0, |_| 10.0);
        assert_eq!(wheels(&cut(&grid, Some(&dear), 6)), 6);
    }

    /// Tries every cut of `row` into `n` shards: the least cost of the most expensive one, and the fewest wheels with it.
    fn best(row: &Row, n: usize) -> (u64, u64) {
        fn tried(row: &Row, n: usize, start: usize) -> Vec<(u64, u64)> {
            let count = row.cells.len();
            let part = |end| (row.cost(start, end), row.wheels(start, end));
            if n == 1 {
                return vec![part(count)];
            }
            let with = |end| {
                let (cost, wheels) = part(end);
                let rest = tried(row, n - 1, end).into_iter();
                rest.map(move |(dearest, more)| (cost.max(dearest), wheels + more))
            };
            (start + 1..count + 2 - n).flat_map(with).collect()
        }
        tried(row, n, 0).into_iter().min().expect("a cut")
    }

    #[test]
    fn no_cut_is_better_whatever_cells_and_wheels_cost() {
        let mut grid = grid();
        grid.cells.truncate(11);
        // A generator of numbers that are the same everywhere (Park and Miller).
        let mut number = 1_u64;
        let mut next = |below: u64| {
            number = number * 48_271 % 0x7fff_ffff;
            number % below
        };
        let whole = |number: u64| f64::from(u32::try_from(number).expect("small"));
        for _ in 0..60 {
            let seconds: Vec<f64> = (0..11).map(|_| whole(next(9)) + 1.0).collect();
            let places: BTreeMap<CellId, f64> = grid.live().cloned().zip(seconds).collect();
            let costs = costs(&grid, whole(next(12)), |cell| places[cell]);
            let row = Row::new(&grid, Some(&costs));
            for n in 1..=6 {
                let ends = row.fewest_wheels(n, row.lowest_limit(n));
                let starts = std::iter::once(0).chain(ends.iter().copied());
                let parts: Vec<(usize, usize)> = starts.zip(ends.iter().copied()).collect();
                let dearest = parts.iter().map(|&(start, end)| row.cost(start, end)).max();
                let wheels: u64 = parts.iter().map(|&(start, end)| row.wheels(start, end)).sum();
                assert_eq!((dearest.expect("a part"), wheels), best(&row, n), "{n} of {:?}", row.sums);
            }
        }
    }

    #[test]
    fn a_dear_cell_gets_a_machine_with_little_else() {
        let grid = grid();
        let first = grid.live().next().expect("a cell").clone();
        let costs = costs(&grid, 0.0, |cell| if *cell == first { 95.0 } else { 5.0 });
        assert_eq!(check(&grid, Some(&costs), 2), [1, 19]);
    }

    #[test]
    fn a_shard_reads_back_as_it_prints() {
        assert_eq!("2/4".parse::<Shard>().expect("a shard").to_string(), "2/4");
        for text in ["0/4", "5/4", "1/0", "2", "a/b", "1/2/3"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
