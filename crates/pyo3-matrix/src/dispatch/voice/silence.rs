//! When is a log told that something is still at work? The name of the work and the time in, whether a line is due out. Pure.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long a log is silent about something that is at work.
const LIMIT: Duration = Duration::from_secs(30);

/// What a log was told when.
#[derive(Debug, Default)]
pub struct Silence {
    told: BTreeMap<String, Instant>,
}

impl Silence {
    /// Whether a log is told now how far the work called `name` is. Work that ends soon is never told of.
    pub fn is_over(&mut self, name: &str, now: Instant) -> bool {
        let told = self.told.entry(name.to_owned()).or_insert(now);
        let is_over = now.duration_since(*told) >= LIMIT;
        if is_over {
            *told = now;
        }
        is_over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_told_every_half_minute_of_each_work() {
        let (mut silence, begun) = (Silence::default(), Instant::now());
        let mut over = |name: &str, second| silence.is_over(name, begun + Duration::from_secs(second));
        let first: Vec<bool> = [0, 1, 29, 30, 31, 59, 60].map(|second| over("a", second)).into();
        assert_eq!(first, [false, false, false, true, false, false, true]);
        assert_eq!([over("b", 60), over("b", 89), over("b", 90)], [false, false, true]);
    }
}
