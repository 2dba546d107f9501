//! The reference strategy: pyo3-async-runtimes as it is, the pairing that the matrix tests.
//!
//! Cancellation is the library's: a done callback on the asyncio future tells the Tokio task, which then drops
//! `work`.

use std::future::Future;

use pyo3::prelude::*;
use pyo3_async_runtimes::tokio::future_into_py_with_locals;
use pyo3_async_runtimes::TaskLocals;

use super::event_loop::EventLoop;

/// See the contract in [`super`].
pub fn awaitable<F, T>(py: Python<'_>, work: F) -> PyResult<Bound<'_, PyAny>>
where
    F: Future<Output = T> + Send + 'static,
    T: for<'any> IntoPyObject<'any> + Send + 'static,
{
    let event_loop = EventLoop::running(py)?;
    let work = EventLoop::bound(&event_loop, work);
    future_into_py_with_locals(py, TaskLocals::new(event_loop.into_any()), work)
}
