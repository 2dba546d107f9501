//! How do dates and times become Python objects? An infinity becomes a float infinity, because no Python date is
//! infinite. A value that Python's types cannot hold is refused, not changed.

use pyo3::prelude::*;
use pyo3::types::{PyDate, PyDateTime, PyDelta, PyFloat, PyTime, PyTzInfo};

use super::super::text::datetime::{civil, MICROS_IN_DAY, MICROS_IN_SECOND};
use super::super::wire::{Cursor, Malformed};
use super::classes::Classes;
use super::interval::Interval;
use super::scalar::beyond;
use super::value::{Decoded, Refusal};

/// The years that Python's calendar has.
const YEARS: std::ops::RangeInclusive<i64> = 1..=9999;

fn infinity(py: Python<'_>, is_negative: bool) -> Bound<'_, PyAny> {
    PyFloat::new(py, if is_negative { f64::NEG_INFINITY } else { f64::INFINITY }).into_any()
}

/// Converts a part of a date or a clock. The part always fits, because of how it was computed.
fn part<T: TryFrom<i64>>(value: i64) -> Result<T, Malformed> {
    T::try_from(value).map_err(|_| Malformed("a part of the time is out of range"))
}

/// Returns the date if Python's calendar has its year.
fn python_date(days: i64) -> Result<(i32, u8, u8), Refusal> {
    let (year, month, day) = civil(days);
    if YEARS.contains(&year) {
        Ok((part(year)?, month, day))
    } else {
        beyond("its year is outside of Python's 1 to 9999; cast it to text in the query (::text)")
    }
}

pub fn date<'py>(py: Python<'py>, field: &[u8]) -> Decoded<'py> {
    match Cursor::new(field).i32()? {
        i32::MAX => Ok(infinity(py, false)),
        i32::MIN => Ok(infinity(py, true)),
        days => {
            let (year, month, day) = python_date(days.into())?;
            Ok(PyDate::new(py, year, month, day)?.into_any())
        }
    }
}

struct Clock {
    hour: u8,
    minute: u8,
    second: u8,
    micro: u32,
}

impl Clock {
    fn new(micros: i64) -> Result<Self, Refusal> {
        if micros >= MICROS_IN_DAY {
            return beyond("24:00 is no time in Python; cast it to text in the query (::text)");
        }
        let seconds = micros / MICROS_IN_SECOND;
        Ok(Self {
            hour: part(seconds / 3600)?,
            minute: part(seconds / 60 % 60)?,
            second: part(seconds % 60)?,
            micro: part(micros % MICROS_IN_SECOND)?,
        })
    }
}

fn python_time<'py>(py: Python<'py>, micros: i64, zone: Option<&Bound<'py, PyTzInfo>>) -> Decoded<'py> {
    let Clock { hour, minute, second, micro } = Clock::new(micros)?;
    Ok(PyTime::new(py, hour, minute, second, micro, zone)?.into_any())
}

pub fn time<'py>(py: Python<'py>, field: &[u8]) -> Decoded<'py> {
    python_time(py, Cursor::new(field).i64()?, None)
}

/// Makes a time with a zone. The wire counts the zone in seconds to the west, Python to the east.
pub fn timetz<'py>(py: Python<'py>, field: &[u8]) -> Decoded<'py> {
    let mut cursor = Cursor::new(field);
    let micros = cursor.i64()?;
    let east = PyDelta::new(py, 0, -cursor.i32()?, 0, true)?;
    let zone = Classes::get(py)?.timezone.bind(py).call1((east,))?;
    // The type of the error differs between the PyO3 lines.
    let zone = zone.extract::<Bound<'_, PyTzInfo>>().map_err(PyErr::from)?;
    python_time(py, micros, Some(&zone))
}

pub fn timestamp<'py>(py: Python<'py>, field: &[u8]) -> Decoded<'py> {
    python_datetime(py, field, None)
}

pub fn timestamptz<'py>(py: Python<'py>, field: &[u8]) -> Decoded<'py> {
    python_datetime(py, field, Some(Classes::get(py)?.utc.bind(py)))
}

fn python_datetime<'py>(py: Python<'py>, field: &[u8], zone: Option<&Bound<'py, PyTzInfo>>) -> Decoded<'py> {
    let micros = match Cursor::new(field).i64()? {
        i64::MAX => return Ok(infinity(py, false)),
        i64::MIN => return Ok(infinity(py, true)),
        micros => micros,
    };
    let (year, month, day) = python_date(micros.div_euclid(MICROS_IN_DAY))?;
    let Clock { hour, minute, second, micro } = Clock::new(micros.rem_euclid(MICROS_IN_DAY))?;
    Ok(PyDateTime::new(py, year, month, day, hour, minute, second, micro, zone)?.into_any())
}

/// Makes a timedelta, or an [`Interval`] if there are months.
pub fn interval<'py>(py: Python<'py>, field: &[u8]) -> Decoded<'py> {
    let mut cursor = Cursor::new(field);
    let (micros, days, months) = (cursor.i64()?, cursor.i32()?, cursor.i32()?);
    match (micros, days, months) {
        (i64::MAX, i32::MAX, i32::MAX) => Ok(infinity(py, false)),
        (i64::MIN, i32::MIN, i32::MIN) => Ok(infinity(py, true)),
        (micros, days, 0) => {
            let days = i64::from(days) + micros.div_euclid(MICROS_IN_DAY);
            let left = micros.rem_euclid(MICROS_IN_DAY);
            let (seconds, micros) = (part(left / MICROS_IN_SECOND)?, part(left % MICROS_IN_SECOND)?);
            Ok(PyDelta::new(py, part(days)?, seconds, micros, true)?.into_any())
        }
        _ => Ok(Bound::new(py, Interval::new(months, days, micros))?.into_any()),
    }
}
