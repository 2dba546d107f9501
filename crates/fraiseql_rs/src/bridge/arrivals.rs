//! What if many results arrive while the loop is busy? They wait here together, and the loop is woken once for all of
//! them: each wake-up is a system call under the GIL, and a round of the loop.

use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::inside::Inside;

/// A callback of the library, and its arguments.
type Arrival = (Py<PyAny>, Py<PyTuple>);

/// The callbacks that wait for one loop. Called on the loop's thread, it calls each of them.
#[pyclass(frozen)]
#[derive(Default)]
pub struct Arrivals {
    waiting: Mutex<Vec<Arrival>>,
}

impl Arrivals {
    /// Adds a callback. True if it is the first, and the loop has to be woken.
    pub fn push(&self, callback: Py<PyAny>, arguments: Py<PyTuple>) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push((callback, arguments));
        waiting.len() == 1
    }

    /// Takes what is waiting, in the order in which it came, and leaves nothing.
    pub fn take(&self) -> Vec<Arrival> {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[pymethods]
impl Arrivals {
    /// One that fails does not keep the next waiting; and once the interpreter exits, none is called.
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
