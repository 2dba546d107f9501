//! How do numbers, text, bytes, documents and addresses become Python objects?

use std::net::IpAddr;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyString};

use super::super::text::{self, bits, network, number, Writer};
use super::super::wire::{Cursor, Malformed};
use super::classes::Classes;
use super::value::{Decoded, Refusal};

macro_rules! integer {
    ($name:ident, $read:ident) => {
        pub fn $name<'py>(py: Python<'py>, field: &[u8]) -> Decoded<'py> {
            let value = Cursor::new(field).$read()?;
            let Ok(object) = value.into_pyobject(py);
            Ok(Bound::<PyInt>::into_any(object))
        }
    };
}

integer!(int2, i16);
integer!(int4, i32);
integer!(int8, i64);
integer!(uint4, u32);
integer!(uint8, u64);

pub fn bool<'py>(py: Python<'py>, field: &[u8]) -> Decoded<'py> {
    Ok(PyBool::new(py, bits::truth(field)?).to_owned().into_any())
}

pub fn float4<'py>(py: Python<'py>, field: &[u8]) -> Decoded<'py> {
    let single = f32::from_bits(Cursor::new(field).u32()?);
    Ok(PyFloat::new(py, single.into()).into_any())
}

pub fn float8<'py>(py: Python<'py>, field: &[u8]) -> Decoded<'py> {
    Ok(PyFloat::new(py, f64::from_bits(Cursor::new(field).u64()?)).into_any())
}

/// Makes a Decimal with every digit that PostgreSQL prints, so the scale stays.
pub fn numeric<'py>(py: Python<'py>, field: &[u8]) -> Decoded<'py> {
    let digits = printed(py, number::numeric, field)?;
    Ok(Classes::get(py)?.decimal.bind(py).call1((digits,))?)
}

/// Makes a str of the text that PostgreSQL itself prints.
pub fn printed<'py>(py: Python<'py>, write: Writer, field: &[u8]) -> Decoded<'py> {
    let mut out = String::new();
    write(field, &mut out)?;
    Ok(PyString::new(py, &out).into_any())
}

pub fn text<'py>(py: Python<'py>, field: &[u8]) -> Decoded<'py> {
    Ok(PyString::new(py, text::utf8(field)?).into_any())
}

#[expect(clippy::unnecessary_wraps, reason = "every converter has this signature")]
pub fn bytea<'py>(py: Python<'py>, field: &[u8]) -> Decoded<'py> {
    Ok(PyBytes::new(py, field).into_any())
}

pub fn uuid<'py>(py: Python<'py>, field: &[u8]) -> Decoded<'py> {
    let bytes = field.try_into().map_err(|_| Malformed("a uuid has 16 bytes"))?;
    let named = PyDict::new(py);
    named.set_item(pyo3::intern!(py, "int"), u128::from_be_bytes(bytes))?;
    Ok(Classes::get(py)?.uuid.bind(py).call((), Some(&named))?)
}

pub fn json<'py>(py: Python<'py>, field: &[u8]) -> Decoded<'py> {
    load(py, text::utf8(field)?)
}

pub fn jsonb<'py>(py: Python<'py>, field: &[u8]) -> Decoded<'py> {
    load(py, text::versioned(field)?)
}

fn load<'py>(py: Python<'py>, document: &str) -> Decoded<'py> {
    Ok(Classes::get(py)?.json_loads.bind(py).call1((document,))?)
}

/// Makes an address; it includes its network if that is more than the one address.
pub fn inet<'py>(py: Python<'py>, field: &[u8]) -> Decoded<'py> {
    let (address, prefix) = network::address(field)?;
    let Address { version, whole, number } = Address::new(py, address)?;
    let classes = Classes::get(py)?;
    Ok(if prefix == whole {
        classes.host[version].bind(py).call1((number,))
    } else {
        classes.interface[version].bind(py).call1(((number, prefix),))
    }?)
}

pub fn cidr<'py>(py: Python<'py>, field: &[u8]) -> Decoded<'py> {
    let (address, prefix) = network::address(field)?;
    let Address { version, number, .. } = Address::new(py, address)?;
    Ok(Classes::get(py)?.network[version].bind(py).call1(((number, prefix),))?)
}

/// The input from which Python's classes make an address. From a text they take twice as long.
struct Address<'py> {
    /// 0 for version 4, 1 for 6.
    version: usize,
    /// The length of the prefix when the network is one address.
    whole: u8,
    number: Bound<'py, PyInt>,
}

impl<'py> Address<'py> {
    fn new(py: Python<'py>, address: IpAddr) -> PyResult<Self> {
        Ok(match address {
            IpAddr::V4(v4) => Self { version: 0, whole: 32, number: u32::from(v4).into_pyobject(py)? },
            IpAddr::V6(v6) => Self { version: 1, whole: 128, number: u128::from(v6).into_pyobject(py)? },
        })
    }
}

/// Refuses a value that PostgreSQL has and Python's type does not.
pub fn beyond<T>(why: &'static str) -> Result<T, Refusal> {
    Err(Malformed(why).into())
}
