//! How does a future get its result although a signal may arrive in the middle?
//!
//! CPython runs a signal's handler between two bytecodes of the main thread. The only bytecodes in `set_result` are
//! those of the loop's `call_soon`, which puts the future's waiters into the loop's queue. If the handler raises there,
//! the future has its result, and asyncio forgets the waiters that are not in the queue yet.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyCFunction, PyDict};

/// How often a waiter is put into the queue before it is given up. Each attempt but the last was ended by one more
/// signal.
const ATTEMPTS: usize = 8;

/// The function that a loop is asked to call.
pub fn function(py: Python<'_>) -> PyResult<Bound<'_, PyCFunction>> {
    static FUNCTION: PyOnceLock<Py<PyCFunction>> = PyOnceLock::new();
    let made = FUNCTION.get_or_try_init(py, || wrap_pyfunction!(resolve, py).map(Bound::unbind))?;
    Ok(made.bind(py).clone())
}

/// Gives `future` its result or its exception, unless it is done.
#[pyfunction]
fn resolve(future: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>, is_error: bool) -> PyResult<()> {
    if is_done(future)? {
        return Ok(());
    }
    let waiters = future.getattr(pyo3::intern!(future.py(), "_callbacks")).ok();
    let Err(error) = set(future, value, is_error) else { return Ok(()) };
    if is_done(future)? {
        if let Some(waiters) = waiters {
            // The first error is the one that the program hears of.
            let _ = queue_again(future, &waiters);
        }
        return Err(error);
    }
    // asyncio takes no StopIteration as a future's exception.
    let refused = PyRuntimeError::new_err("the work raised what a future cannot raise");
    refused.set_cause(future.py(), Some(error));
    set(future, refused.value(future.py()), true)
}

fn is_done(future: &Bound<'_, PyAny>) -> PyResult<bool> {
    future.call_method0(pyo3::intern!(future.py(), "done"))?.is_truthy()
}

/// Calls asyncio's own `set_result` or `set_exception`.
pub fn set(future: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>, is_error: bool) -> PyResult<()> {
    let py = future.py();
    let name = if is_error { pyo3::intern!(py, "set_exception") } else { pyo3::intern!(py, "set_result") };
    future.call_method1(name, (value,)).map(drop)
}

/// Puts those of the future's `waiters` into the loop's queue that are not in it.
fn queue_again(future: &Bound<'_, PyAny>, waiters: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = future.py();
    let event_loop = future.call_method0("get_loop")?;
    // Without waiters it is None.
    let Ok(waiters) = waiters.try_iter() else { return Ok(()) };
    for waiter in waiters {
        let (callback, context): (Bound<'_, PyAny>, Bound<'_, PyAny>) = waiter?.extract()?;
        let in_context = PyDict::new(py);
        in_context.set_item("context", context)?;
        for _ in 0..ATTEMPTS {
            if is_queued(&event_loop, &callback, future)
                || event_loop.call_method("call_soon", (&callback, future), Some(&in_context)).is_ok()
            {
                break;
            }
        }
    }
    Ok(())
}

/// Whether asyncio's queue has that call. A loop whose queue cannot be seen runs no bytecode in its `call_soon`, so no
/// handler has raised in it.
fn is_queued(event_loop: &Bound<'_, PyAny>, callback: &Bound<'_, PyAny>, future: &Bound<'_, PyAny>) -> bool {
    let is_it = |handle: Bound<'_, PyAny>| -> PyResult<bool> {
        let arguments = handle.getattr("_args")?;
        Ok(handle.getattr("_callback")?.is(callback) && arguments.get_item(0)?.is(future))
    };
    let look = || -> PyResult<bool> {
        let mut handles = event_loop.getattr("_ready")?.try_iter()?;
        Ok(handles.any(|handle| handle.and_then(is_it).unwrap_or(false)))
    };
    look().unwrap_or(false)
}
