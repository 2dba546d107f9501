//! How many operations of one object are at work in Rust now, and how are they ended together?

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::exit::CRASHING;
use crate::fault::Fault;

/// The operations of one object in one process.
#[derive(Default)]
pub struct Works {
    at_work: AtomicUsize,
    /// Cancelled when the object is closed.
    pub closing: CancellationToken,
}

impl Works {
    pub fn at_work(&self) -> usize {
        self.at_work.load(Ordering::SeqCst)
    }

    /// Counts one operation until the guard is dropped.
    pub fn begin(self: &Arc<Self>, fault: Fault) -> AtWork {
        self.at_work.fetch_add(1, Ordering::SeqCst);
        if fault == Fault::CrashAtExit {
            CRASHING.fetch_add(1, Ordering::SeqCst);
        }
        AtWork { works: Arc::clone(self), fault }
    }
}

/// One operation that is at work.
pub struct AtWork {
    works: Arc<Works>,
    fault: Fault,
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.works.at_work.fetch_sub(1, Ordering::SeqCst);
        if self.fault == Fault::CrashAtExit {
            CRASHING.fetch_sub(1, Ordering::SeqCst);
        }
    }
}
