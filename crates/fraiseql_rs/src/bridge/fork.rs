//! What if the process forks while our threads are at work? The child has the forking thread alone, and a lock that another
//! one held at that moment is held in the child for ever: the list of references that PyO3 has still to give back, for one,
//! which it looks at in every call into an extension. So during a fork the runtime's two threads stand still, holding nothing.

use std::cell::RefCell;
use std::convert::Infallible;
use std::sync::mpsc::{channel, Receiver, Sender};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::process;
use crate::compat;

/// How long a fork waits for the threads; then it goes on without.
const LIMIT: Duration = Duration::from_millis(200);

/// Keeps a thread where it is until this is dropped.
type Gate = Sender<Infallible>;

thread_local! {
    /// Closed from before a fork by this thread until after it.
    static GATES: RefCell<Vec<Gate>> = const { RefCell::new(Vec::new()) };
}

/// Has the interpreter call us around each fork, where there are forks.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let (os, at_fork) = (py.import("os")?, pyo3::intern!(py, "register_at_fork"));
    if !os.hasattr(at_fork)? {
        return Ok(());
    }
    let hooks = PyDict::new(py);
    hooks.set_item("before", wrap_pyfunction!(hold, module)?)?;
    hooks.set_item("after_in_parent", wrap_pyfunction!(release, module)?)?;
    hooks.set_item("after_in_child", wrap_pyfunction!(forget, module)?)?;
    os.call_method(at_fork, (), Some(&hooks)).map(drop)
}

/// Returns when the worker and the thread for blocking work stand still.
#[pyfunction]
fn hold(py: Python<'_>) {
    if !process::has_runtime() {
        return;
    }
    let runtime = pyo3_async_runtimes::tokio::get_runtime();
    let (arrived, arrivals) = channel();
    let (for_worker, worker_gate) = channel();
    let (for_blocking, blocking_gate) = channel();
    let worker_arrived = arrived.clone();
    runtime.spawn(async move { stand_still(&worker_arrived, &worker_gate) });
    runtime.spawn_blocking(move || stand_still(&arrived, &blocking_gate));
    GATES.set(vec![for_worker, for_blocking]);
    // Detached: a thread on its way to us may be waiting for the interpreter.
    compat::detach(py, move || {
        let deadline = Instant::now() + LIMIT;
        for _ in 0..2 {
            // Too late, and the fork goes on as it would without us.
            let _ = arrivals.recv_timeout(deadline.saturating_duration_since(Instant::now()));
        }
    });
}

fn stand_still(arrived: &Sender<()>, gate: &Receiver<Infallible>) {
    // It fails if the fork has not waited; then the gate is open, or opens soon.
    let _ = arrived.send(());
    let _ = gate.recv();
}

#[pyfunction]
fn release() {
    drop(GATES.take());
}

/// In the child there is nobody to be let go; and to tell him would take a lock that he may have held.
#[pyfunction]
fn forget() {
    std::mem::forget(GATES.take());
}
