//! Why does a completion not pay for a new thread state? Because the thread that completes keeps the one it had.
//!
//! pyo3-async-runtimes attaches a Tokio thread to the interpreter for every completion and detaches it afterwards.
//! Each time CPython makes a thread state and frees it, and it maps and unmaps pages under the GIL. One extra
//! attachment keeps the state in place, and every later attachment finds it.

use std::cell::Cell;

use pyo3::prelude::*;

thread_local! {
    static KEPT: Cell<bool> = const { Cell::new(false) };
}

/// Keeps the thread state of the calling thread. It must be one of the runtime's threads: there are few of them, and
/// they live as long as the process.
pub fn keep(_attached: Python<'_>) {
    if !KEPT.replace(true) {
        // SAFETY: the thread is attached, as the argument proves, so this only adds one attachment to the count. It
        // is never taken back: at its end the interpreter itself frees the states of other threads.
        #[expect(unsafe_code, reason = "PyO3 has no safe name for it")]
        unsafe {
            pyo3::ffi::PyGILState_Ensure();
        }
    }
}
