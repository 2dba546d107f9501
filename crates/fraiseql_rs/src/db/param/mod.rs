//! How does a Python object become a query's parameter? Object → [`Param`] (at the call, attached) → bytes on the
//! wire (after the statement is prepared and the server has named the parameter's type).
//!
//! A parameter is sent as text, in the form that the server's own input function reads. So every type with such a
//! function can be a parameter, numbers keep every digit, and the server decides which values fit. Only bytes are
//! sent unchanged.

mod json;
mod literal;
mod object;

use std::error::Error as StdError;

use bytes::BytesMut;
use tokio_postgres::types::{to_sql_checked, Format, IsNull, Kind, ToSql, Type};

pub use object::params_of;

use super::error::{self, Error};

/// A Python value without Python.
#[derive(Clone, Debug, PartialEq)]
pub enum Param {
    Null,
    Bool(bool),
    /// An int, a float or a Decimal, in digits.
    Number(String),
    /// A str: text, or the text form of a value of any other type.
    Text(String),
    /// A value whose text form is complete: a date, a UUID, an address.
    Literal(String),
    /// A datetime or a time with an offset from UTC.
    Instant(String),
    Bytes(Vec<u8>),
    List(Vec<Param>),
    /// A row where the type is composite, elsewhere a list.
    Tuple(Vec<Param>),
    /// A record: a row.
    Row(Vec<Param>),
    Map(Vec<(String, Param)>),
    Range(Box<RangeParam>),
}

/// `lower` and `upper` are Null where the range has no bound.
#[derive(Clone, Debug, PartialEq)]
pub struct RangeParam {
    pub lower: Param,
    pub upper: Param,
    pub lower_inc: bool,
    pub upper_inc: bool,
    pub is_empty: bool,
}

/// A parameter in the form in which it is sent.
#[derive(Debug)]
pub enum Sent {
    Null,
    Text(String),
    Binary(Vec<u8>),
}

/// Encodes `params` for the types that the server expects.
pub fn encode(params: &[Param], types: &[Type]) -> Result<Vec<Sent>, Error> {
    if params.len() != types.len() {
        let (expected, got) = (types.len(), params.len());
        return Err(Error::usage(format!("the query takes {expected} parameters, got {got}")));
    }
    let pairs = params.iter().zip(types).enumerate();
    pairs
        .map(|(position, (param, type_))| {
            param.encode(type_).map_err(|why| {
                let number = position + 1;
                let message = format!("parameter ${number} of type {}: {why}", type_.name());
                Error::new(error::Kind::Parameter, message)
            })
        })
        .collect()
}

impl Param {
    fn encode(&self, type_: &Type) -> Result<Sent, String> {
        match self {
            Self::Null => Ok(Sent::Null),
            Self::Bytes(bytes) if *base(type_) == Type::BYTEA => Ok(Sent::Binary(bytes.clone())),
            other => {
                let mut text = String::new();
                literal::push(other, type_, &mut text)?;
                Ok(Sent::Text(text))
            }
        }
    }
}

/// Returns the type below all domains.
fn base(type_: &Type) -> &Type {
    match type_.kind() {
        Kind::Domain(inner) => base(inner),
        _ => type_,
    }
}

impl ToSql for Sent {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self {
            Self::Null => return Ok(IsNull::Yes),
            Self::Text(text) => out.extend_from_slice(text.as_bytes()),
            Self::Binary(bytes) => out.extend_from_slice(bytes),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        match self {
            Self::Null | Self::Binary(_) => Format::Binary,
            Self::Text(_) => Format::Text,
        }
    }

    to_sql_checked!();
}
