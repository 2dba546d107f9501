//! How does a cancelled awaitable end its work? A callback on the asyncio future, which has the Rust future dropped.

use std::sync::Arc;

use pyo3::prelude::*;
use tokio::task::AbortHandle;

use super::loop_native::Task;
use super::process;

/// A piece of work, wherever it runs.
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

/// What the asyncio future calls at its end, whichever that is.
#[pyclass(frozen)]
struct Ended(Stop);

#[pymethods]
impl Ended {
    fn __call__(&self, future: &Bound<'_, PyAny>) -> PyResult<()> {
        // The work is the parent's, if this is a child that goes on with its parent's loop.
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
