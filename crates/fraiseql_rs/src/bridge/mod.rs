//! How does a Rust future become a Python awaitable? One file per strategy; all share one contract:
//!
//! - the awaitable resolves to the future's output, converted to Python while attached to the interpreter;
//! - when the awaitable is cancelled, the future is dropped, so its guards run;
//! - work that outlives a dropped future runs on [`finish`] or [`spawn`], and never touches Python;
//! - when its loop is closed or the interpreter exits, the future is dropped as well, and nobody hears of it;
//! - after `exit` no thread of ours touches Python.

mod arrivals;
mod ending;
mod event_loop;
mod exit;
mod future_into_py;
mod inside;
mod process;
mod runtime;
mod thread_state;

use std::future::Future;

use pyo3::prelude::*;

pub use inside::Inside;
pub use process::is_orphan;
pub use runtime::{finish, spawn};

/// What the strategy in use is called.
pub const NAME: &str = "future_into_py";

/// Prepares the runtime before its first use, and the interpreter for its end.
pub fn install(module: &Bound<'_, PyModule>) -> PyResult<()> {
    runtime::configure();
    exit::register(module)
}

/// An awaitable for `work`, bound to the running event loop. Without one it raises `RuntimeError`.
pub fn awaitable<'py, F, T>(py: Python<'py>, work: F) -> PyResult<Bound<'py, PyAny>>
where
    F: Future<Output = T> + Send + 'static,
    T: for<'any> IntoPyObject<'any> + Send + 'static,
{
    let _inside = Inside::enter()?;
    process::claim()?;
    // On the heap once: each layer above would move the whole of it (measured: a quarter of the CPU time).
    future_into_py::awaitable(py, Box::pin(work))
}
