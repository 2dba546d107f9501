//! How many guards exist at this moment? A counter goes up when a guard is made, and down when the guard is dropped.

use std::sync::atomic::{AtomicUsize, Ordering};

/// See the module.
pub struct Count(AtomicUsize);

impl Count {
    pub const fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// Counts one more until the returned guard is dropped.
    pub fn one(&'static self) -> Counted {
        self.0.fetch_add(1, Ordering::SeqCst);
        Counted(self)
    }

    pub fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// The guard: it is counted as long as it lives.
pub struct Counted(&'static Count);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0 .0.fetch_sub(1, Ordering::SeqCst);
    }
}
