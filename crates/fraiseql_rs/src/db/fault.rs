//! Does a panic reach Python as an exception? This file panics on purpose, for tests. No other code in this extension
//! can panic on demand, and a guard that no test has seen at work proves nothing.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::answer::{Answer, Outcome};
use super::settings::strategy;
use crate::bridge::Bridge;

/// Return an awaitable whose Rust side panics, for tests.
///
/// It panics while it works (``"work"``) or while its answer becomes a Python object (``"answer"``).
#[pyfunction]
#[pyo3(signature = (stage, bridge="future_into_py"))]
pub fn _panic<'py>(py: Python<'py>, stage: &str, bridge: &str) -> PyResult<Bound<'py, PyAny>> {
    let bridge = Bridge::new(strategy(bridge).map_err(|error| error.into_exception(py))?);
    match stage {
        "work" => bridge.awaitable(py, Outcome::of(async { panic!("on purpose, at work") })),
        "answer" => bridge.awaitable(py, Outcome::of(async { Ok(Answer::Panic) })),
        _ => Err(PyValueError::new_err("stage must be \"work\" or \"answer\"")),
    }
}
