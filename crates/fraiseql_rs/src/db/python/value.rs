//! How does one value become a Python object? Its type chooses the way once per result, as `json::value` does for
//! JSON.

use pyo3::prelude::*;
use tokio_postgres::types::{Kind, Type};

use super::super::depth::Depth;
use super::super::text;
use super::super::wire::Malformed;
use super::{datetime, nested, range, scalar};

/// A Python object, or the reason why there is none.
pub type Decoded<'py> = Result<Bound<'py, PyAny>, Refusal>;

/// Makes the object for one non-null field.
pub type Make = for<'py> fn(Python<'py>, &[u8]) -> Decoded<'py>;

/// The reason why a field has no object.
pub enum Refusal {
    /// The bytes are wrong, or Python's type cannot hold the value.
    Malformed(Malformed),
    /// Python itself refused.
    Python(PyErr),
}

impl From<Malformed> for Refusal {
    fn from(cause: Malformed) -> Self {
        Self::Malformed(cause)
    }
}

impl From<PyErr> for Refusal {
    fn from(cause: PyErr) -> Self {
        Self::Python(cause)
    }
}

/// The converter from one type to Python.
pub enum Decoder {
    Scalar(Make),
    /// The object is a document, or accepts attributes, so it may later refer to any other object.
    Open(Make),
    /// A str, as PostgreSQL prints the value.
    Text(text::Writer),
    Array(Box<Decoder>),
    Composite(nested::Fields),
    /// A row whose columns have their types on the wire.
    Record,
    Range(Box<Decoder>),
    Multirange(Box<Decoder>),
}

impl Decoder {
    /// Returns `None` if the type, or a part of it, has no converter.
    pub fn for_type(type_: &Type) -> Option<Self> {
        let boxed = |inner: &Type| Self::for_type(inner).map(Box::new);
        match type_.kind() {
            Kind::Domain(base) => Self::for_type(base),
            Kind::Array(element) => boxed(element).map(Self::Array),
            Kind::Composite(fields) => nested::Fields::new(fields).map(Self::Composite),
            Kind::Range(bound) => boxed(bound).map(Self::Range),
            Kind::Multirange(bound) => boxed(bound).map(Self::Multirange),
            _ if *type_ == Type::RECORD => Some(Self::Record),
            _ => open(type_)
                .map(Self::Open)
                .or_else(|| scalar(type_).map(Self::Scalar))
                .or_else(|| text::form(type_).map(|form| Self::Text(form.write))),
        }
    }

    /// Whether its objects can never refer to objects that might refer back: numbers, text and dates cannot.
    pub fn makes_atoms(&self) -> bool {
        matches!(self, Self::Scalar(_) | Self::Text(_))
    }

    /// Makes the object for a field; `None` is NULL.
    pub fn decode<'py>(&self, py: Python<'py>, field: Option<&[u8]>, depth: Depth) -> Decoded<'py> {
        let Some(field) = field else { return Ok(py.None().into_bound(py)) };
        match self {
            Self::Scalar(make) | Self::Open(make) => make(py, field),
            Self::Text(write) => scalar::printed(py, *write, field),
            Self::Array(element) => nested::array(py, element, field, depth.inside()?),
            Self::Composite(fields) => fields.record(py, field, depth.inside()?),
            Self::Record => nested::anonymous(py, field, depth.inside()?),
            Self::Range(bound) => range::range(py, bound, field, depth.inside()?),
            Self::Multirange(bound) => range::multirange(py, bound, field, depth.inside()?),
        }
    }
}

/// The types whose objects refer to others, or have attributes that may be set.
fn open(type_: &Type) -> Option<Make> {
    Some(match *type_ {
        Type::JSON => scalar::json,
        Type::JSONB => scalar::jsonb,
        Type::INET => scalar::inet,
        Type::CIDR => scalar::cidr,
        _ => return None,
    })
}

/// The types with a Python type of their own that is not str.
fn scalar(type_: &Type) -> Option<Make> {
    Some(match *type_ {
        Type::BOOL => scalar::bool,
        Type::INT2 => scalar::int2,
        Type::INT4 => scalar::int4,
        Type::INT8 => scalar::int8,
        Type::OID | Type::XID | Type::CID => scalar::uint4,
        Type::XID8 => scalar::uint8,
        Type::FLOAT4 => scalar::float4,
        Type::FLOAT8 => scalar::float8,
        Type::NUMERIC => scalar::numeric,
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN => scalar::text,
        Type::BYTEA => scalar::bytea,
        Type::UUID => scalar::uuid,
        Type::VOID => |py, _| Ok(py.None().into_bound(py)),
        Type::DATE => datetime::date,
        Type::TIME => datetime::time,
        Type::TIMETZ => datetime::timetz,
        Type::TIMESTAMP => datetime::timestamp,
        Type::TIMESTAMPTZ => datetime::timestamptz,
        Type::INTERVAL => datetime::interval,
        _ => return None,
    })
}
