//! What happens to work in flight when the interpreter exits? An `atexit` hook ends all of it, and waits until no
//! thread of ours needs Python any more.

use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use pyo3::prelude::*;

use crate::gate::wait_until;
use crate::machine;

/// How long the exit waits for cancelled queries, and for threads that are inside Python.
const LIMIT: Duration = Duration::from_secs(5);

/// The work in flight that has the fault `crash-at-exit`.
pub static CRASHING: AtomicUsize = AtomicUsize::new(0);

/// Registers `leave`, which the interpreter calls before it tears anything down.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let hook = wrap_pyfunction!(leave, module)?;
    module.py().import("atexit")?.call_method1("register", (hook,)).map(drop)
}

#[pyfunction]
fn leave(py: Python<'_>) {
    // A process that has made no machine has nothing to end.
    let Some(machine) = machine::made() else { return };
    if CRASHING.load(Ordering::SeqCst) > 0 {
        process::abort();
    }
    py.detach(|| {
        machine.leaving.cancel();
        wait_until(LIMIT, || machine.tasks.is_empty());
        machine.gate.close(LIMIT);
    });
}
