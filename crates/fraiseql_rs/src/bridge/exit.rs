//! What happens to work in flight when the interpreter exits? A thread that comes back to an interpreter which is
//! gone aborts the process. So an `atexit` hook ends all work (its guards cancel the queries) and waits until none of
//! our threads has business with Python any more.

use std::time::Duration;

use pyo3::prelude::*;

use super::{ending, inside, process, runtime};
use crate::compat;

/// How long the interpreter's exit may take on our account. Ending the futures takes milliseconds.
const LIMIT: Duration = Duration::from_secs(2);

/// Has the interpreter call us before it tears anything down.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let hook = wrap_pyfunction!(leave, module)?;
    module.py().import("atexit")?.call_method1("register", (hook,))?;
    Ok(())
}

#[pyfunction]
fn leave(py: Python<'_>) {
    // Without a runtime of this process there is nothing to end; a child must not even take the locks.
    if process::has_runtime() {
        compat::detach(py, || {
            ending::end_all();
            inside::wait_until_none(LIMIT);
            runtime::quiesce(LIMIT);
        });
    }
}
