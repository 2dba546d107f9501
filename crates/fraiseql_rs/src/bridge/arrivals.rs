//! What if many results arrive while the loop is busy? They wait here together, and the loop is woken once for all of
//! them, because each wake-up costs a system call under the GIL and a round of the loop.

use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::inside::Inside;

/// A callback of the library, and its arguments.
type Arrival = (Py<PyAny>, Py<PyTuple>);

/// The callbacks that wait for one loop. The loop calls this object on its own thread, and the object then calls each
/// of them.
#[pyclass(frozen)]
#[derive(Default)]
pub struct Arrivals {
    waiting: Mutex<Vec<Arrival>>,
}

impl Arrivals {
    /// Adds a callback. Returns true if it is the first one, so that the caller has to wake the loop.
    pub fn push(&self, callback: Py<PyAny>, arguments: Py<PyTuple>) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push((callback, arguments));
        waiting.len() == 1
    }

    /// Takes all waiting callbacks, in the order in which they came.
    pub fn take(&self) -> Vec<Arrival> {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[pymethods]
impl Arrivals {
    /// Calls all waiting callbacks. If one fails, the next is still called. Once the interpreter exits, none is
    /// called.
    fn __call__(&self, py: Python<'_>) {
        let arrivals = self.take();
        let Ok(_inside) = Inside::enter() else { return };
        for (callback, arguments) in arrivals {
            if let Err(error) = callback.bind(py).call1(arguments.bind(py)) {
                error.write_unraisable(py, Some(callback.bind(py)));
            }
        }
    }
}
