//! How quiet was the machine before a measurement? What a fixed piece of work said of it.

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
