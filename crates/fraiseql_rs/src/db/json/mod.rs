//! How do rows become JSON? As PostgreSQL's `row_to_json` writes them, byte for byte, without asking the server.

mod nested;
mod range;
mod string;
mod value;

use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};
use tokio_postgres::types::{Kind, Type};
use tokio_postgres::Column;

pub use self::string::push_string;
use self::value::Encoder;
use super::depth::Depth;
use super::error::Error;
use super::type_name::qualified;
use super::wire::Cursor;
use crate::bridge::Slice;

/// One JSON text per row, all in one buffer.
#[derive(Default)]
pub struct JsonRows {
    text: String,
    /// Where each row's text ends.
    ends: Vec<usize>,
    /// The texts that are Python objects already: those of the first rows.
    made: Option<Py<PyList>>,
}

impl JsonRows {
    /// Returns all texts. `None` means that rows are left for another slice.
    pub fn make(&mut self, py: Python<'_>, slice: &mut Slice) -> Option<PyResult<Py<PyAny>>> {
        let list = self.made.take().map_or_else(|| PyList::empty(py), |made| made.into_bound(py));
        for row in list.len()..self.ends.len() {
            if let Err(error) = list.append(PyString::new(py, self.row(row))) {
                return Some(Err(error));
            }
            if slice.is_over_after(1) {
                break;
            }
        }
        if list.len() < self.ends.len() {
            self.made = Some(list.unbind());
            return None;
        }
        Some(Ok(list.into_any().unbind()))
    }

    fn row(&self, row: usize) -> &str {
        let start = row.checked_sub(1).map_or(0, |previous| self.ends[previous]);
        &self.text[start..self.ends[row]]
    }
}

/// The facts about a result's columns that are the same for every row.
pub struct RowEncoder {
    columns: Vec<ColumnEncoder>,
    /// True for a single json or jsonb column: its value is the whole row's document.
    is_document: bool,
}

struct ColumnEncoder {
    /// The text before the value: `{"id":` or `,"name":`.
    lead: String,
    encoder: Encoder,
    name: String,
    type_name: String,
}

impl RowEncoder {
    /// Chooses a converter for each column. A type without a converter is an error before the statement runs.
    pub fn new(columns: &[Column]) -> Result<Self, Error> {
        let is_document = matches!(columns, [only] if is_json(only.type_()));
        let columns = columns.iter().enumerate().map(|(position, column)| {
            let type_name = qualified(column.type_());
            let encoder = Encoder::for_type(column.type_()).ok_or_else(|| match *column.type_() {
                Type::RECORD | Type::RECORD_ARRAY => Error::no_names(column.name(), &type_name),
                _ => Error::no_converter(column.name(), &type_name),
            })?;
            let lead = if is_document { String::new() } else { lead(position, column.name()) };
            Ok(ColumnEncoder { lead, encoder, name: column.name().to_owned(), type_name })
        });
        Ok(Self { columns: columns.collect::<Result<_, Error>>()?, is_document })
    }

    /// How many columns the result has.
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// Appends one row.
    pub fn append(&self, mut row: Cursor<'_>, json: &mut JsonRows) -> Result<(), Error> {
        let out = &mut json.text;
        for column in &self.columns {
            out.push_str(&column.lead);
            row.element()
                .and_then(|field| column.encoder.encode(field, out, Depth::default()))
                .map_err(|cause| Error::malformed(&column.name, &column.type_name, cause.0))?;
        }
        if !self.is_document {
            out.push_str(if self.columns.is_empty() { "{}" } else { "}" });
        }
        json.ends.push(out.len());
        Ok(())
    }
}

fn lead(position: usize, name: &str) -> String {
    let mut lead = String::from(if position == 0 { "{" } else { "," });
    push_string(name, &mut lead);
    lead.push(':');
    lead
}

fn is_json(type_: &Type) -> bool {
    match type_.kind() {
        Kind::Domain(base) => is_json(base),
        _ => *type_ == Type::JSON || *type_ == Type::JSONB,
    }
}
