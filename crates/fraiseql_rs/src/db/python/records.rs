//! How do rows become a list of records? If the reading thread has the interpreter, it makes the records a few at a time,
//! as the rows arrive: the rows are still in the cache, and the server is still sending. Otherwise all records are made
//! at the end.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyList;
use tokio_postgres::Row;

use super::record::Columns;
use super::RowDecoder;
use crate::bridge;

/// So many rows are made at once. They are still in the cache, and the interpreter is asked for less often.
const BATCH: usize = 16;

/// The rows of one result, in order.
pub struct Records {
    decoder: Arc<RowDecoder>,
    /// `None` before the first row; an error if a row has no object.
    made: Option<PyResult<Made>>,
    /// The rows that came after those in `made`.
    waiting: Vec<Row>,
}

struct Made {
    list: Py<PyList>,
    columns: Arc<Columns>,
}

impl Records {
    pub fn new(decoder: Arc<RowDecoder>) -> Self {
        Self { decoder, made: None, waiting: Vec::new() }
    }

    pub fn push(&mut self, row: Row) {
        self.waiting.push(row);
        if self.waiting.len() >= BATCH {
            bridge::if_attached(|py| self.make(py));
        }
    }

    /// Returns all records, which share the names of their columns, or the error of the first row that has no object.
    pub fn into_list(mut self, py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
        self.make(py);
        match self.made {
            Some(made) => made.map(|made| made.list.into_bound(py)),
            None => Ok(PyList::empty(py)),
        }
    }

    fn make(&mut self, py: Python<'_>) {
        if self.waiting.is_empty() {
            return;
        }
        let Self { decoder, made, waiting } = self;
        let made = made.get_or_insert_with(|| Made::empty(py, decoder));
        for row in waiting.drain(..) {
            let appended = made.as_ref().map_or(Ok(()), |made| made.append(py, decoder, &row));
            if let Err(error) = appended {
                *made = Err(error);
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
