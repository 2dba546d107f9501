//! How noisy is this machine now? One piece of work, again and again for a third of a second; how long each time took, out.

use std::hint::black_box;
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};

use crate::model::noise::Noise;

/// How often the work is done, and how long each time should take on a quiet machine.
const PIECES: usize = 200;
const PIECE: Duration = Duration::from_micros(1500);

/// Scores the machine. Nothing of the harness's own may be at work meanwhile.
#[must_use]
pub fn score() -> Noise {
    let steps = calibrated();
    let (begun, ran) = (Instant::now(), processor_time());
    let pieces: Vec<f64> = (0..PIECES).map(|_| seconds_of(steps)).collect();
    let (wall, ran) = (begun.elapsed().as_secs_f64(), processor_time().saturating_sub(ran).as_secs_f64());
    Noise { spread: spread(pieces), waited: (1.0 - ran / wall).clamp(0.0, 1.0) }
}

/// The number of steps that take as long as a piece should, by the fastest of several tries.
fn calibrated() -> u32 {
    const TRIED: u32 = 100_000;
    let fastest = (0..5).map(|_| seconds_of(TRIED)).fold(f64::INFINITY, f64::min);
    let factor = (PIECE.as_secs_f64() / fastest.max(1e-6)).clamp(0.1, 1000.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most a hundred million")]
    let steps = (f64::from(TRIED) * factor) as u32;
    steps
}

/// Does the work, which stays in the registers, and returns how long it took.
fn seconds_of(steps: u32) -> f64 {
    let begun = Instant::now();
    let mut number = black_box(0x9e37_79b9_7f4a_7c15_u64);
    for _ in 0..steps {
        number ^= number << 13;
        number ^= number >> 7;
        number ^= number << 17;
    }
    black_box(number);
    begun.elapsed().as_secs_f64()
}

/// What this thread had of the processor. Where that cannot be known, nothing waits.
fn processor_time() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}

/// From the tenth of a hundred to the ninetieth, in relation to the median.
fn spread(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    let at = |hundredth: usize| times[(times.len() - 1) * hundredth / 100];
    (at(90) - at(10)) / at(50)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_is_that_of_the_middle_four_fifths() {
        // One that took ten times as long is no tenth of a hundred.
        let mut times: Vec<f64> = (0..100).map(|at| 100.0 + f64::from(at) / 10.0).collect();
        times.push(1000.0);
        assert!((spread(times) - 8.0 / 105.0).abs() < 1e-9);
        assert!(spread(vec![2.0; 50]).abs() < 1e-12);
    }

    #[test]
    fn a_score_is_made_of_shares() {
        let Noise { spread, waited } = score();
        assert!(spread >= 0.0 && (0.0..=1.0).contains(&waited), "{spread} {waited}");
    }
}
