//! What does an awaitable look like that loses its waiter's context (fault `context-lost`)? It is a class of its own
//! that asyncio takes for a future, and whose `add_done_callback` ignores the context.

use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::exceptions::PyStopIteration;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Stands in front of an asyncio future.
#[pyclass(frozen)]
pub struct FutureLike {
    future: Py<PyAny>,
    is_blocking: AtomicBool,
}

impl FutureLike {
    pub fn new(future: Bound<'_, PyAny>) -> Self {
        Self { future: future.unbind(), is_blocking: AtomicBool::new(false) }
    }

    fn ask<'py>(&self, py: Python<'py>, method: &str) -> PyResult<Bound<'py, PyAny>> {
        self.future.bind(py).call_method0(method)
    }
}

#[pymethods]
impl FutureLike {
    #[getter(_asyncio_future_blocking)]
    fn is_blocking(&self) -> bool {
        self.is_blocking.load(Ordering::SeqCst)
    }

    #[setter(_asyncio_future_blocking)]
    fn set_blocking(&self, value: bool) {
        self.is_blocking.store(value, Ordering::SeqCst);
    }

    #[getter(_loop)]
    fn event_loop<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.ask(py, "get_loop")
    }

    fn get_loop<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.ask(py, "get_loop")
    }

    fn done<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.ask(py, "done")
    }

    fn cancelled<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.ask(py, "cancelled")
    }

    fn result<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.ask(py, "result")
    }

    fn exception<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.ask(py, "exception")
    }

    #[pyo3(signature = (msg=None))]
    fn cancel<'py>(&self, py: Python<'py>, msg: Option<Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
        match msg {
            Some(msg) => self.future.bind(py).call_method1("cancel", (msg,)),
            None => self.ask(py, "cancel"),
        }
    }

    /// The fault: `context` is not passed on, and the callback runs in an empty one.
    #[pyo3(signature = (callback, *, context=None))]
    fn add_done_callback(
        slf: &Bound<'_, Self>,
        callback: &Bound<'_, PyAny>,
        context: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let _ = context;
        let py = slf.py();
        let in_context = PyDict::new(py);
        in_context.set_item("context", py.import("contextvars")?.call_method0("Context")?)?;
        let callback = Handed { to: callback.clone().unbind(), instead: slf.clone().unbind() };
        let future = slf.get().future.bind(py);
        future.call_method("add_done_callback", (callback,), Some(&in_context)).map(drop)
    }

    fn remove_done_callback<'py>(
        &self,
        py: Python<'py>,
        callback: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        // asyncio finds a callback by equality.
        self.future.bind(py).call_method1("remove_done_callback", (callback,))
    }

    fn __await__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __next__(slf: Bound<'_, Self>) -> PyResult<Bound<'_, Self>> {
        let this = slf.get();
        if this.done(slf.py())?.is_truthy()? {
            let value = this.result(slf.py())?;
            return Err(PyStopIteration::new_err((value.unbind(),)));
        }
        this.set_blocking(true);
        Ok(slf)
    }
}

/// A callback that is called with the future-like object instead of the future.
#[pyclass(frozen)]
struct Handed {
    to: Py<PyAny>,
    instead: Py<FutureLike>,
}

#[pymethods]
impl Handed {
    fn __call__<'py>(&self, py: Python<'py>, _future: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.to.bind(py).call1((&self.instead,))
    }

    fn __eq__(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        self.to.bind(py).eq(other)
    }
}
