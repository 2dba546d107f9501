//! Which axis moves the cost, and by how much? What the cells measured in; for each axis what each of its values does, with an
//! interval, out. Pure.
//!
//! Every measure is fitted as a sum of one effect per axis: of its logarithm for times, which makes the effects factors; of
//! the slope itself for memory. So a pairwise plan is enough, in which no two cells differ on one axis alone. Cells far off
//! the fit were disturbed; they are left out once, and counted. An interval holds for all steps of a measure at once
//! (Bonferroni), and an axis *moves* a measure only if a step's interval excludes no change and the step is not negligible.

mod fit;
mod observation;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::record::Record;
use fit::{Axis, Estimate, Fit};
use observation::{Observed, Quantity};

/// The level of the intervals, for all steps of a measure together.
pub const CONFIDENCE: f64 = 0.99;
/// A smaller change of a time is negligible: five percent.
const LEAST_FACTOR: f64 = 0.05;
/// A smaller change of a slope is negligible: bytes per 1,000 operations, a quarter of what the leak tests allow.
const LEAST_BYTES: f64 = 16_384.0;

/// What the values of one axis do to one measure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Effect {
    /// The comparison's name and title, or the leak test's name and what grew there.
    pub measure: String,
    pub title: String,
    pub unit: EffectUnit,
    /// `line`, `python`, `choice`, or the letters of a service.
    pub axis: String,
    /// In the order of the axis. The others are relative to the first.
    pub values: Vec<OfValue>,
    /// How many cells measured it, and how many of them were disturbed and are left out.
    pub cells: usize,
    #[serde(default)]
    pub left_out: usize,
}

/// How the numbers of an effect are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EffectUnit {
    /// A factor of the time that the candidate takes.
    Time,
    /// A factor of the time that the candidate takes, in relation to its control beside it.
    TimeToControl,
    /// A factor of the instructions that a call takes.
    Instructions,
    /// Bytes per 1,000 operations more.
    Bytes,
}

/// One value of an axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OfValue {
    pub value: String,
    pub cells: usize,
    /// Against the first value.
    pub change: Change,
    /// Against the value before it, where values have an order. Absent for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Change>,
    /// Whether the step is one: its interval excludes no change, and it is not negligible.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub moves: bool,
}

/// A change with its interval: a factor, or bytes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    pub estimate: f64,
    pub low: f64,
    pub high: f64,
}

/// What every axis does to every measure of these cells, where they tell.
#[must_use]
pub fn effects(records: &[&Record]) -> Vec<Effect> {
    let mut all = Vec::new();
    for (quantity, (axes, observed)) in observation::all(records) {
        all.extend(of_quantity(&quantity, &axes, &observed));
    }
    all
}

fn of_quantity(quantity: &Quantity, axes: &[Axis], observed: &[Observed]) -> Vec<Effect> {
    let Some(fit) = Fit::of(axes, observed) else { return Vec::new() };
    let of_axis = |(at, axis): (usize, &Axis)| {
        if !quantity.concerns(&axis.name) {
            return None;
        }
        let value = |(place, value): (usize, &String)| {
            let change = change(quantity.unit, fit.change(at, place, 0));
            let before = axis.is_ordered.then(|| place.checked_sub(1)).flatten();
            let step = before.map(|before| fit.change(at, place, before));
            let against = step.or_else(|| (place > 0).then(|| fit.change(at, place, 0)));
            OfValue {
                value: value.clone(),
                cells: observed.iter().filter(|one| one.places[at] == place).count(),
                change,
                step: step.map(|step| self::change(quantity.unit, step)),
                moves: against.is_some_and(|step| moves(quantity.unit, step)),
            }
        };
        Some(Effect {
            measure: quantity.name.clone(),
            title: quantity.title.clone(),
            unit: quantity.unit,
            axis: axis.name.clone(),
            values: axis.values.iter().enumerate().map(value).collect(),
            cells: observed.len(),
            left_out: fit.left_out,
        })
    };
    axes.iter().enumerate().filter_map(of_axis).collect()
}

fn change(unit: EffectUnit, Estimate { value, half }: Estimate) -> Change {
    let of = |number: f64| if unit == EffectUnit::Bytes { number } else { number.exp() };
    Change { estimate: of(value), low: of(value - half), high: of(value + half) }
}

fn moves(unit: EffectUnit, Estimate { value, half }: Estimate) -> bool {
    let least = if unit == EffectUnit::Bytes { LEAST_BYTES } else { (1.0 + LEAST_FACTOR).ln() };
    value.abs() > half && value.abs() >= least
}

/// The largest steps of each measure and axis, the largest first: what a reader should know before all numbers.
#[must_use]
pub fn movers(effects: &[Effect]) -> Vec<(&Effect, &OfValue)> {
    let steps = effects.iter().flat_map(|effect| effect.values.iter().map(move |value| (effect, value)));
    let mut moving: Vec<(&Effect, &OfValue)> = steps.filter(|(_, value)| value.moves).collect();
    let size = |(effect, value): &(&Effect, &OfValue)| {
        let estimate = value.step.unwrap_or(value.change).estimate;
        if effect.unit == EffectUnit::Bytes { estimate.abs() / LEAST_BYTES } else { estimate.ln().abs() }
    };
    moving.sort_by(|one, other| size(other).total_cmp(&size(one)));
    moving
}

#[cfg(test)]
mod tests;
