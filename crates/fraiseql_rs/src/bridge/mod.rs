//! How does a Rust future become a Python awaitable? One file per strategy; all share one contract:
//!
//! - the awaitable resolves to the future's output, converted to Python while attached to the interpreter;
//! - the future touches Python only in [`if_attached`];
//! - when the awaitable is cancelled, the future is dropped, so its guards run;
//! - work that outlives a dropped future runs on [`finish`] or [`spawn`], and never touches Python;
//! - when its loop is closed or the interpreter exits, the future is dropped as well, and no error is reported;
//! - after `exit` no thread of ours touches Python.

mod arrivals;
mod choice;
mod completion_queue;
mod count;
mod ending;
mod entry;
mod event_loop;
mod exit;
mod fork;
mod future_into_py;
mod inside;
mod loop_native;
mod mailbox;
mod output;
mod per_process;
mod resolve;
mod runtime;
mod stop;
mod thread_state;
mod wakeup;

use std::future::Future;
use std::io;

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;

pub use choice::{Bridge, Strategy};
pub use entry::{Entry, Handover, Parcel};
pub use inside::Inside;
pub use loop_native::{if_attached, spawn as spawn_native, Socket as NativeSocket};
pub use output::{Output, Slice};
pub use per_process::Home;
pub use runtime::spawn;

/// Prepares the interpreter for forks and for its end.
pub fn install(module: &Bound<'_, PyModule>) -> PyResult<()> {
    fork::register(module)?;
    exit::register(module)
}

/// Runs `work` that cleans up after a dropped future; the interpreter's exit waits for it. It must not touch Python.
pub fn finish<F>(work: F)
where
    F: Future<Output = ()> + Send + 'static,
{
    runtime::spawn_bounded(loop_native::assisted(work));
}

/// The exception for a file or a thread that the system does not give us.
fn scarce(error: &io::Error) -> PyErr {
    let text = format!("the pool cannot start: {error}");
    match error.raw_os_error() {
        Some(code) => PyOSError::new_err((code, text)),
        None => PyOSError::new_err(text),
    }
}
