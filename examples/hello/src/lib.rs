//! `hello._hello`: an awaitable from Rust, and what it was compiled from.

use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3_async_runtimes::tokio::future_into_py;

/// Return an awaitable that ends after so many seconds.
#[pyfunction]
fn sleep(py: Python<'_>, seconds: f64) -> PyResult<Bound<'_, PyAny>> {
    future_into_py(py, async move {
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
        Ok(())
    })
}

/// Return the versions that this module was compiled from: the cell holds them to what was asked for.
#[pyfunction]
fn build_info(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let info = PyDict::new(py);
    info.set_item("pyo3", env!("LOCKED_PYO3"))?;
    info.set_item("pyo3_async_runtimes", env!("LOCKED_PYO3_ASYNC_RUNTIMES"))?;
    Ok(info)
}

#[pymodule]
fn _hello(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(sleep, module)?)?;
    module.add_function(wrap_pyfunction!(build_info, module)?)
}
