//! Which parameter is a Python object? The object's type alone decides, at the call: the server's types are not known
//! yet.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDate, PyDateTime, PyDelta, PyDict, PyFloat, PyInt, PyList, PyString,
    PyTime, PyTuple,
};

use super::super::depth::MOST_DEPTH;
use super::super::error::{Error, Kind};
use super::super::python::{Classes, Interval, Range, Record};
use super::{Param, RangeParam};

/// Converts the arguments of one call.
pub fn params_of(arguments: &Bound<'_, PyAny>) -> PyResult<Vec<Param>> {
    let py = arguments.py();
    if arguments.is_instance_of::<PyString>() || arguments.is_instance_of::<PyDict>() {
        return Err(PyTypeError::new_err("params must be a sequence of values, one for each $n"));
    }
    let objects = arguments.try_iter()?.enumerate();
    objects
        .map(|(position, object)| {
            let object = object?;
            param_of(&object, 0)?.ok_or_else(|| unknown(position + 1, &object).into_exception(py))
        })
        .collect()
}

fn unknown(number: usize, object: &Bound<'_, PyAny>) -> Error {
    let name = object.get_type().name().map_or_else(|_| "object".to_owned(), |name| name.to_string());
    Error::new(
        Kind::Parameter,
        format!("parameter ${number}: cannot convert an object of type {name}, or a part of it"),
    )
}

/// Returns `None` if the object, or a part of it, cannot be a parameter.
fn param_of(object: &Bound<'_, PyAny>, depth: usize) -> PyResult<Option<Param>> {
    if object.is_none() {
        return Ok(Some(Param::Null));
    }
    if depth > MOST_DEPTH {
        return Ok(None);
    }
    match scalar_of(object)? {
        Some(param) => Ok(Some(param)),
        None => nested_of(object, depth),
    }
}

fn scalar_of(object: &Bound<'_, PyAny>) -> PyResult<Option<Param>> {
    // In Python a bool is an int, and a datetime is a date, so the narrower type is tested first.
    if object.is_instance_of::<PyBool>() {
        return Ok(Some(Param::Bool(object.extract()?)));
    }
    if object.is_instance_of::<PyString>() {
        return Ok(Some(Param::Text(object.extract()?)));
    }
    if object.is_instance_of::<PyInt>() {
        return int_of(object).map(Some);
    }
    if object.is_instance_of::<PyFloat>() {
        return Ok(Some(Param::Number(float_text(object.extract()?))));
    }
    if object.is_instance_of::<PyBytes>() {
        return Ok(Some(Param::Bytes(object.extract::<&[u8]>()?.to_vec())));
    }
    if object.is_instance_of::<PyByteArray>() || Classes::get(object.py())?.is_memoryview(object)? {
        let bytes = object.py().get_type::<PyBytes>().call1((object,))?;
        return Ok(Some(Param::Bytes(bytes.extract::<&[u8]>()?.to_vec())));
    }
    moment_of(object)
}

/// Returns the text of a float. Like Python's, Rust's text reads back as the same float. Infinity gets the spelling
/// that dates use as well.
fn float_text(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    format!("{value:?}")
}

fn int_of(object: &Bound<'_, PyAny>) -> PyResult<Param> {
    if let Ok(small) = object.extract::<i64>() {
        return Ok(Param::Number(small.to_string()));
    }
    // A Decimal writes all its digits. An int stops at `sys.int_max_str_digits`, and an IntEnum writes its name.
    let digits = Classes::get(object.py())?.decimal.bind(object.py()).call1((object,))?.str()?;
    Ok(Param::Number(digits.extract()?))
}

fn moment_of(object: &Bound<'_, PyAny>) -> PyResult<Option<Param>> {
    if object.is_instance_of::<PyDateTime>() || object.is_instance_of::<PyTime>() {
        let text = object.call_method0("isoformat")?.extract()?;
        let is_aware = !object.call_method0("utcoffset")?.is_none();
        return Ok(Some(if is_aware { Param::Instant(text) } else { Param::Literal(text) }));
    }
    if object.is_instance_of::<PyDate>() {
        return Ok(Some(Param::Literal(object.call_method0("isoformat")?.extract()?)));
    }
    if object.is_instance_of::<PyDelta>() {
        let part = |name| object.getattr(name)?.extract::<i64>();
        let (days, seconds, micros) = (part("days")?, part("seconds")?, part("microseconds")?);
        return Ok(Some(Param::Literal(format!("{days} days {seconds} seconds {micros} microseconds"))));
    }
    if let Ok(interval) = object.extract::<PyRef<'_, Interval>>() {
        return Ok(Some(Param::Literal(interval.literal())));
    }
    let classes = Classes::get(object.py())?;
    if classes.is_decimal(object)? {
        return Ok(Some(Param::Number(object.str()?.extract()?)));
    }
    if classes.is_literal(object)? {
        return Ok(Some(Param::Literal(object.str()?.extract()?)));
    }
    Ok(None)
}

fn nested_of(object: &Bound<'_, PyAny>, depth: usize) -> PyResult<Option<Param>> {
    if object.is_instance_of::<PyList>() {
        return Ok(items_of(object, depth)?.map(Param::List));
    }
    if object.is_instance_of::<PyTuple>() {
        return Ok(items_of(object, depth)?.map(Param::Tuple));
    }
    if object.is_instance_of::<Record>() {
        return Ok(items_of(object, depth)?.map(Param::Row));
    }
    if object.is_instance_of::<PyDict>() {
        return map_of(object, depth);
    }
    if object.is_instance_of::<Range>() {
        return range_of(object, depth);
    }
    Ok(None)
}

fn items_of(object: &Bound<'_, PyAny>, depth: usize) -> PyResult<Option<Vec<Param>>> {
    object.try_iter()?.map(|item| param_of(&item?, depth + 1)).collect()
}

fn map_of(object: &Bound<'_, PyAny>, depth: usize) -> PyResult<Option<Param>> {
    let mut entries = Vec::new();
    for item in object.call_method0("items")?.try_iter()? {
        let (key, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item?.extract()?;
        // JSON's keys are strings. To guess the text of another key would lose that key.
        let (true, Some(value)) = (key.is_instance_of::<PyString>(), param_of(&value, depth + 1)?) else {
            return Ok(None);
        };
        entries.push((key.extract()?, value));
    }
    Ok(Some(Param::Map(entries)))
}

fn range_of(object: &Bound<'_, PyAny>, depth: usize) -> PyResult<Option<Param>> {
    let bound = |name| param_of(&object.getattr(name)?, depth + 1);
    let flag = |name| object.getattr(name)?.extract::<bool>();
    let (Some(lower), Some(upper)) = (bound("lower")?, bound("upper")?) else { return Ok(None) };
    let (lower_inc, upper_inc, is_empty) = (flag("lower_inc")?, flag("upper_inc")?, flag("isempty")?);
    Ok(Some(Param::Range(Box::new(RangeParam { lower, upper, lower_inc, upper_inc, is_empty }))))
}
