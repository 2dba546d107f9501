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
mod event_loop;
mod exit;
mod fork;
mod future_into_py;
mod inside;
mod loop_native;
mod mailbox;
mod process;
mod runtime;
mod stop;
mod thread_state;

use pyo3::prelude::*;

pub use choice::{Bridge, Strategy};
pub use inside::Inside;
pub use loop_native::{spawn as spawn_native, Socket as NativeSocket};
pub use mailbox::if_attached;
pub use process::is_orphan;
pub use runtime::{finish, spawn};

/// Prepares the runtime before its first use, and the interpreter for forks and for its end.
pub fn install(module: &Bound<'_, PyModule>) -> PyResult<()> {
    runtime::configure();
    fork::register(module)?;
    exit::register(module)
}
