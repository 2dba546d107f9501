//! Which threads are inside one of our functions, and may run Python code from there? A daemon thread that wants the
//! interpreter back while it exits is ended on the spot by the interpreter (before 3.14), and unwinding it through Rust aborts
//! the process. So once the interpreter exits nobody gets in, and the exit waits for those who are.

use std::time::{Duration, Instant};

use pyo3::prelude::*;

use super::count::{Count, Counted};
use super::ending;

/// How often [`wait_until_none`] looks again.
const PAUSE: Duration = Duration::from_millis(1);

static INSIDE: Count = Count::new();

/// Counts a thread for as long as it is inside.
pub struct Inside {
    _counted: Counted,
}

impl Inside {
    /// An error once the interpreter exits.
    pub fn enter() -> PyResult<Self> {
        // Counted before the flag is read: the exit, which sets the flag before it reads the count, misses nobody.
        let inside = Self { _counted: INSIDE.one() };
        if ending::is_exiting() {
            return Err(ending::ended());
        }
        Ok(inside)
    }
}

/// Waits, detached from the interpreter, until no thread is inside any more, at most `limit`.
pub fn wait_until_none(limit: Duration) {
    let deadline = Instant::now() + limit;
    while INSIDE.get() > 0 && Instant::now() < deadline {
        std::thread::sleep(PAUSE);
    }
}
