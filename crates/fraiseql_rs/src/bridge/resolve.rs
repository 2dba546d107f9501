//! How does a future get its result although a signal may arrive in the middle?
//!
//! CPython runs a signal's handler between two bytecodes of the main thread. The only bytecodes in `set_result` are
//! those of the loop's `call_soon`, which puts the future's waiters into the loop's queue. If the handler raises there,
//! the future has its result, and asyncio forgets the waiters that are not in the queue yet.

use pyo3::prelude::*;
use pyo3::types::PyDict;

/// How often a waiter is put into the queue before it is given up. Each attempt but the last was ended by one more
/// signal.
const ATTEMPTS: usize = 8;

/// What became of a result that could not be set without an error.
pub struct Interrupted {
    pub error: PyErr,
    /// True if the future has not been touched, so that the result has to be set later.
    pub is_untouched: bool,
}

/// Runs `set`, which gives `future` its result. On an error the future's waiters are in the loop's queue all the same.
pub fn guarded(future: &Bound<'_, PyAny>, set: impl FnOnce() -> PyResult<()>) -> Result<(), Interrupted> {
    // A signal that came before this moment raises here, where nothing is lost.
    future.py().check_signals().map_err(|error| Interrupted { error, is_untouched: true })?;
    let waiters = future.getattr(pyo3::intern!(future.py(), "_callbacks")).ok();
    let Err(error) = set() else { return Ok(()) };
    if let Some(waiters) = waiters {
        // The first error is the one that the program hears of.
        let _ = queue_again(future, &waiters);
    }
    Err(Interrupted { error, is_untouched: false })
}

/// Puts those of the future's `waiters` into the loop's queue that are not in it.
fn queue_again(future: &Bound<'_, PyAny>, waiters: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = future.py();
    if !future.call_method0("done")?.is_truthy()? {
        return Ok(());
    }
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
