//! What happens to work in flight when the interpreter exits? A thread that comes back to an interpreter which is
//! gone aborts the process. So an `atexit` hook ends every awaitable's future (their guards cancel the queries) and
//! waits until none of our threads has business with Python any more.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::{select, Either};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use tokio::sync::Notify;

use super::{process, runtime};
use crate::compat;

/// How long the interpreter's exit may take on our account. Ending the futures takes milliseconds.
const LIMIT: Duration = Duration::from_secs(2);

static EXITING: AtomicBool = AtomicBool::new(false);
static EXIT: Notify = Notify::const_new();

/// Has the interpreter call us before it tears anything down.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let hook = wrap_pyfunction!(leave, module)?;
    module.py().import("atexit")?.call_method1("register", (hook,))?;
    Ok(())
}

#[pyfunction]
fn leave(py: Python<'_>) {
    EXITING.store(true, Ordering::SeqCst);
    EXIT.notify_waiters();
    // Without a runtime of this process there is nothing to wait for.
    if process::has_runtime() {
        compat::detach(py, || runtime::quiesce(LIMIT));
    }
}

/// `work`, ended early when the interpreter exits.
pub async fn or_exit<T>(work: impl Future<Output = T>) -> PyResult<T> {
    // Created before the flag is read, so a notification in between is not missed.
    let mut exit = pin!(EXIT.notified());
    exit.as_mut().enable();
    if EXITING.load(Ordering::SeqCst) {
        return Err(PyRuntimeError::new_err("the interpreter is exiting"));
    }
    match select(pin!(work), exit).await {
        Either::Left((output, _)) => Ok(output),
        Either::Right(_) => Err(PyRuntimeError::new_err("the interpreter is exiting")),
    }
}
