//! What changed its name between PyO3 0.23 and 0.30? One function per seam; no other file knows the line.

use pyo3::prelude::*;

/// Runs `work` with the interpreter, from any thread: `with_gil` until 0.25, since then `attach`.
#[cfg(pyo3_0_26)]
pub fn attach<T>(work: impl FnOnce(Python<'_>) -> T) -> T {
    Python::attach(work)
}

/// Runs `work` with the interpreter, from any thread: `with_gil` until 0.25, since then `attach`.
#[cfg(not(pyo3_0_26))]
pub fn attach<T>(work: impl FnOnce(Python<'_>) -> T) -> T {
    Python::with_gil(work)
}

/// Runs `work` without the interpreter, so that other threads can have it: `allow_threads` until 0.25, since then
/// `detach`.
#[cfg(pyo3_0_26)]
pub fn detach<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> T {
    py.detach(work)
}

/// Runs `work` without the interpreter, so that other threads can have it: `allow_threads` until 0.25, since then
/// `detach`.
#[cfg(not(pyo3_0_26))]
pub fn detach<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> T {
    py.allow_threads(work)
}

/// A value made once and kept while the interpreter lives: `GILOnceCell` until 0.25, since then `PyOnceLock`.
#[cfg(pyo3_0_26)]
pub type Once<T> = pyo3::sync::PyOnceLock<T>;

/// A value made once and kept while the interpreter lives: `GILOnceCell` until 0.25, since then `PyOnceLock`.
#[cfg(not(pyo3_0_26))]
pub type Once<T> = pyo3::sync::GILOnceCell<T>;
