//! The reference strategy: it uses pyo3-async-runtimes unchanged, and this is the pairing that the matrix tests.
//!
//! The library handles cancellation: a done callback on the asyncio future tells the Tokio task, which then drops
//! `work`.

use std::future::Future;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3_async_runtimes::tokio::{future_into_py_with_locals, init_with_runtime};
use pyo3_async_runtimes::TaskLocals;

use super::event_loop::EventLoop;
use super::output::{Output, Slice};
use super::per_process::Home;
use super::{runtime, scarce, thread_state};
use crate::compat;

/// The process whose runtime the library has. The library keeps one runtime for ever, in its children too.
static LENT: Home = Home::nowhere();

/// See the contract in [`super`].
pub fn awaitable<'py, F, T>(event_loop: &Bound<'py, EventLoop>, work: F) -> PyResult<Bound<'py, PyAny>>
where
    F: Future<Output = T> + Send + 'static,
    T: Output,
{
    lend_runtime()?;
    let work = EventLoop::bound(event_loop, work);
    let work = async move { work.await.map(Completed) };
    future_into_py_with_locals(event_loop.py(), TaskLocals::new(event_loop.clone().into_any()), work)
}

/// Gives the library our runtime, at the first use.
fn lend_runtime() -> PyResult<()> {
    if LENT.is_unset() {
        let runtime = runtime::start().map_err(|error| scarce(&error))?;
        // This fails if the library has a runtime already: only ours can be it.
        let _ = init_with_runtime(runtime);
    }
    LENT.claim(|| {
        PyRuntimeError::new_err(
            "pyo3-async-runtimes keeps the runtime of the process from which this one was forked, so the bridge \
             future_into_py cannot work here\n\
             hint: use bridge=\"loop_native\" or \"completion_queue\", or fork before the first query",
        )
    })
}

/// An output that is converted on the thread that completes the awaitable. The conversion also keeps that thread's
/// state (`thread_state`), which makes the next completion cheap.
struct Completed<T>(T);

impl<'py, T: Output> IntoPyObject<'py> for Completed<T> {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(mut self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        thread_state::keep(py);
        loop {
            if let Some(made) = self.0.make(py, &mut Slice::new()) {
                return made.map(|made| made.into_bound(py));
            }
            // A loop that waits for the interpreter has its turn now.
            compat::detach(py, || ());
        }
    }
}
