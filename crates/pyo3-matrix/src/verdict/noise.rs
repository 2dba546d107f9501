//! How far can the times of a run be trusted? The noise that its cells scored in, the typical and the worst out. Pure.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::cell::CellId;
use crate::model::noise::Noise;
use crate::model::record::Record;
use crate::verdict::criterion::middle;

/// A machine whose times vary by less is quiet, by more is loud.
const QUIET: f64 = 0.05;
const LOUD: f64 = 0.25;

/// The machine's noise around the benchmarks of a run's cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NoiseOfRun {
    /// The medians over the cells.
    #[serde(flatten)]
    pub typical: Noise,
    pub worst: Noise,
    /// The cell around which it was worst.
    pub worst_cell: CellId,
    pub cells: usize,
}

/// How noisy a machine is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loudness {
    Quiet,
    Busy,
    Loud,
}

impl NoiseOfRun {
    /// What the scores of these cells say together, if there are any.
    #[must_use]
    pub fn of(records: &[&Record]) -> Option<NoiseOfRun> {
        let scored: Vec<(&CellId, Noise)> =
            records.iter().filter_map(|record| Some((&record.cell, record.noise?))).collect();
        let over = |value: fn(&Noise) -> f64| middle(scored.iter().map(|(_, noise)| value(noise)).collect());
        let typical = Noise { spread: over(|noise| noise.spread)?, waited: over(|noise| noise.waited)? };
        let (cell, worst) = scored.iter().max_by(|(_, one), (_, two)| one.spread.total_cmp(&two.spread))?;
        Some(NoiseOfRun { typical, worst: *worst, worst_cell: (*cell).clone(), cells: scored.len() })
    }

    #[must_use]
    pub fn loudness(&self) -> Loudness {
        loudness(self.typical)
    }
}

/// How noisy the machine was by one score.
#[must_use]
pub fn loudness(noise: Noise) -> Loudness {
    match noise.spread {
        spread if spread < QUIET => Loudness::Quiet,
        spread if spread < LOUD => Loudness::Busy,
        _ => Loudness::Loud,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::record::{Outcome, Versions};

    fn scored(spreads: &[Option<f64>]) -> Option<NoiseOfRun> {
        let record = |(at, spread): (usize, &Option<f64>)| {
            let cell = format!("py3.{at}-pyo3_0.1").parse().expect("an id");
            let mut record = Record::empty(cell, Versions::ones(), Outcome::Passed, None);
            record.noise = spread.map(|spread| Noise { spread, waited: spread / 2.0 });
            record
        };
        let records: Vec<Record> = spreads.iter().enumerate().map(record).collect();
        NoiseOfRun::of(&records.iter().collect::<Vec<_>>())
    }

    #[test]
    fn a_run_is_as_noisy_as_its_median_cell_and_names_the_worst() {
        let noise = scored(&[Some(0.02), None, Some(0.5), Some(0.04)]).expect("a score");
        assert_eq!((noise.typical.spread, noise.typical.waited, noise.cells), (0.04, 0.02, 3));
        assert_eq!((noise.worst.spread, noise.worst_cell.to_string().as_str()), (0.5, "py3.2-pyo3_0.1"));
        assert_eq!(noise.loudness(), Loudness::Quiet);
        let loudness = |spread| scored(&[Some(spread)]).expect("a score").loudness();
        assert_eq!([loudness(0.1), loudness(0.3)], [Loudness::Busy, Loudness::Loud]);
        assert!(scored(&[None]).is_none());
    }
}
