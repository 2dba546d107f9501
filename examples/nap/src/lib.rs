//! `nap`: an awaitable that ends after a while.

use std::time::Duration;

use pyo3::prelude::*;
use pyo3_async_runtimes::tokio::future_into_py;

/// Await so many seconds, and return them.
#[pyfunction]
fn nap(py: Python<'_>, seconds: f64) -> PyResult<Bound<'_, PyAny>> {
    future_into_py(py, async move {
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
        Ok(seconds)
    })
}

#[pymodule(name = "nap")]
fn exports(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(nap, module)?)
}
