//! How does an answer of the server come into Python? It is built without the interpreter, and converted while
//! attached.

use std::any::Any;
use std::future::Future;
use std::mem;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;

use futures_util::FutureExt;
use pyo3::prelude::*;
use pyo3::types::PyBool;

use super::acquired::Acquired;
use super::block::Begun;
use super::error::{Error, Kind};
use super::json::JsonRows;
use super::python::{Records, RowDecoder};
use crate::bridge::{Output, Parcel, Slice};

/// The result of a call on the pool.
pub enum Answer {
    /// One JSON text per row.
    Json(JsonRows),
    Records(Records),
    /// The fields of the first row, if there is one.
    Record(Arc<RowDecoder>, Option<Vec<u8>>),
    /// The first value of the first row.
    Value(Arc<RowDecoder>, Option<Vec<u8>>),
    /// How many rows the statement returned or touched.
    Count(u64),
    /// A connection to hold.
    Acquired(Acquired),
    /// A transaction has begun.
    Begun(Begun),
    /// A fact, such as "the server answers".
    Truth(bool),
    Nothing,
    /// A panic on purpose, for `fault`.
    #[cfg(feature = "faults")]
    Panic,
}

/// An answer that becomes an object in one or several slices.
enum Step {
    Made(PyResult<Py<PyAny>>),
    Left(Answer),
}

impl Answer {
    fn make(self, py: Python<'_>, slice: &mut Slice) -> Step {
        match self {
            Self::Json(mut rows) => match rows.make(py, slice) {
                Some(list) => Step::Made(list),
                None => Step::Left(Self::Json(rows)),
            },
            Self::Records(mut records) => match records.make_list(py, slice) {
                Some(list) => Step::Made(list),
                None => Step::Left(Self::Records(records)),
            },
            other => Step::Made(other.into_object(py).map(Bound::unbind)),
        }
    }

    /// The object of an answer without rows, or with one.
    fn into_object(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        match self {
            Self::Json(_) | Self::Records(_) => unreachable!("they are made in slices"),
            Self::Record(decoder, row) => decoder.first(py, row.as_deref()),
            Self::Value(decoder, row) => decoder.value(py, row.as_deref()),
            Self::Acquired(acquired) => Parcel::of(py, acquired),
            Self::Begun(begun) => Parcel::of(py, begun),
            Self::Count(count) => Ok(count.into_pyobject(py)?.into_any()),
            Self::Truth(truth) => Ok(PyBool::new(py, truth).to_owned().into_any()),
            Self::Nothing => Ok(py.None().into_bound(py)),
            #[cfg(feature = "faults")]
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

    /// Runs `work` that has no result but its end.
    pub fn of_nothing(
        work: impl Future<Output = Result<(), Error>> + Send,
    ) -> impl Future<Output = Self> + Send {
        Self::of(async move { work.await.map(|()| Answer::Nothing) })
    }
}

impl Output for Outcome {
    fn make(&mut self, py: Python<'_>, slice: &mut Slice) -> Option<PyResult<Py<PyAny>>> {
        let result = mem::replace(&mut self.0, Ok(Answer::Nothing));
        // A panic here would leave the awaitable unresolved for ever.
        let step = catch_unwind(AssertUnwindSafe(|| match result {
            Ok(answer) => answer.make(py, slice),
            Err(error) => Step::Made(Err(error.into_exception(py))),
        }));
        match step {
            Ok(Step::Made(made)) => Some(made),
            Ok(Step::Left(answer)) => {
                self.0 = Ok(answer);
                None
            }
            Err(panic) => Some(Err(panicked(panic.as_ref()).into_exception(py))),
        }
    }
}

fn panicked(panic: &(dyn Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Error::new(Kind::Internal, format!("a panic in the extension: {}", text.unwrap_or("no message")))
}
