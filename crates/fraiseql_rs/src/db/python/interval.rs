//! How does a time span with months travel both ways? As `Interval`: a month has no fixed length, so a timedelta
//! cannot hold it, and 30 days would be another value.

use pyo3::prelude::*;
use pyo3::types::PyType;

/// A time span of months, days and microseconds, each counted by itself, as PostgreSQL has it.
///
/// An interval without months comes as a ``datetime.timedelta``; both are parameters for ``interval``.
///
/// Args:
///     months: Months; twelve are a year.
///     days: Days, which are not always 24 hours.
///     microseconds: Microseconds.
///
/// Raises:
///     OverflowError: A part is beyond PostgreSQL's range.
#[pyclass(frozen, eq, hash, module = "fraiseql._fraiseql_rs")]
#[derive(PartialEq, Eq, Hash)]
pub struct Interval {
    /// Months; twelve are a year.
    #[pyo3(get)]
    months: i32,
    /// Days, which are not always 24 hours.
    #[pyo3(get)]
    days: i32,
    /// Microseconds.
    #[pyo3(get)]
    microseconds: i64,
}

impl Interval {
    /// The text that PostgreSQL reads.
    pub fn literal(&self) -> String {
        let Self { months, days, microseconds } = self;
        format!("{months} months {days} days {microseconds} microseconds")
    }
}

#[pymethods]
impl Interval {
    #[new]
    #[pyo3(signature = (months=0, days=0, microseconds=0))]
    pub fn new(months: i32, days: i32, microseconds: i64) -> Self {
        Self { months, days, microseconds }
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> (Bound<'py, PyType>, (i32, i32, i64)) {
        (py.get_type::<Self>(), (self.months, self.days, self.microseconds))
    }

    fn __repr__(&self) -> String {
        let Self { months, days, microseconds } = self;
        format!("Interval(months={months}, days={days}, microseconds={microseconds})")
    }
}
