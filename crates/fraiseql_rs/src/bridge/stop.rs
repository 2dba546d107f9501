//! How does a cancelled awaitable end its work? A callback on the asyncio future drops the Rust future.

use std::sync::Arc;

use pyo3::prelude::*;
use tokio::task::AbortHandle;

use super::per_process::Home;

/// Work that can be dropped at any moment, from a thread that must not wait.
pub trait Stop: Send + Sync {
    fn stop(&self);
}

impl Stop for AbortHandle {
    fn stop(&self) {
        self.abort();
    }
}

/// Drops the work when `future` is cancelled.
pub fn when_cancelled(future: &Bound<'_, PyAny>, work: Arc<dyn Stop>) -> PyResult<()> {
    let name = pyo3::intern!(future.py(), "add_done_callback");
    future.call_method1(name, (Ended { work, home: Home::here() },)).map(drop)
}

/// The asyncio future calls this when it ends, in whatever way it ends.
#[pyclass(frozen)]
struct Ended {
    work: Arc<dyn Stop>,
    home: Home,
}

#[pymethods]
impl Ended {
    fn __call__(&self, future: &Bound<'_, PyAny>) -> PyResult<()> {
        // If this is a forked child that goes on with its parent's loop, the work belongs to the parent.
        if self.home.is_elsewhere() {
            return Ok(());
        }
        if future.call_method0(pyo3::intern!(future.py(), "cancelled"))?.is_truthy()? {
            self.work.stop();
        }
        Ok(())
    }
}
