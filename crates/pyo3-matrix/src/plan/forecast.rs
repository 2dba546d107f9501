//! What does a plan cover, how long will it take, and which of its cells can be built? A plan and the known facts in,
//! a [`Forecast`] out. Pure.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::config::axis::Axis;
use crate::model::cell::{CellId, Value, WheelId};
use crate::model::ledger::Ledger;
use crate::model::record::SCHEMA_VERSION;
use crate::plan::coverage::{Coverage, Place, coverage};
use crate::plan::estimate::{Estimate, estimate};
use crate::plan::legality::{Knowledge, Legality, legality, of_pairing};
use crate::plan::{self, Plan, PlannedNegative};

/// The answer of `plan`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Forecast {
    pub schema_version: u32,
    #[serde(flatten)]
    pub plan: Plan,
    pub wheels: usize,
    pub coverage: Coverage,
    /// Absent where no earlier run on this machine ran the same suite.
    pub estimate: Option<Estimate>,
    /// The cells of each shard, where shards were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shards: Option<Vec<Vec<CellId>>>,
}

/// Returns the plan with the forecast of each cell.
#[must_use]
pub fn foretell(mut plan: Plan, config: &Config, known: &Knowledge) -> Plan {
    let mut of_wheels = BTreeMap::new();
    plan.stable.clone_from(&known.stable);
    for planned in &mut plan.cells {
        let foretold =
            |wheel: &WheelId| config.line(wheel.line).map(|spec| legality(spec, wheel.python, known));
        let of_wheel = of_wheels.entry(planned.cell.wheel()).or_insert_with_key(foretold);
        planned.legality.clone_from(of_wheel);
    }
    for planned in &mut plan.negatives {
        planned.legality = of_negative(planned, config, known);
    }
    plan
}

fn of_negative(planned: &PlannedNegative, config: &Config, known: &Knowledge) -> Option<Legality> {
    let spec = config.line(planned.negative.line)?;
    match (planned.negative.python, &planned.negative.pyo3_async_runtimes) {
        (Some(python), _) => Some(legality(spec, python, known)),
        (None, Some(version)) => Some(of_pairing(&spec.pyo3, version)),
        (None, None) => None,
    }
}

/// Counts what `plan` covers, and estimates it by earlier runs.
#[must_use]
pub fn forecast(plan: Plan, config: &Config, earlier: &[Ledger]) -> Forecast {
    let wheels = plan.builds().len();
    let estimate = estimate(wheels, plan.buildable().count(), &config.suite.arguments(), earlier);
    let coverage = covered(&plan, config);
    Forecast { schema_version: SCHEMA_VERSION, coverage, wheels, estimate, plan, shards: None }
}

/// Counts on the axes of the file that every cell of the plan has; extras count only if the plan has them.
fn covered(plan: &Plan, config: &Config) -> Coverage {
    let cells: Vec<&CellId> = plan.live().collect();
    let is_there = |axis: &&Axis| cells.iter().all(|cell| axis.values.iter().any(|value| cell.has(value)));
    let axes: Vec<&Axis> = config.axes.iter().filter(|axis| !axis.is_free || is_there(axis)).collect();
    let counts =
        |axis: &Axis, value: &Value| !axis.extra.contains(value) || cells.iter().any(|cell| cell.has(value));
    let values: Vec<Vec<Value>> = axes
        .iter()
        .map(|axis| axis.values.iter().filter(|value| counts(axis, value)).cloned().collect())
        .collect();
    let places: Vec<Place> = cells.iter().filter_map(|cell| plan::place_of(&values, cell)).collect();
    let sized: Vec<(&str, usize)> =
        axes.iter().zip(&values).map(|(axis, values)| (axis.title.as_str(), values.len())).collect();
    coverage(&sized, &places, |place| plan::excluded(config, &[], &plan::of_place(&values, place)).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::stable::Stable;
    use crate::plan::Request;
    use crate::plan::legality::State;

    fn check(preset: &str, lines: &[&str]) -> Forecast {
        let text = include_str!("../../../../matrix.toml");
        let config = Config::parse(text, "matrix.toml".as_ref(), "/".into()).expect("a config");
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        let axes =
            if lines.is_empty() { BTreeMap::new() } else { BTreeMap::from([("line".to_owned(), lines)]) };
        let request = Request { preset: Some(preset.into()), axes, ..Request::default() };
        let plan = plan::plan(&config, &request).expect("a plan");
        forecast(foretell(plan, &config, &Knowledge::default()), &config, &[])
    }

    #[test]
    fn pairwise_covers_every_pair_in_as_few_cells_as_can_be() {
        let Coverage { covered, of, fewest, .. } = check("pairwise", &[]).coverage;
        assert_eq!((covered, of, fewest), (92, 92, 40));
    }

    #[test]
    fn full_leaves_out_the_cells_that_pyo3_refuses_and_no_other() {
        let full = check("full", &[]);
        let state = |legality: &Option<Legality>| legality.as_ref().map(|legality| legality.state);
        for planned in &full.plan.cells {
            let refused = state(&planned.legality) == Some(State::Impossible);
            assert_eq!(planned.excluded.is_some(), refused, "{}: {:?}", planned.cell, planned.excluded);
        }
        assert_eq!((full.plan.live().count(), full.wheels), (384, 64));
    }

    #[test]
    fn no_negative_cell_of_full_is_legal_and_each_says_what_is_foretold() {
        let full = check("full", &[]);
        let state = |legality: &Option<Legality>| legality.as_ref().map(|legality| legality.state);
        for negative in &full.plan.negatives {
            assert_eq!(state(&negative.legality), Some(State::Impossible), "{}", negative.id);
            let foretold = negative.legality.as_ref().and_then(|legality| legality.message.as_deref());
            let foretold = foretold.expect("a message");
            let expected = &negative.negative.message;
            assert!(foretold.contains(expected.as_str()) || expected.contains(foretold), "{foretold}");
        }
    }

    #[test]
    fn a_wheel_of_the_stable_abi_is_counted_once_for_all_pythons_that_it_serves() {
        let text = include_str!("../../../../matrix.toml");
        let config = Config::parse(text, "matrix.toml".as_ref(), "/".into()).expect("a config");
        let plan = plan::plan(&config, &Request::default()).expect("a plan");
        let known = |feature: &str| Knowledge {
            stable: Stable::of_features(&[feature.to_owned()]),
            ..Knowledge::default()
        };
        let wheels =
            |feature| forecast(foretell(plan.clone(), &config, &known(feature)), &config, &[]).wheels;
        assert_eq!((wheels("macros"), wheels("abi3-py39"), wheels("abi3-py311")), (5, 1, 3));
    }

    #[test]
    fn a_cell_that_cannot_be_built_needs_no_wheel() {
        let current = check("current", &["0.24", "0.30"]);
        // 3.14 and 3.15 on 0.24 are excluded, 3.11 to 3.13 are not.
        assert_eq!((current.plan.cells.len(), current.plan.live().count(), current.wheels), (40, 32, 8));
        assert_eq!(current.coverage.axes[0].of, 7 * 6);
    }
}
