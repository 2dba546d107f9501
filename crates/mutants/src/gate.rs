//! Is a thread of ours inside Python? A thread that comes back to an interpreter that is gone ends the process by an
//! abort. So each thread passes this gate, and the interpreter's exit closes it and waits until no thread is inside.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pyo3::prelude::*;

/// How long a look at a condition waits before the next one.
const PAUSE: Duration = Duration::from_millis(1);

/// Counts the threads that are inside Python or on their way there.
#[derive(Default)]
pub struct Gate {
    is_closed: AtomicBool,
    inside: AtomicUsize,
}

impl Gate {
    /// Runs `work` attached to the interpreter. Returns `None` if the interpreter is exiting; then `work` is
    /// forgotten, because its objects can no longer be released.
    pub fn attach<T>(&self, work: impl FnOnce(Python<'_>) -> T) -> Option<T> {
        let mut work = std::mem::ManuallyDrop::new(Some(work));
        let _inside = self.enter()?;
        Python::try_attach(|py| work.take().map(|work| work(py))).flatten()
    }

    fn enter(&self) -> Option<Inside<'_>> {
        self.inside.fetch_add(1, Ordering::SeqCst);
        let inside = Inside(self);
        (!self.is_closed.load(Ordering::SeqCst)).then_some(inside)
    }

    /// Lets no thread in any more, and waits until none is inside or `limit` has passed.
    pub fn close(&self, limit: Duration) {
        self.is_closed.store(true, Ordering::SeqCst);
        wait_until(limit, || self.inside.load(Ordering::SeqCst) == 0);
    }

    pub fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::SeqCst)
    }
}

struct Inside<'a>(&'a Gate);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Waits until `is_true`, or until `limit` has passed.
pub fn wait_until(limit: Duration, is_true: impl Fn() -> bool) {
    let deadline = Instant::now() + limit;
    while !is_true() && Instant::now() < deadline {
        thread::sleep(PAUSE);
    }
}
