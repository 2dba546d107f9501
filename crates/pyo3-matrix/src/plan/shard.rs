//! Which cells does one of `n` machines run? A pure function of (plan, costs, n): every live cell is in exactly one
//! shard, and the same input gives the same shards on every machine.
//!
//! Cells are in the order of their wheels. They are cut into groups of neighbours, so that a wheel's cells stay
//! together. The chosen cut is the one whose most expensive shard costs least. If several cuts are equal, it is the
//! one that needs the fewest wheels over all shards. A wheel's cost counts once in each shard that needs it.

use std::fmt;
use std::str::FromStr;

use crate::model::cell::{CellId, WheelId};
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

/// The weights that balance the shards. They are whole milliseconds, so that rounding is the same on every machine.
struct Weights {
    cells: Vec<(CellId, u64)>,
    wheel: u64,
}

/// Cuts the live cells of `plan` into `n` shards; if there are fewer cells, into one shard per cell. Without costs
/// every cell counts the same.
#[must_use]
pub fn cut(plan: &Plan, costs: Option<&Costs>, n: usize) -> Vec<Vec<CellId>> {
    let weights = weights(plan, costs);
    let cells = &weights.cells;
    let n = n.clamp(1, cells.len().max(1));
    let limit = best(&weights, n, |before, part| before.max(part.cost));
    // Take the fewest wheels among the cuts that cost no more.
    let within = |before: u64, part: Part| {
        if part.cost <= limit.0 { before.saturating_add(part.wheels) } else { u64::MAX }
    };
    let (_, ends) = best(&weights, n, within);
    let starts = std::iter::once(0).chain(ends.iter().copied());
    starts
        .zip(&ends)
        .map(|(from, to)| cells[from..*to].iter().map(|(cell, _)| cell.clone()).collect())
        .collect()
}

fn weights(plan: &Plan, costs: Option<&Costs>) -> Weights {
    let mut cells: Vec<CellId> = plan.live().cloned().collect();
    cells.sort_by_cached_key(CellId::by_wheel);
    let weight = |cell: &CellId| costs.map_or(1000, |costs| milliseconds(costs.cell(cell)).max(1));
    let cells =
        cells.into_iter().map(|cell| (weight(&cell), cell)).map(|(weight, cell)| (cell, weight)).collect();
    Weights { cells, wheel: costs.map_or(0, |costs| milliseconds(costs.wheel)) }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what fits")]
fn milliseconds(seconds: f64) -> u64 {
    (seconds * 1000.0).round().clamp(0.0, 1e12) as u64
}

/// A group of neighbouring cells.
#[derive(Clone, Copy)]
struct Part {
    cost: u64,
    wheels: u64,
}

/// Returns the cut into `n` parts for which `fold` over the parts is smallest, as that value and the ends of the
/// parts. `parts[k][end]` is the best way to cut the first `end` cells into `k` parts.
fn best(weights: &Weights, n: usize, fold: impl Fn(u64, Part) -> u64) -> (u64, Vec<usize>) {
    let count = weights.cells.len();
    let mut parts = vec![vec![(u64::MAX, 0); count + 1]; n + 1];
    parts[0][0] = (0, 0);
    for k in 1..=n {
        for end in k..=count {
            let mut part = Part { cost: 0, wheels: 0 };
            let mut wheel: Option<WheelId> = None;
            for start in (k - 1..end).rev() {
                let (cell, weight) = &weights.cells[start];
                let new = wheel.replace(cell.wheel()) != Some(cell.wheel());
                part.wheels += u64::from(new);
                part.cost += weight + if new { weights.wheel } else { 0 };
                let before = parts[k - 1][start].0;
                if before == u64::MAX {
                    continue;
                }
                let value = fold(before, part);
                // At a tie the later start wins, so the last of equal parts gets fewer cells.
                if value < parts[k][end].0 {
                    parts[k][end] = (value, start);
                }
            }
        }
    }
    let mut ends = vec![count; n];
    for k in (1..n).rev() {
        ends[k - 1] = parts[k + 1][ends[k]].1;
    }
    (parts[n][count].0, ends)
}

#[cfg(test)]
mod tests {
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
