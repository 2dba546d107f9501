//! How do rows become Python objects? Each column's type chooses the way once per result. The values are then made
//! straight from the bytes on the wire, while attached.

mod classes;
mod datetime;
mod interval;
mod nested;
mod range;
mod record;
mod records;
mod scalar;
mod value;

use std::sync::Arc;

use pyo3::exceptions::{PyArithmeticError, PyRecursionError, PyValueError};
use pyo3::prelude::*;
use tokio_postgres::Column;

pub use classes::Classes;
pub use interval::Interval;
pub use range::Range;
pub use record::{_record, Record};
pub use records::Records;

use self::record::{Columns, Values};
use self::value::{Decoder, Refusal};
use super::depth::Depth;
use super::error::Error;
use super::type_name::qualified;
use super::wire::Cursor;

/// The facts about a result's columns that are the same for every row.
pub struct RowDecoder {
    columns: Vec<ColumnDecoder>,
    /// True if no value of a row can refer to other objects.
    is_of_atoms: bool,
}

struct ColumnDecoder {
    name: String,
    type_name: String,
    decoder: Decoder,
}

impl RowDecoder {
    /// Chooses a converter for each column. A type without a converter is an error before the statement runs.
    pub fn new(columns: &[Column]) -> Result<Self, Error> {
        let columns = columns.iter().map(|column| {
            let type_name = qualified(column.type_());
            let decoder = Decoder::for_type(column.type_())
                .ok_or_else(|| Error::no_converter(column.name(), &type_name))?;
            Ok(ColumnDecoder { name: column.name().to_owned(), type_name, decoder })
        });
        let columns = columns.collect::<Result<Vec<_>, Error>>()?;
        let is_of_atoms = columns.iter().all(|column| column.decoder.makes_atoms());
        Ok(Self { columns, is_of_atoms })
    }

    /// How many columns the result has.
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// Returns one row as a record, or None without a row.
    pub fn first<'py>(&self, py: Python<'py>, row: Option<&[u8]>) -> PyResult<Bound<'py, PyAny>> {
        match row {
            Some(row) => Ok(self.record(py, Cursor::new(row), &self.names(py)?)?.into_any()),
            None => Ok(py.None().into_bound(py)),
        }
    }

    /// Returns the first value of a row, or None without a row or a column.
    pub fn value<'py>(&self, py: Python<'py>, row: Option<&[u8]>) -> PyResult<Bound<'py, PyAny>> {
        match (row, self.columns.first()) {
            (Some(row), Some(column)) => column.decode(py, &mut Cursor::new(row)),
            _ => Ok(py.None().into_bound(py)),
        }
    }

    fn names(&self, py: Python<'_>) -> PyResult<Arc<Columns>> {
        Columns::new(py, self.columns.iter().map(|column| column.name.as_str())).map(Arc::new)
    }

    fn record<'py>(
        &self,
        py: Python<'py>,
        mut row: Cursor<'_>,
        columns: &Arc<Columns>,
    ) -> PyResult<Bound<'py, Record>> {
        let mut values = Values::with_capacity(self.columns.len());
        for column in &self.columns {
            values.push(column.decode(py, &mut row)?.unbind());
        }
        let columns = Arc::clone(columns);
        if self.is_of_atoms {
            Record::of_atoms(py, values, columns)
        } else {
            Record::new(py, values, columns)
        }
    }
}

impl ColumnDecoder {
    /// Makes the object for the next field of a row.
    fn decode<'py>(&self, py: Python<'py>, row: &mut Cursor<'_>) -> PyResult<Bound<'py, PyAny>> {
        let decoded = row.element().map_err(Refusal::from);
        decoded.and_then(|field| self.decoder.decode(py, field, Depth::default())).map_err(|refusal| {
            match refusal {
                Refusal::Malformed(why) => {
                    Error::malformed(&self.name, &self.type_name, why.0).into_exception(py)
                }
                Refusal::Python(error) => self.refused(py, error),
            }
        })
    }

    /// Returns the error for a value that a Python type does not accept. An error that is not about the value is
    /// returned unchanged.
    fn refused(&self, py: Python<'_>, error: PyErr) -> PyErr {
        let is_of_value = error.is_instance_of::<PyValueError>(py)
            || error.is_instance_of::<PyArithmeticError>(py)
            || error.is_instance_of::<PyRecursionError>(py);
        if !is_of_value {
            return error;
        }
        let why = format!("{error}; cast it to text in the query (::text)");
        let told = Error::malformed(&self.name, &self.type_name, &why).into_exception(py);
        told.set_cause(py, Some(error));
        told
    }
}
