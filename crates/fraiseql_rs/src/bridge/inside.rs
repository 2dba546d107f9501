//! Which threads are inside one of our functions, and may run Python code from there? A daemon thread that wants the
//! interpreter back while it exits is ended on the spot by the interpreter (before 3.14), and unwinding it through Rust aborts
//! the process. So once the interpreter exits nobody gets in, and the exit waits for those who are.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use super::ending;

/// How often [`wait_until_none`] looks again.
const PAUSE: Duration = Duration::from_millis(1);

static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Counts a thread for as long as it is inside.
pub struct Inside(());

impl Inside {
    /// An error once the interpreter exits.
    pub fn enter() -> PyResult<Self> {
        // Counted before the flag is read: the exit, which sets the flag before it reads the count, misses nobody.
        COUNT.fetch_add(1, Ordering::SeqCst);
        let inside = Self(());
        if ending::is_exiting() {
            return Err(ending::ended());
        }
        Ok(inside)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        COUNT.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Waits, detached from the interpreter, until no thread is inside any more, at most `limit`.
pub fn wait_until_none(limit: Duration) {
    let deadline = Instant::now() + limit;
    while COUNT.load(Ordering::SeqCst) > 0 && Instant::now() < deadline {
        std::thread::sleep(PAUSE);
    }
}
