//! How does a cancelled awaitable end its work? A callback on the asyncio future drops the Rust future.

use std::sync::Arc;

use pyo3::prelude::*;
use tokio::task::AbortHandle;

use super::loop_native::Task;
use super::process;

/// A piece of work, on Tokio or on the loop's own thread.
pub enum Stop {
    Tokio(AbortHandle),
    Native(Arc<Task>),
}

impl Stop {
    /// Drops the work when `future` is cancelled.
    pub fn when_cancelled(self, future: &Bound<'_, PyAny>) -> PyResult<()> {
        let name = pyo3::intern!(future.py(), "add_done_callback");
        future.call_method1(name, (Ended(self),)).map(drop)
    }
}

/// The asyncio future calls this when it ends, in whatever way it ends.
#[pyclass(frozen)]
struct Ended(Stop);

#[pymethods]
impl Ended {
    fn __call__(&self, future: &Bound<'_, PyAny>) -> PyResult<()> {
        // If this is a forked child that goes on with its parent's loop, the work belongs to the parent.
        if process::is_orphan() {
            return Ok(());
        }
        if future.call_method0(pyo3::intern!(future.py(), "cancelled"))?.is_truthy()? {
            match &self.0 {
                Stop::Tokio(task) => task.abort(),
                Stop::Native(task) => task.cancel(),
            }
        }
        Ok(())
    }
}
