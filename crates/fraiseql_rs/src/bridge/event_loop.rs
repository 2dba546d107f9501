//! What if the event loop is closed while work for it is pending? pyo3-async-runtimes then prints a traceback from
//! another thread (pyo3-async-runtimes#90). It is given this stand-in, which passes everything on to the real loop,
//! and keeps quiet when nobody is there to hear the result.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

/// The part of asyncio's loop that the library calls.
#[pyclass(frozen)]
pub struct EventLoop {
    real: Py<PyAny>,
}

impl EventLoop {
    pub fn new(real: Bound<'_, PyAny>) -> Self {
        Self { real: real.unbind() }
    }
}

#[pymethods]
impl EventLoop {
    fn create_future<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.real.bind(py).call_method0(pyo3::intern!(py, "create_future"))
    }

    #[pyo3(signature = (*arguments, **keywords))]
    fn call_soon_threadsafe(
        &self,
        py: Python<'_>,
        arguments: &Bound<'_, PyTuple>,
        keywords: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let real = self.real.bind(py);
        match real.call_method(pyo3::intern!(py, "call_soon_threadsafe"), arguments, keywords) {
            Ok(_) => Ok(()),
            Err(error) => {
                let is_closed = real.call_method0(pyo3::intern!(py, "is_closed"))?.is_truthy()?;
                if is_closed {
                    Ok(())
                } else {
                    Err(error)
                }
            }
        }
    }
}
