//! How many guards exist at this moment? A counter goes up when a guard is made, and down when the guard is dropped. A
//! forked child counts from zero: the guards of its parent are not its own.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::per_process::PerProcess;

/// See the module.
pub struct Count(PerProcess<AtomicUsize>);

impl Count {
    pub const fn new() -> Self {
        Self(PerProcess::new())
    }

    /// Counts one more until the returned guard is dropped.
    pub fn one(&self) -> Counted {
        let Ok(count) = self.0.get_or_try_make(|| Ok::<_, Infallible>(AtomicUsize::new(0)));
        count.fetch_add(1, Ordering::SeqCst);
        Counted(count)
    }

    pub fn get(&self) -> usize {
        self.0.get().map_or(0, |count| count.load(Ordering::SeqCst))
    }
}

/// The guard: it is counted as long as it lives.
pub struct Counted(&'static AtomicUsize);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
