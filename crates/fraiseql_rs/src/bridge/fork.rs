//! What if the process forks while our threads are at work? The child has only the forking thread. A lock that
//! another thread held at that moment stays locked in the child for ever. One such lock guards PyO3's list of
//! references to release, which PyO3 looks at in every call into an extension. So during a fork the runtime's two
//! threads stand still and hold nothing.

use std::cell::RefCell;
use std::convert::Infallible;
use std::sync::mpsc::{channel, Receiver, Sender};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::{event_loop, per_process, runtime};
use crate::compat;

/// How long a fork waits for the threads. After that it goes on without them.
const LIMIT: Duration = Duration::from_millis(200);

/// Keeps a thread waiting until this sender is dropped.
type Gate = Sender<Infallible>;

thread_local! {
    /// The gates are closed from before a fork by this thread until after it.
    static GATES: RefCell<Vec<Gate>> = const { RefCell::new(Vec::new()) };
}

/// Registers our hooks, which the interpreter calls around each fork, on systems that fork.
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

/// Returns when the worker and the thread for blocking work stand still, or when the limit has passed.
#[pyfunction]
fn hold(py: Python<'_>) {
    let Some(runtime) = runtime::started() else { return };
    let (arrived, arrivals) = channel();
    let (for_worker, worker_gate) = channel();
    let (for_blocking, blocking_gate) = channel();
    let worker_arrived = arrived.clone();
    runtime.spawn(async move { stand_still(&worker_arrived, &worker_gate) });
    runtime.spawn_blocking(move || stand_still(&arrived, &blocking_gate));
    GATES.set(vec![for_worker, for_blocking]);
    // The forking thread detaches first: a thread on its way to the gate may be waiting for the interpreter.
    compat::detach(py, move || {
        let deadline = Instant::now() + LIMIT;
        for _ in 0..2 {
            // If the thread is too late, the fork goes on as it would without us.
            let _ = arrivals.recv_timeout(deadline.saturating_duration_since(Instant::now()));
        }
    });
}

fn stand_still(arrived: &Sender<()>, gate: &Receiver<Infallible>) {
    // This fails if the fork did not wait. Then the gate is open, or opens soon.
    let _ = arrived.send(());
    let _ = gate.recv();
}

#[pyfunction]
fn release() {
    drop(GATES.take());
}

/// The child begins without a runtime, and makes its own at its first use. It has no waiting threads to release. To
/// drop the gates would take a lock that such a thread may have held at the fork.
#[pyfunction]
fn forget() {
    per_process::leave_parent();
    std::mem::forget(GATES.take());
    event_loop::forget_all();
}
