//! How does a large result become a Python object without stopping the loop? In slices: the loop has its turn between
//! two of them.

use std::time::{Duration, Instant};

use pyo3::prelude::*;

/// How long a slice lasts. asyncio's own debug mode calls a callback slow after 100 ms.
const LENGTH: Duration = Duration::from_millis(2);

/// What an awaitable resolves to.
pub trait Output: Send + 'static {
    /// Makes the object while attached to the interpreter, as far as `slice` allows. `None` means that a part is left:
    /// the caller lets the loop go on, and calls again.
    fn make(&mut self, py: Python<'_>, slice: &mut Slice) -> Option<PyResult<Py<PyAny>>>;
}

impl Output for Py<PyAny> {
    fn make(&mut self, py: Python<'_>, _: &mut Slice) -> Option<PyResult<Py<PyAny>>> {
        Some(Ok(self.clone_ref(py)))
    }
}

/// A span of time for work in small pieces.
pub struct Slice {
    end: Option<Instant>,
    pieces: usize,
}

impl Slice {
    /// The clock is read once for so many pieces of work.
    pub const PIECES: usize = 64;

    /// A slice that begins when the clock is first read, so that a small result does not pay for it.
    pub fn new() -> Self {
        Self { end: None, pieces: 0 }
    }

    /// Counts so many pieces of work. Returns true if the slice is over, so that no more work belongs to it.
    pub fn is_over_after(&mut self, pieces: usize) -> bool {
        self.pieces += pieces;
        if self.pieces < Self::PIECES {
            return false;
        }
        self.pieces = 0;
        let now = Instant::now();
        now >= *self.end.get_or_insert(now + LENGTH)
    }
}
