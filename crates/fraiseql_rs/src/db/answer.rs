//! What comes back from the server, on its way into Python: built without the interpreter, converted while attached.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyList, PyString};

use super::error::Error;
use super::json::JsonRows;

/// What a call on the pool gives.
pub enum Answer {
    /// One JSON text per row.
    Json(JsonRows),
    /// A fact, such as "the server answers".
    Truth(bool),
}

/// An answer or an error. The bridge converts it while attached, so an error may become any Python exception.
pub struct Outcome(pub Result<Answer, Error>);

impl<'py> IntoPyObject<'py> for Outcome {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self.0.map_err(|error| error.into_exception(py))? {
            Answer::Json(rows) => {
                let texts = rows.iter().map(|text| PyString::new(py, text));
                Ok(PyList::new(py, texts)?.into_any())
            }
            Answer::Truth(truth) => Ok(PyBool::new(py, truth).to_owned().into_any()),
        }
    }
}
