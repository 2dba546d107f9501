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

/// So many rows are made at once, because to ask for the interpreter has its price. With more of them memory would be
/// dearer: for each size, glibc's allocator keeps seven freed pieces per thread at hand.
const BATCH: usize = 6;

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

    /// Takes the next row. Returns true if the loop needs a turn before the next one.
    #[must_use]
    pub fn push(&mut self, row: Row, slice: &mut Slice) -> bool {
        self.waiting.push_back(row);
        let mut is_over = false;
        if self.waiting.len() >= BATCH {
            bridge::if_attached(|py| is_over = self.make(py, slice));
        }
        is_over
    }

    /// Returns all records, which share the names of their columns, or the error of the first row that has no object.
    /// `None` means that rows are left for another slice.
    pub fn make_list(&mut self, py: Python<'_>, slice: &mut Slice) -> Option<PyResult<Py<PyAny>>> {
        if self.make(py, slice) && !self.waiting.is_empty() {
            return None;
        }
        Some(match self.made.take() {
            Some(made) => made.map(|made| made.list.into_any()),
            None => Ok(PyList::empty(py).into_any().unbind()),
        })
    }

    /// Makes records of the waiting rows. Returns true if the slice was over first.
    fn make(&mut self, py: Python<'_>, slice: &mut Slice) -> bool {
        let Self { decoder, made, waiting } = self;
        if waiting.is_empty() {
            return false;
        }
        let made = made.get_or_insert_with(|| Made::empty(py, decoder));
        while !waiting.is_empty() {
            let count = waiting.len().min(Slice::PIECES);
            for row in waiting.drain(..count) {
                let appended = made.as_ref().map_or(Ok(()), |made| made.append(py, decoder, &row));
                if let Err(error) = appended {
                    *made = Err(error);
                }
            }
            if slice.is_over_after(count) {
                return true;
            }
        }
        false
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
