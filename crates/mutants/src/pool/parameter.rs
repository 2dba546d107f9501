//! How does a Python object reach the server as a parameter? As text of no declared type, so that the server infers
//! the type from the statement.

use std::error::Error;

use bytes::BytesMut;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyString};
use tokio_postgres::types::{Format, IsNull, ToSql, Type};

/// The text of a parameter; None is NULL.
#[derive(Debug)]
pub struct Parameter(Option<String>);

impl Parameter {
    /// Takes None, bool, int, float and str.
    pub fn of(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        if object.is_none() {
            return Ok(Self(None));
        }
        if let Ok(text) = object.cast::<PyString>() {
            return Ok(Self(Some(text.to_cow()?.into_owned())));
        }
        if object.is_instance_of::<PyBool>() {
            return Ok(Self(Some(object.is_truthy()?.to_string())));
        }
        if object.is_instance_of::<PyFloat>() {
            return Ok(Self(Some(object.repr()?.to_cow()?.into_owned())));
        }
        let number: PyResult<i64> = object.extract();
        let number = number.map_err(|error| {
            let refused =
                PyTypeError::new_err("a parameter is None, a bool, an int of 64 bits, a float or a str");
            refused.set_cause(object.py(), Some(error));
            refused
        })?;
        Ok(Self(Some(number.to_string())))
    }

    pub fn typed(&self) -> (&(dyn ToSql + Sync), Type) {
        (self, Type::UNKNOWN)
    }

    /// As a statement has it.
    pub fn literal(&self) -> String {
        self.0.as_ref().map_or_else(|| "NULL".to_owned(), |text| format!("'{}'", text.replace('\'', "''")))
    }
}

impl ToSql for Parameter {
    fn to_sql(&self, _type: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        Ok(match &self.0 {
            None => IsNull::Yes,
            Some(text) => {
                out.extend_from_slice(text.as_bytes());
                IsNull::No
            }
        })
    }

    fn accepts(_type: &Type) -> bool {
        true
    }

    fn encode_format(&self, _type: &Type) -> Format {
        Format::Text
    }

    tokio_postgres::types::to_sql_checked!();
}
