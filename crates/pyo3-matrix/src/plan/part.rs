//! Which part of a plan does a run take? A plan and the request in; the cells of the part, and a description of the
//! whole, out. Pure: two machines with two shards of one plan never both take a cell.

use std::collections::HashSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::cell::{CellId, Line};
use crate::model::program;
use crate::plan::cost::Costs;
use crate::plan::shard::{self, Shard};
use crate::plan::{Plan, Planned, PlannedNegative};

/// What a partial run is a part of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Part {
    /// All of it, for a merge to know what is missing.
    pub whole: Plan,
    pub cut: Cut,
}

/// How a part was cut out of its whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cut {
    /// Its cells were named one by one.
    Named,
    /// One of several shards, and what they were balanced by.
    Shard { index: usize, of: usize, by: String },
    /// The cells of an earlier run that did not pass.
    Retry { run: String },
    /// Cells that tell apart what may explain the failures of an earlier run.
    Explain { run: String },
}

/// The reason why there is no such part.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PartError {
    #[error(
        "{cell} is not in {whole}\nhint: --only takes cells of the selection beside it; `{} plan` lists them",
        program::command()
    )]
    NotInWhole { cell: CellId, whole: String },
    #[error("shard {shard} is empty: {cells} cells make {cells} shards at most\nhint: use --shard I/{cells}", shard = .0, cells = .1)]
    Empty(String, usize),
}

impl Part {
    /// Returns the cells of `whole` that `shard` takes.
    pub fn shard(whole: Plan, shard: Shard, costs: Option<&Costs>) -> Result<(Plan, Part), PartError> {
        let shards = shard::cut(&whole, costs, shard.of);
        let empty = || PartError::Empty(shard.to_string(), whole.live().count());
        let cells = shards.get(shard.index - 1).filter(|cells| !cells.is_empty()).ok_or_else(empty)?;
        let by = costs.map_or_else(|| "count".to_owned(), |costs| format!("the costs of run {}", costs.run));
        let cut = Cut::Shard { index: shard.index, of: shard.of, by };
        Ok((narrowed(&whole, cells), Part { whole, cut }))
    }

    /// Returns the named cells of `whole`.
    pub fn named(whole: Plan, cells: &[CellId]) -> Result<(Plan, Part), PartError> {
        let live: HashSet<&CellId> = whole.live().collect();
        if let Some(cell) = cells.iter().find(|cell| !live.contains(cell)) {
            return Err(PartError::NotInWhole { cell: cell.clone(), whole: whole.preset });
        }
        Ok((narrowed(&whole, cells), Part { whole, cut: Cut::Named }))
    }

    /// Returns the cells and negative cells of `run` that have to run again. `run` is all of `whole` or a part of it.
    #[must_use]
    pub fn retry(whole: Plan, run: String, cells: &[CellId], negatives: &[String]) -> (Plan, Part) {
        let kept = whole.negatives.iter().filter(|planned| negatives.contains(&planned.id));
        let plan = Plan { negatives: kept.cloned().collect(), ..narrowed(&whole, cells) };
        (plan, Part { whole, cut: Cut::Retry { run } })
    }

    /// Returns `further` cells for the failures of `run`, as a part of `whole` and these cells.
    #[must_use]
    pub fn explain(mut whole: Plan, run: String, further: Plan) -> (Plan, Part) {
        let plan =
            Plan { preset: whole.preset.clone(), missing: whole.missing, negatives: Vec::new(), ..further };
        let new = plan.cells.iter().filter(|new| whole.cells.iter().all(|known| known.cell != new.cell));
        let new: Vec<Planned> = new.cloned().collect();
        whole.cells.extend(new);
        (plan, Part { whole, cut: Cut::Explain { run } })
    }
}

/// Returns the part of `whole` with `cells`. A negative cell belongs to the shard with the first cell of its line, so
/// exactly one shard builds it.
fn narrowed(whole: &Plan, cells: &[CellId]) -> Plan {
    let cells: HashSet<&CellId> = cells.iter().collect();
    let kept = whole.cells.iter().filter(|planned| cells.contains(&planned.cell));
    let host = |line: Line| whole.live().find(|cell| cell.line == line).or_else(|| whole.live().next());
    let here =
        |planned: &&PlannedNegative| host(planned.negative.line).is_some_and(|cell| cells.contains(cell));
    let negatives = whole.negatives.iter().filter(here);
    Plan { cells: kept.cloned().collect(), negatives: negatives.cloned().collect(), ..whole.clone() }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cut {
            Cut::Named => f.write_str("some cells"),
            Cut::Shard { index, of, .. } => write!(f, "shard {index}/{of}"),
            Cut::Retry { run } => write!(f, "what did not pass in {run}"),
            Cut::Explain { run } => write!(f, "what explains the failures of {run}"),
        }?;
        let count = self.whole.live().count();
        write!(f, " of {count} cell{}", if count == 1 { "" } else { "s" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::plan::{Request, plan};

    fn grid() -> Plan {
        let text = format!(
            "{}\n[[exclude]]\npython = \"3.9\"\nreason = \"end of life\"\n",
            include_str!("../../../../matrix.toml")
        );
        let config = Config::parse(&text, "matrix.toml".as_ref(), "/".into()).expect("a valid config");
        plan(&config, &Request::default()).expect("a plan")
    }

    #[test]
    fn further_cells_widen_the_whole_once_and_build_no_negative_cell() {
        let config =
            Config::parse(include_str!("../../../../matrix.toml"), "matrix.toml".as_ref(), "/".into());
        let cells = ["py3.13-pg16-pyo3_0.29", "py3.13-pg16-pyo3_0.30"].map(str::to_owned).to_vec();
        let request = Request { cells, negative: true, ..Request::default() };
        let further = plan(&config.expect("a config"), &request).expect("a plan");
        let (plan, part) = Part::explain(grid(), "r1".into(), further);
        assert_eq!((plan.preset.as_str(), plan.cells.len(), plan.negatives.len()), ("grid", 2, 0));
        assert_eq!(part.whole.cells.len(), grid().cells.len() + 1);
        assert_eq!(part.to_string(), "what explains the failures of r1 of 17 cells");
    }

    #[test]
    fn a_part_knows_its_whole_with_what_is_skipped_there() {
        let shard = "2/4".parse().expect("a shard");
        let (plan, part) = Part::shard(grid(), shard, None).expect("a part");
        assert_eq!((plan.cells.len(), part.whole.cells.len()), (4, 20));
        assert!(plan.cells.iter().all(|planned| planned.excluded.is_none()));
        assert_eq!(part.to_string(), "shard 2/4 of 16 cells");
    }

    #[test]
    fn a_negative_cell_is_in_exactly_one_shard() {
        let config =
            Config::parse(include_str!("../../../../matrix.toml"), "matrix.toml".as_ref(), "/".into());
        let request = Request { preset: Some("pairwise".into()), ..Request::default() };
        let whole = plan(&config.expect("a valid config"), &request).expect("a plan");
        let planned: Vec<_> = whole.negatives.iter().map(|planned| planned.id.clone()).collect();
        assert!(!planned.is_empty());
        let shard = |index| Part::shard(whole.clone(), Shard { index, of: 7 }, None).expect("a part").0;
        let mut there: Vec<_> = (1..=7).flat_map(|index| shard(index).negatives).map(|at| at.id).collect();
        there.sort();
        let mut expected = planned;
        expected.sort();
        assert_eq!(there, expected);
    }

    #[test]
    fn a_cell_outside_the_whole_and_a_shard_without_cells_are_refused() {
        let skipped = grid().cells[0].cell.clone();
        assert!(matches!(Part::named(grid(), &[skipped]), Err(PartError::NotInWhole { .. })));
        let shard = "17/17".parse().expect("a shard");
        let error = Part::shard(grid(), shard, None).expect_err("nothing left");
        assert!(
            error.to_string().contains("shard 17/17 is empty: 16 cells make 16 shards at most"),
            "{error}"
        );
    }
}
