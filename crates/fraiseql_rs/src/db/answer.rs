//! How does an answer of the server come into Python? It is built without the interpreter, and converted while
//! attached.

use std::any::Any;
use std::future::Future;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;

use futures_util::FutureExt;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyList, PyString};
use tokio_postgres::Row;

use super::error::{Error, Kind};
use super::json::JsonRows;
use super::python::{Records, RowDecoder};

/// The result of a call on the pool.
pub enum Answer {
    /// One JSON text per row.
    Json(JsonRows),
    Records(Records),
    /// The first row, if there is one.
    Record(Arc<RowDecoder>, Option<Row>),
    /// The first value of the first row.
    Value(Arc<RowDecoder>, Option<Row>),
    /// How many rows the statement returned or touched.
    Count(u64),
    /// A fact, such as "the server answers".
    Truth(bool),
    Nothing,
    /// A panic on purpose, for `fault`.
    Panic,
}

impl Answer {
    fn into_object(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        match self {
            Self::Json(rows) => {
                let texts = rows.iter().map(|text| PyString::new(py, text));
                Ok(PyList::new(py, texts)?.into_any())
            }
            Self::Records(records) => Ok(records.into_list(py)?.into_any()),
            Self::Record(decoder, row) => decoder.first(py, row.as_ref()),
            Self::Value(decoder, row) => decoder.value(py, row.as_ref()),
            Self::Count(count) => Ok(count.into_pyobject(py)?.into_any()),
            Self::Truth(truth) => Ok(PyBool::new(py, truth).to_owned().into_any()),
            Self::Nothing => Ok(py.None().into_bound(py)),
            Self::Panic => panic!("on purpose, in the answer"),
        }
    }
}

/// An answer or an error. The bridge converts it while attached, so an error may become any Python exception.
pub struct Outcome(Result<Answer, Error>);

impl Outcome {
    /// Runs `work` and keeps its result. A panic becomes an error like any other.
    pub async fn of(work: impl Future<Output = Result<Answer, Error>>) -> Self {
        let ended = AssertUnwindSafe(work).catch_unwind().await;
        Self(ended.unwrap_or_else(|panic| Err(panicked(panic.as_ref()))))
    }
}

impl<'py> IntoPyObject<'py> for Outcome {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        // A panic here would leave the awaitable unresolved for ever.
        let made = catch_unwind(AssertUnwindSafe(|| match self.0 {
            Ok(answer) => answer.into_object(py),
            Err(error) => Err(error.into_exception(py)),
        }));
        made.unwrap_or_else(|panic| Err(panicked(panic.as_ref()).into_exception(py)))
    }
}

fn panicked(panic: &(dyn Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Error::new(Kind::Internal, format!("a panic in the extension: {}", text.unwrap_or("no message")))
}
