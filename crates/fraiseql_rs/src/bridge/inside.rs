//! Which threads are inside one of our functions, and may run Python code from there? Before 3.14 the exiting
//! interpreter kills a daemon thread that wants the interpreter back, and unwinding that thread through Rust aborts
//! the process. So once the interpreter exits, no thread may enter, and the exit waits for the threads that are
//! inside.

use std::time::{Duration, Instant};

use pyo3::prelude::*;

use super::count::{Count, Counted};
use super::ending;

/// How often [`wait_until_none`] looks again.
const PAUSE: Duration = Duration::from_millis(1);

static INSIDE: Count = Count::new();

/// A guard: its thread counts as inside until the guard is dropped.
pub struct Inside {
    _counted: Counted,
}

impl Inside {
    /// Returns an error once the interpreter exits.
    pub fn enter() -> PyResult<Self> {
        // The thread is counted before it reads the flag. The exit sets the flag before it reads the count, so it
        // misses no thread.
        let inside = Self { _counted: INSIDE.one() };
        if ending::is_exiting() {
            return Err(ending::ended());
        }
        Ok(inside)
    }
}

/// Waits until no thread is inside any more, for at most `limit`. The caller is detached from the interpreter.
pub fn wait_until_none(limit: Duration) {
    let deadline = Instant::now() + limit;
    while INSIDE.get() > 0 && Instant::now() < deadline {
        std::thread::sleep(PAUSE);
    }
}
