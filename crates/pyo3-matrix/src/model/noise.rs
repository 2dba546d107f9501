//! How quiet was the machine around a measurement? What a fixed piece of work said of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The machine's own noise, as shares: 0.05 is five percent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Noise {
    /// How far the times of one and the same piece of work lie apart: from the tenth of a hundred to the ninetieth, in
    /// relation to the median.
    pub spread: f64,
    /// The share of its time in which the work waited for a processor that others had.
    pub waited: f64,
}

impl Noise {
    /// The worse of two scores, by each share.
    #[must_use]
    pub fn or_worse(self, other: Noise) -> Noise {
        Noise { spread: self.spread.max(other.spread), waited: self.waited.max(other.waited) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_scores_the_worse_share_counts() {
        let (one, two) = (Noise { spread: 0.1, waited: 0.3 }, Noise { spread: 0.2, waited: 0.0 });
        assert_eq!(one.or_worse(two), Noise { spread: 0.2, waited: 0.3 });
    }
}
