//! Which process does the runtime belong to? Its threads do not exist in a forked child, so a child must not wait for
//! them.

use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// The process that first used the runtime; 0 means none yet.
static OWNER: AtomicU32 = AtomicU32::new(0);

/// Makes the runtime belong to this process. If it already belongs to another process, this is an error.
pub fn claim() -> PyResult<()> {
    let own = process::id();
    match OWNER.compare_exchange(0, own, Ordering::SeqCst, Ordering::SeqCst) {
        Ok(_) => Ok(()),
        Err(owner) if owner == own => Ok(()),
        Err(owner) => Err(PyRuntimeError::new_err(format!(
            "the pool's threads are in process {owner}, from which this one was forked\n\
             hint: fork before the first query, or start processes with the spawn method"
        ))),
    }
}

/// True once this process itself has used the runtime.
pub fn has_runtime() -> bool {
    OWNER.load(Ordering::SeqCst) == process::id()
}

/// True in a child that was forked from a process with a runtime.
pub fn is_orphan() -> bool {
    !matches!(OWNER.load(Ordering::SeqCst), 0) && !has_runtime()
}
