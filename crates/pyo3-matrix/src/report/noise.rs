//! How far can the times be trusted? The noise of a run in one sentence, for every format.

use std::fmt::Write as _;

use crate::verdict::noise::{Loudness, NoiseOfRun};

/// A share of waiting that is told.
const WAITED: f64 = 0.01;

/// The sentence.
#[must_use]
pub fn sentence(noise: &NoiseOfRun) -> String {
    let NoiseOfRun { typical, worst, worst_cell, cells } = noise;
    let mut text =
        format!("the same piece of work varied by {} around the benchmarks", percent(typical.spread));
    if *cells > 1 {
        let _ = write!(text, ", by {} at most (at {worst_cell})", percent(worst.spread));
    }
    if typical.waited >= WAITED {
        let _ = write!(text, ", and waited {} of its time for a processor", percent(typical.waited));
    }
    match noise.loudness() {
        Loudness::Quiet => format!("a quiet machine: {text}"),
        Loudness::Busy => format!("a busy machine: {text}; small differences may be the machine's"),
        Loudness::Loud => format!("a loud machine: {text}; times say little here"),
    }
}

/// `2.1 %`, `14 %`.
fn percent(share: f64) -> String {
    let hundredths = share * 100.0;
    if hundredths < 9.95 { format!("{hundredths:.1} %") } else { format!("{hundredths:.0} %") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::noise::Noise;

    fn told(spread: f64, waited: f64, cells: usize) -> String {
        let worst = Noise { spread: 0.301, waited };
        let worst_cell = "py3.12-pyo3_0.1".parse().expect("an id");
        sentence(&NoiseOfRun { typical: Noise { spread, waited }, worst, worst_cell, cells })
    }

    #[test]
    fn a_sentence_says_how_quiet_the_machine_was_and_what_that_means() {
        let quiet = "a quiet machine: the same piece of work varied by 2.1 % around the benchmarks";
        assert_eq!(told(0.021, 0.0, 1), quiet);
        let busy = "a busy machine: the same piece of work varied by 12 % around the benchmarks, by 30 % at most (at \
                    py3.12-pyo3_0.1); small differences may be the machine's";
        assert_eq!(told(0.12, 0.0, 4), busy);
        let loud = "a loud machine: the same piece of work varied by 40 % around the benchmarks, and waited 25 % of its time for \
                    a processor; times say little here";
        assert_eq!(told(0.4, 0.25, 1), loud);
    }
}
