//! What if many results arrive while the loop is busy? They wait here together, and the loop is woken once for all of
//! them, because each wake-up costs a system call under the GIL and a round of the loop.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use pyo3_async_runtimes::get_running_loop;

use super::inside::Inside;
use super::resolve::guarded;

/// A callback of the library, and its arguments: the future that it resolves, and what it resolves it to.
type Arrival = (Py<PyAny>, Py<PyTuple>);

/// The callbacks that wait for one loop. The loop calls this object on its own thread, and the object then calls each
/// of them.
#[pyclass(frozen)]
#[derive(Default)]
pub struct Arrivals {
    waiting: Mutex<VecDeque<Arrival>>,
}

impl Arrivals {
    /// Adds a callback. Returns true if it is the first one, so that the caller has to wake the loop.
    pub fn push(&self, callback: Py<PyAny>, arguments: Py<PyTuple>) -> bool {
        let mut waiting = self.waiting();
        waiting.push_back((callback, arguments));
        waiting.len() == 1
    }

    /// Takes all waiting callbacks, in the order in which they came.
    pub fn take(&self) -> VecDeque<Arrival> {
        std::mem::take(&mut *self.waiting())
    }

    fn put_back(&self, mut older: VecDeque<Arrival>) {
        let mut waiting = self.waiting();
        older.append(&mut waiting);
        *waiting = older;
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Arrival>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl Arrivals {
    /// Calls all waiting callbacks. Once the interpreter exits, none is called. An error is what a signal's handler has
    /// raised; the loop then comes back for the callbacks that are left.
    fn __call__(this: &Bound<'_, Self>) -> PyResult<()> {
        let (py, own) = (this.py(), this.get());
        let mut arrivals = own.take();
        let Ok(_inside) = Inside::enter() else { return Ok(()) };
        while let Some((callback, arguments)) = arrivals.pop_front() {
            let future = arguments.bind(py).get_item(0)?;
            let call = || callback.bind(py).call1(arguments.bind(py)).map(drop);
            let Err(interrupted) = guarded(&future, call) else { continue };
            if interrupted.is_untouched {
                arrivals.push_front((callback, arguments));
            }
            if !arrivals.is_empty() {
                own.put_back(arrivals);
                come_back(this);
            }
            return Err(interrupted.error);
        }
        Ok(())
    }
}

/// Makes the running loop call `this` once more.
fn come_back(this: &Bound<'_, Arrivals>) {
    /// Each attempt but the last was ended by one more signal.
    const ATTEMPTS: usize = 8;
    let again = || get_running_loop(this.py())?.call_method1("call_soon", (this,));
    // A call too many finds nothing to do.
    let _ = (0..ATTEMPTS).any(|_| again().is_ok());
}
