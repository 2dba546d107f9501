//! Did a cell lose of its speed-up? The ratios of two runs in; those that chance does not explain, out.
//!
//! The interval of a ratio knows how far the blocks of one run scatter. The same code may scatter further from run to run:
//! where the kernel puts a server's process stays as long as that process, and differs in the next run. So this scatter is
//! taken from the ratios of both runs themselves. A change that all cells share stands out of it sooner than one of a
//! single cell.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

use crate::model::cell::CellId;
use crate::verdict::criterion::middle;
use crate::verdict::measured::{Measured, Ratio};

/// The least share of a speed-up whose loss is told.
const LEAST_LOSS: f64 = 0.05;

/// How probable it may be that anything is told where no code differs. By Bonferroni, each test has an equal part of it: two runs
/// of twenty cells have a hundred ratios, of which some are unusual by chance.
const FALSE_ALARM: f64 = 0.05;

/// The standard deviation of the logarithm of a ratio from run to run that is expected where cells are too few to tell: that
/// of `SELECT 1` over connections that are opened once per run, on a quiet machine with two cores.
const USUAL_SCATTER: f64 = 0.07;

/// So many ratios weigh as much as the usual scatter does.
const USUAL_WEIGHT: f64 = 8.0;

/// A comparison in which the candidate lost of its speed-up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Slower {
    pub cell: CellId,
    pub comparison: String,
    pub before: Ratio,
    pub after: Ratio,
}

/// The speed-ups of two runs: comparison → cell by cell.
#[derive(Debug, Default)]
pub struct Speedups(BTreeMap<String, Vec<Slower>>);

impl Slower {
    /// The share of the speed-up that is lost.
    #[must_use]
    pub fn loss(&self) -> f64 {
        1.0 - self.after.speedup.ratio / self.before.speedup.ratio
    }

    /// By how much the logarithm of the ratio fell.
    fn fall(&self) -> f64 {
        (self.before.speedup.ratio / self.after.speedup.ratio).ln()
    }

    /// The variance of that within the runs, by those halves of their intervals that face each other.
    fn variance(&self) -> f64 {
        let (before, after) = (self.before.speedup, self.after.speedup);
        let below = (before.ratio / before.low).ln() / quantile(f64::midpoint(1.0, before.confidence));
        let above = (after.high / after.ratio).ln() / quantile(f64::midpoint(1.0, after.confidence));
        below.mul_add(below, above * above)
    }
}

impl Speedups {
    /// Adds what a cell measured in both runs.
    pub fn add(&mut self, cell: &CellId, one: &Measured, two: &Measured) {
        for (comparison, after) in &two.comparisons {
            let Some(before) = one.comparisons.get(comparison) else { continue };
            let change =
                Slower { cell: cell.clone(), comparison: comparison.clone(), before: *before, after: *after };
            if change.fall().is_finite() && change.variance().is_finite() {
                self.0.entry(comparison.clone()).or_default().push(change);
            }
        }
    }

    /// What is slower beyond chance: a comparison as a whole, with each cell that lost of it, or in single cells.
    #[must_use]
    pub fn slower(self) -> Vec<Slower> {
        let tests = self.0.len() + self.0.values().map(Vec::len).sum::<usize>();
        #[expect(clippy::cast_precision_loss, reason = "runs have fewer ratios than 2^52")]
        let most = quantile(1.0 - FALSE_ALARM / tests.max(1) as f64);
        let mut found = Vec::new();
        for changes in self.0.into_values() {
            let scatter = scatter(&changes);
            let is_shared = shared_loss(&changes, scatter, most) > LEAST_LOSS;
            let alone = |one: &Slower| one.fall() > most * (one.variance() + scatter).sqrt();
            found.extend(
                changes.into_iter().filter(|one| one.loss() > LEAST_LOSS && (is_shared || alone(one))),
            );
        }
        found
    }
}

/// The variance from run to run, of what the cells of a comparison do not share: one that has more to do scatters more.
fn scatter(changes: &[Slower]) -> f64 {
    let middle = middle(changes.iter().map(Slower::fall).collect()).unwrap_or_default();
    let beyond = changes.iter().map(|change| (change.fall() - middle).powi(2) - change.variance());
    #[expect(clippy::cast_precision_loss, reason = "runs have fewer cells than 2^52")]
    let freedom = changes.len().saturating_sub(1) as f64;
    let usual = USUAL_WEIGHT * USUAL_SCATTER * USUAL_SCATTER;
    ((usual + beyond.sum::<f64>()) / (USUAL_WEIGHT + freedom)).max(0.0)
}

/// The share that the cells of one comparison lost together, if that is beyond chance; else 0.
fn shared_loss(changes: &[Slower], scatter: f64, most: f64) -> f64 {
    let weight = |change: &Slower| (change.variance() + scatter).max(f64::MIN_POSITIVE).recip();
    let weights: f64 = changes.iter().map(weight).sum();
    let fall = changes.iter().map(|change| weight(change) * change.fall()).sum::<f64>() / weights;
    if fall > most * weights.recip().sqrt() { 1.0 - (-fall).exp() } else { 0.0 }
}

/// Below how many standard deviations such a share of a normal distribution lies.
fn quantile(share: f64) -> f64 {
    Normal::standard().inverse_cdf(share)
}
