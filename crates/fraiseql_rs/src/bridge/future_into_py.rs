//! The reference strategy: it uses pyo3-async-runtimes unchanged, and this is the pairing that the matrix tests.
//!
//! The library handles cancellation: a done callback on the asyncio future tells the Tokio task, which then drops
//! `work`.

use std::future::Future;

use pyo3::prelude::*;
use pyo3_async_runtimes::tokio::future_into_py_with_locals;
use pyo3_async_runtimes::TaskLocals;

use super::event_loop::EventLoop;
use super::thread_state;

/// See the contract in [`super`].
pub fn awaitable<'py, F, T>(event_loop: &Bound<'py, EventLoop>, work: F) -> PyResult<Bound<'py, PyAny>>
where
    F: Future<Output = T> + Send + 'static,
    T: for<'any> IntoPyObject<'any> + Send + 'static,
{
    let work = EventLoop::bound(event_loop, work);
    let work = async move { work.await.map(Completed) };
    future_into_py_with_locals(event_loop.py(), TaskLocals::new(event_loop.clone().into_any()), work)
}

/// An output that is converted on the thread that completes the awaitable. The conversion also keeps that thread's
/// state (`thread_state`), which makes the next completion cheap.
struct Completed<T>(T);

impl<'py, T: IntoPyObject<'py>> IntoPyObject<'py> for Completed<T> {
    type Target = T::Target;
    type Output = T::Output;
    type Error = T::Error;

    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        thread_state::keep(py);
        self.0.into_pyobject(py)
    }
}
