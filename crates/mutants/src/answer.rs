//! How does what Rust's work came to become Python objects? On the courier's thread, in slices, so that an event loop
//! waits for the GIL at most as long as a slice takes.

use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use crate::error::Failure;

/// How many rows are made before another thread may have the GIL.
const SLICE: usize = 256;

/// One value of a row.
#[derive(Clone, Debug)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
}

/// What work in Rust came to.
pub enum Answer {
    Nothing,
    /// The object that its ticket carries.
    Carried,
    /// An object that the work got from Python.
    Object(Py<PyAny>),
    Rows(Vec<Vec<Value>>),
    Failed(Failure),
}

impl Answer {
    /// The object, or the exception. `carried` is the object of the ticket.
    pub fn into_python(self, py: Python<'_>, carried: Option<&Py<PyAny>>) -> PyResult<Py<PyAny>> {
        match self {
            Self::Nothing => Ok(py.None()),
            Self::Carried => Ok(carried.map_or_else(|| py.None(), |object| object.clone_ref(py))),
            Self::Object(object) => Ok(object),
            Self::Rows(rows) => Ok(list(py, rows)?.unbind().into_any()),
            Self::Failed(failure) => Err(failure.into_error(py)),
        }
    }
}

fn list(py: Python<'_>, rows: Vec<Vec<Value>>) -> PyResult<Bound<'_, PyList>> {
    let list = PyList::empty(py);
    for (index, row) in rows.into_iter().enumerate() {
        if index % SLICE == SLICE - 1 {
            // A thread that waits for the GIL gets it now.
            py.detach(|| ());
        }
        list.append(PyTuple::new(py, row)?)?;
    }
    Ok(list)
}

impl<'py> IntoPyObject<'py> for Value {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(match self {
            Self::Null => py.None().into_bound(py),
            Self::Bool(value) => value.into_pyobject(py)?.to_owned().into_any(),
            Self::Int(value) => value.into_pyobject(py)?.into_any(),
            Self::Float(value) => value.into_pyobject(py)?.into_any(),
            Self::Text(value) => value.into_pyobject(py)?.into_any(),
        })
    }
}
