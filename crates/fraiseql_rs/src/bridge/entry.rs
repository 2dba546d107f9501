//! What if nobody takes a result that has to be ended, such as a transaction that has begun? A task may be cancelled although
//! its awaitable is done, and then asyncio throws into the task where it would have gone on. So such a result is handed over
//! in the very step in which the task goes on, and ends by itself where that step does not come.

use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::PyStopIteration;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

/// A result that ends by itself when it is dropped.
pub trait Handover: Send + 'static {
    /// Leaves its end to the caller, and returns what the caller gets.
    fn take(self: Box<Self>, py: Python<'_>) -> PyResult<Py<PyAny>>;
}

/// The result on its way. Python code never sees it.
#[pyclass(frozen)]
pub struct Parcel(Mutex<Option<Box<dyn Handover>>>);

impl Parcel {
    pub fn of(py: Python<'_>, content: impl Handover) -> PyResult<Bound<'_, PyAny>> {
        Ok(Bound::new(py, Self(Mutex::new(Some(Box::new(content)))))?.into_any())
    }

    fn open(&self) -> Option<Box<dyn Handover>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// An awaitable of a [`Handover`].
#[pyclass(frozen)]
pub struct Entry {
    future: Py<PyAny>,
    /// The iterator that a task steps through.
    steps: Py<PyAny>,
}

impl Entry {
    /// Wraps an awaitable that resolves to a [`Parcel`].
    pub fn new(future: Bound<'_, PyAny>) -> PyResult<Self> {
        let steps = future.call_method0(pyo3::intern!(future.py(), "__await__"))?.unbind();
        Ok(Self { future: future.unbind(), steps })
    }

    /// Passes a step on. In the last one the content of the parcel is handed over.
    fn step<'py>(py: Python<'py>, step: PyResult<Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
        let Err(end) = step else { return step };
        if !end.is_instance_of::<PyStopIteration>(py) {
            return Err(end);
        }
        let value = end.value(py).getattr(pyo3::intern!(py, "value"))?;
        let content = value.extract::<PyRef<'_, Parcel>>().ok().and_then(|parcel| parcel.open());
        match content {
            Some(content) => Err(PyStopIteration::new_err((content.take(py)?,))),
            None => Err(end),
        }
    }

    /// Drops what came, since the task goes on with an exception.
    fn refuse(&self, py: Python<'_>) {
        if let Ok(value) = self.future.call_method0(py, pyo3::intern!(py, "result")) {
            drop(value.extract::<PyRef<'_, Parcel>>(py).ok().and_then(|parcel| parcel.open()));
        }
    }
}

#[pymethods]
impl Entry {
    fn __await__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Self::step(py, self.steps.bind(py).call_method0(pyo3::intern!(py, "__next__")))
    }

    fn send<'py>(&self, value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = value.py();
        Self::step(py, self.steps.bind(py).call_method1(pyo3::intern!(py, "send"), (value,)))
    }

    #[pyo3(signature = (*thrown))]
    fn throw<'py>(&self, py: Python<'py>, thrown: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
        let step = self.steps.bind(py).call_method1(pyo3::intern!(py, "throw"), thrown.clone());
        if step.is_err() {
            self.refuse(py);
        }
        step
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.refuse(py);
        self.steps.bind(py).call_method0(pyo3::intern!(py, "close")).map(drop)
    }
}
