//! What does each value of each axis add? Numbers at places of axes in, estimates with intervals out: least squares.

use nalgebra::{DMatrix, DVector};
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::CONFIDENCE;
use super::observation::Observed;

/// A number further off the fit than so many deviations is a disturbed one.
const DISTURBED: f64 = 5.0;
/// The median of absolute residuals is so many times smaller than their standard deviation, where they are normal.
const TO_DEVIATION: f64 = 1.4826;
/// A value that one cell alone measures has a variance of a few times that of a cell.
const CONFOUNDED: f64 = 1e3;
/// With fewer numbers beyond those that are fitted, an interval says nothing.
const LEAST_FREEDOM: usize = 3;

/// An axis on which cells differ, with two values or more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axis {
    pub name: String,
    /// Whether its values have an order.
    pub is_ordered: bool,
    pub values: Vec<String>,
}

/// An estimate, and half of its interval.
#[derive(Debug, Clone, Copy)]
pub struct Estimate {
    pub value: f64,
    pub half: f64,
}

/// A sum of one effect per axis, fitted to what was observed.
pub struct Fit {
    /// The first column of each axis. An axis of `n` values has `n - 1`; its first value is the base.
    columns: Vec<usize>,
    effects: DVector<f64>,
    covariance: DMatrix<f64>,
    quantile: f64,
    pub left_out: usize,
}

impl Fit {
    /// Fits; `None` where the cells are too few, or do not tell the axes apart.
    pub fn of(axes: &[Axis], observed: &[Observed]) -> Option<Fit> {
        let first = solve(axes, observed)?;
        let residuals = first.residuals(observed);
        let mut sizes: Vec<f64> = residuals.iter().map(|residual| residual.abs()).collect();
        sizes.sort_by(f64::total_cmp);
        let most = DISTURBED * TO_DEVIATION * sizes.get(sizes.len() / 2).copied().unwrap_or_default();
        let kept =
            observed.iter().zip(&residuals).filter(|(_, residual)| most == 0.0 || residual.abs() <= most);
        let kept: Vec<Observed> = kept.map(|(one, _)| one.clone()).collect();
        if kept.len() == observed.len() {
            return Some(first);
        }
        // Where a value was measured in disturbed cells alone, they count.
        let Some(second) = solve(axes, &kept) else { return Some(first) };
        Some(Fit { left_out: observed.len() - kept.len(), ..second })
    }

    /// What the value at `place` of an axis adds in comparison with the one at `base`.
    pub fn change(&self, axis: usize, place: usize, base: usize) -> Estimate {
        let mut contrast = DVector::zeros(self.effects.len());
        for (at, sign) in [(place, 1.0), (base, -1.0)] {
            if at > 0 {
                contrast[self.columns[axis] + at - 1] += sign;
            }
        }
        let variance = (contrast.transpose() * &self.covariance * &contrast)[(0, 0)];
        Estimate { value: contrast.dot(&self.effects), half: self.quantile * variance.max(0.0).sqrt() }
    }

    fn residuals(&self, observed: &[Observed]) -> Vec<f64> {
        observed
            .iter()
            .map(|one| one.value - row(&self.columns, self.effects.len(), one).dot(&self.effects))
            .collect()
    }
}

fn solve(axes: &[Axis], observed: &[Observed]) -> Option<Fit> {
    let mut columns = Vec::new();
    let mut width = 1;
    for axis in axes {
        columns.push(width);
        width += axis.values.len() - 1;
    }
    let freedom = observed.len().checked_sub(width).filter(|freedom| *freedom >= LEAST_FREEDOM)?;
    let mut normal = DMatrix::zeros(width, width);
    let mut right = DVector::zeros(width);
    for one in observed {
        let row = row(&columns, width, one);
        normal.ger(1.0, &row, &row, 1.0);
        right.axpy(one.value, &row, 1.0);
    }
    let inverse = normal.cholesky()?.inverse();
    // Axes that go together cannot be told apart: rounding alone hides that nothing can be inverted there.
    if inverse.diagonal().iter().any(|variance| variance.is_nan() || *variance > CONFOUNDED) {
        return None;
    }
    let effects = &inverse * right;
    let mut fit = Fit { columns, effects, covariance: inverse, quantile: 0.0, left_out: 0 };
    let squares: f64 = fit.residuals(observed).iter().map(|residual| residual * residual).sum();
    #[expect(clippy::cast_precision_loss, reason = "cells are few")]
    let (freedom, steps) = (freedom as f64, (width - 1).max(1) as f64);
    fit.covariance *= squares / freedom;
    let tail = (1.0 - CONFIDENCE) / steps / 2.0;
    fit.quantile = StudentsT::new(0.0, 1.0, freedom).ok()?.inverse_cdf(1.0 - tail);
    Some(fit)
}

/// What is added for one cell: 1 for the mean, and 1 for its value on each axis, but for the first values.
fn row(columns: &[usize], width: usize, one: &Observed) -> DVector<f64> {
    let mut row = DVector::zeros(width);
    row[0] = 1.0;
    for (column, place) in columns.iter().zip(&one.places) {
        if *place > 0 {
            row[column + place - 1] = 1.0;
        }
    }
    row
}
