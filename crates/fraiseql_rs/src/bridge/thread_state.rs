//! Why does a completion not pay for a new thread state? Because the thread that completes keeps the one it had.
//!
//! pyo3-async-runtimes attaches a Tokio thread to the interpreter for every completion and detaches it after. CPython
//! makes a thread state for the one and frees it for the other, with pages mapped and unmapped under the GIL. One
//! attachment more than there are detachments leaves the state in place, and a later attachment finds it.

use std::cell::Cell;

use pyo3::prelude::*;

thread_local! {
    static KEPT: Cell<bool> = const { Cell::new(false) };
}

/// Keeps the thread state of the thread that runs this, which must be one of the runtime's: there are few of them, and
/// they live as long as the process.
pub fn keep(_attached: Python<'_>) {
    if !KEPT.replace(true) {
        // SAFETY: the thread is attached, as the argument proves, so this only counts one attachment more. It is never
        // taken back: the interpreter frees the states of other threads at its end by itself.
        #[expect(unsafe_code, reason = "PyO3 has no safe name for it")]
        unsafe {
            pyo3::ffi::PyGILState_Ensure();
        }
    }
}
