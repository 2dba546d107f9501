//! How do rows become a list of records? If the reading thread has the interpreter, it makes the records as the rows arrive:
//! the rows are still in the cache, and the server is still sending. Otherwise all records are made at the end.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyList;

use super::super::error::Error;
use super::super::sieve::Messages;
use super::super::wire::Cursor;
use super::record::Columns;
use super::RowDecoder;
use crate::bridge::{self, Slice};

/// The rows of one result, in order.
pub struct Records {
    decoder: Arc<RowDecoder>,
    /// `None` before the first row; an error if a row has no object.
    made: Option<PyResult<Made>>,
    /// The rows that came after those in `made`.
    waiting: Messages,
}

struct Made {
    list: Py<PyList>,
    columns: Arc<Columns>,
}

impl Records {
    pub fn new(decoder: Arc<RowDecoder>) -> Self {
        let waiting = Messages::new(decoder.width());
        Self { decoder, made: None, waiting }
    }

    /// Adds bytes of further rows.
    pub fn add(&mut self, piece: Vec<u8>) -> Result<(), Error> {
        self.waiting.add(piece)
    }

    /// Makes records of what has come, if this thread has the interpreter. Returns true if the slice was over first.
    #[must_use]
    pub fn make_if_attached(&mut self, slice: &mut Slice) -> bool {
        let mut is_over = false;
        bridge::if_attached(|py| is_over = self.make(py, slice));
        is_over
    }

    /// Returns all records, which share the names of their columns, or the error of the first row that has no object.
    /// `None` means that rows are left for another slice.
    pub fn make_list(&mut self, py: Python<'_>, slice: &mut Slice) -> Option<PyResult<Py<PyAny>>> {
        if self.make(py, slice) {
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
        while let Some(row) = waiting.next() {
            let appended = made.as_ref().map_or(Ok(()), |made| made.append(py, decoder, row));
            if let Err(error) = appended {
                *made = Err(error);
            }
            if slice.is_over_after(1) {
                return !waiting.is_empty();
            }
        }
        false
    }
}

impl Made {
    fn empty(py: Python<'_>, decoder: &RowDecoder) -> PyResult<Self> {
        Ok(Self { list: PyList::empty(py).unbind(), columns: decoder.names(py)? })
    }

    fn append(&self, py: Python<'_>, decoder: &RowDecoder, row: Cursor<'_>) -> PyResult<()> {
        self.list.bind(py).append(decoder.record(py, row, &self.columns)?)
    }
}
