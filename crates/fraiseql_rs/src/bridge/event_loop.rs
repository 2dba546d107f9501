//! How does a finished future reach its event loop? Through a stand-in for the loop that pyo3-async-runtimes is given.
//!
//! It passes everything on to the real loop, with two differences. Completions that arrive while the loop is busy wait
//! in a queue, so that it is woken once for all of them (each wake-up is a system call under the GIL and a round of the
//! loop). And where the loop was closed meanwhile, it keeps quiet: the library would print a traceback from another
//! thread (pyo3-async-runtimes#90), and nobody is there to hear the result.

use std::cell::RefCell;
use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

/// The part of asyncio's loop that the library calls.
#[pyclass(frozen)]
pub struct EventLoop {
    real: Py<PyAny>,
    /// Callables with their arguments, in the order in which they came.
    waiting: Mutex<Vec<(Py<PyAny>, Py<PyTuple>)>>,
}

thread_local! {
    /// The stand-in of the loop that last ran on this thread. It keeps that loop alive, and no other.
    static LATEST: RefCell<Option<Py<EventLoop>>> = const { RefCell::new(None) };
}

impl EventLoop {
    /// The one stand-in for `real`, the loop that runs on this thread.
    pub fn of(real: Bound<'_, PyAny>) -> PyResult<Bound<'_, Self>> {
        let py = real.py();
        let latest = LATEST.with_borrow(|latest| latest.as_ref().map(|known| known.clone_ref(py)));
        if let Some(known) = latest {
            if known.get().real.is(&real) {
                return Ok(known.into_bound(py));
            }
        }
        let made = Bound::new(py, Self { real: real.unbind(), waiting: Mutex::default() })?;
        let before = LATEST.replace(Some(made.clone().unbind()));
        // Dropped here and not inside `replace`: it may run Python code.
        drop(before);
        Ok(made)
    }

    /// Takes what is waiting, and leaves nothing.
    fn take(&self) -> Vec<(Py<PyAny>, Py<PyTuple>)> {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds a callback, and says whether it is the first to wait.
    fn push(&self, callback: Py<PyAny>, arguments: Py<PyTuple>) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push((callback, arguments));
        waiting.len() == 1
    }
}

#[pymethods]
impl EventLoop {
    fn create_future<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.real.bind(py).call_method0(pyo3::intern!(py, "create_future"))
    }

    /// The library's callbacks set a future's result, whatever context they run in.
    #[pyo3(signature = (callback, *arguments, **_keywords))]
    fn call_soon_threadsafe(
        slf: &Bound<'_, Self>,
        callback: Py<PyAny>,
        arguments: Py<PyTuple>,
        _keywords: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let (py, this) = (slf.py(), slf.get());
        if !this.push(callback, arguments) {
            return Ok(());
        }
        let real = this.real.bind(py);
        let deliver = slf.getattr(pyo3::intern!(py, "deliver"))?;
        let Err(error) = real.call_method1(pyo3::intern!(py, "call_soon_threadsafe"), (deliver,)) else {
            return Ok(());
        };
        // Nobody will ever come for them.
        drop(this.take());
        if real.call_method0(pyo3::intern!(py, "is_closed"))?.is_truthy()? {
            Ok(())
        } else {
            Err(error)
        }
    }

    /// Runs on the loop's own thread: calls everything that is waiting. One that fails does not keep the next waiting.
    fn deliver(&self, py: Python<'_>) {
        for (callback, arguments) in self.take() {
            if let Err(error) = callback.bind(py).call1(arguments.bind(py)) {
                error.write_unraisable(py, Some(callback.bind(py)));
            }
        }
    }
}
