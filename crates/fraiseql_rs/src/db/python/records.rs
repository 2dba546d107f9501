//! How do rows become a list of records? If the reading thread has the interpreter, it makes the records a few at a time,
//! as the rows arrive: the rows are still in the cache, and the server is still sending. Otherwise all records are made
//! at the end.

use std::collections::VecDeque;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyList;
use tokio_postgres::Row;

use super::record::Columns;
use super::RowDecoder;
use crate::bridge::{self, Slice};

/// So many rows are made at once. They are still in the cache, and the interpreter is asked for less often.
const BATCH: usize = 16;

/// The rows of one result, in order.
pub struct Records {
    decoder: Arc<RowDecoder>,
    /// `None` before the first row; an error if a row has no object.
    made: Option<PyResult<Made>>,
    /// The rows that came after those in `made`.
    waiting: VecDeque<Row>,
}

struct Made {
    list: Py<PyList>,
    columns: Arc<Columns>,
}

impl Records {
    pub fn new(decoder: Arc<RowDecoder>) -> Self {
        Self { decoder, made: None, waiting: VecDeque::new() }
    }

    pub fn push(&mut self, row: Row) {
        self.waiting.push_back(row);
        if self.waiting.len() >= BATCH {
            bridge::if_attached(|py| self.make(py, || false));
        }
    }

    /// Returns all records, which share the names of their columns, or the error of the first row that has no object.
    /// `None` means that rows are left for another slice.
    pub fn make_list(&mut self, py: Python<'_>, slice: &mut Slice) -> Option<PyResult<Py<PyAny>>> {
        self.make(py, || slice.is_over());
        if !self.waiting.is_empty() {
            return None;
        }
        Some(match self.made.take() {
            Some(made) => made.map(|made| made.list.into_any()),
            None => Ok(PyList::empty(py).into_any().unbind()),
        })
    }

    /// Makes records of the waiting rows until `is_over`.
    fn make(&mut self, py: Python<'_>, mut is_over: impl FnMut() -> bool) {
        let Self { decoder, made, waiting } = self;
        if waiting.is_empty() {
            return;
        }
        let made = made.get_or_insert_with(|| Made::empty(py, decoder));
        while let Some(row) = waiting.pop_front() {
            let appended = made.as_ref().map_or(Ok(()), |made| made.append(py, decoder, &row));
            if let Err(error) = appended {
                *made = Err(error);
            }
            if is_over() {
                return;
            }
        }
    }
}

impl Made {
    fn empty(py: Python<'_>, decoder: &RowDecoder) -> PyResult<Self> {
        Ok(Self { list: PyList::empty(py).unbind(), columns: decoder.names(py)? })
    }

    fn append(&self, py: Python<'_>, decoder: &RowDecoder, row: &Row) -> PyResult<()> {
        self.list.bind(py).append(decoder.record(py, row, &self.columns)?)
    }
}
