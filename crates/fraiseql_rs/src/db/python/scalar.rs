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

/// With every digit that PostgreSQL prints, so the scale stays.
pub fn numeric<'py>(py: Python<'py>, field: &[u8]) -> Decoded<'py> {
    let digits = printed(py, number::numeric, field)?;
    Ok(Classes::get(py)?.decimal.bind(py).call1((digits,))?)
}

/// The text that PostgreSQL itself prints.
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
    let named = PyDict::new(py);
    named.set_item(pyo3::intern!(py, "bytes"), PyBytes::new(py, field))?;
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

/// An address alone, or with its network where that is smaller than everything.
pub fn inet<'py>(py: Python<'py>, field: &[u8]) -> Decoded<'py> {
    let (address, prefix) = network::address(field)?;
    let classes = Classes::get(py)?;
    let (version, whole) = family(address);
    let kind = if prefix == whole { &classes.host } else { &classes.interface };
    spell(py, &kind[version], field, if prefix == whole { network::inet } else { network::cidr })
}

pub fn cidr<'py>(py: Python<'py>, field: &[u8]) -> Decoded<'py> {
    let (address, _) = network::address(field)?;
    let (version, _) = family(address);
    spell(py, &Classes::get(py)?.network[version], field, network::cidr)
}

fn family(address: IpAddr) -> (usize, u8) {
    if address.is_ipv4() {
        (0, 32)
    } else {
        (1, 128)
    }
}

fn spell<'py>(py: Python<'py>, class: &Py<PyAny>, field: &[u8], write: Writer) -> Decoded<'py> {
    Ok(class.bind(py).call1((printed(py, write, field)?,))?)
}

/// Refuses a value that PostgreSQL has and Python's type has not.
pub fn beyond<T>(why: &'static str) -> Result<T, Refusal> {
    Err(Malformed(why).into())
}
