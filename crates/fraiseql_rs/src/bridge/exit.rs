//! What happens to work in flight when the interpreter exits? A thread that returns to an interpreter that is gone
//! aborts the process. So an `atexit` hook ends all work (its guards cancel the queries), and waits until no thread
//! of ours needs Python any more.

use std::time::Duration;

use pyo3::prelude::*;

use super::{ending, inside, runtime};
use crate::compat;

/// The longest time that the interpreter's exit waits for us. Ending the futures takes milliseconds.
const LIMIT: Duration = Duration::from_secs(2);

/// Registers `leave`, which the interpreter calls before it tears anything down.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let hook = wrap_pyfunction!(leave, module)?;
    module.py().import("atexit")?.call_method1("register", (hook,))?;
    Ok(())
}

#[pyfunction]
fn leave(py: Python<'_>) {
    // If this process has no runtime, there is nothing to end. A forked child must not even take its parent's locks.
    if runtime::started().is_some() {
        compat::detach(py, || {
            ending::end_all();
            inside::wait_until_none(LIMIT);
            runtime::quiesce(LIMIT);
        });
    }
}
