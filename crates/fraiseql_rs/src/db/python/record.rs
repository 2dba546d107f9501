//! How is a row a light Python object? As a `Record`: all rows of a result share the column names.

use std::fmt::Write;
use std::sync::Arc;

use pyo3::basic::CompareOp;
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyIterator, PyString, PyTuple};
use pyo3::{PyTraverseError, PyVisit};
use smallvec::SmallVec;

/// The values of a row. Up to eight of them are stored in the record itself. That saves a second object, a tuple,
/// which Python would have to make, to visit in each garbage collection, and to free.
pub type Values = SmallVec<[Py<PyAny>; 8]>;

/// The columns of a result: their names in order, and the position of each. If two have the same name, the last one
/// is found.
pub struct Columns {
    names: Py<PyTuple>,
    positions: Py<PyDict>,
}

impl Columns {
    pub fn new<'n>(py: Python<'_>, names: impl Iterator<Item = &'n str>) -> PyResult<Self> {
        let names: Vec<_> = names.map(|name| PyString::new(py, name)).collect();
        let positions = PyDict::new(py);
        for (position, name) in names.iter().enumerate() {
            positions.set_item(name, position)?;
        }
        Ok(Self { names: PyTuple::new(py, names)?.unbind(), positions: positions.unbind() })
    }
}

/// A row of a result.
///
/// Its values by position (``row[0]``, ``row[1:]``) and by column name (``row["id"]``); iterable; equal to a tuple of
/// the same values. ``dict(row)`` gives names and values. Subscripting raises ``IndexError`` for a position outside the
/// row, ``KeyError`` for an unknown name and ``TypeError`` for any other key. A record can be pickled and copied.
#[pyclass(frozen, module = "fraiseql._fraiseql_rs")]
pub struct Record {
    values: Values,
    columns: Arc<Columns>,
}

impl Record {
    /// Makes a record whose values may be part of a reference cycle: for example a list to which the caller appends
    /// the record.
    pub fn new(py: Python<'_>, values: Values, columns: Arc<Columns>) -> PyResult<Bound<'_, Self>> {
        Bound::new(py, Self { values, columns })
    }

    /// Makes a record whose values cannot refer back to it, so the garbage collector need not visit it. CPython does
    /// the same with its tuples.
    pub fn of_atoms(py: Python<'_>, values: Values, columns: Arc<Columns>) -> PyResult<Bound<'_, Self>> {
        let record = Self::new(py, values, columns)?;
        // SAFETY: the collector knows the class of `record`, because the class has `__traverse__`.
        #[expect(unsafe_code, reason = "PyO3 has no safe name for it")]
        unsafe {
            pyo3::ffi::PyObject_GC_UnTrack(record.as_ptr().cast());
        }
        Ok(record)
    }

    /// Returns the value of the column with that name.
    fn named<'py>(&self, name: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(position) = self.columns.positions.bind(name.py()).get_item(name)? else { return Ok(None) };
        Ok(self.values.get(position.extract::<usize>()?).map(|value| value.bind(name.py()).clone()))
    }

    /// Returns the value at that position; a negative position counts from the end.
    fn at<'py>(&self, py: Python<'py>, position: isize) -> Option<Bound<'py, PyAny>> {
        let length = isize::try_from(self.values.len()).ok()?;
        let position = if position < 0 { position + length } else { position };
        Some(self.values.get(usize::try_from(position).ok()?)?.bind(py).clone())
    }

    fn as_tuple<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.values.iter().map(|value| value.bind(py)))
    }
}

/// A callable, and the arguments with which it makes the same record again.
type Reduced<'py> = (Bound<'py, PyAny>, (Bound<'py, PyTuple>, Bound<'py, PyDict>, Bound<'py, PyTuple>));

/// Make a ``Record`` from its pickle.
#[pyfunction]
#[pyo3(signature = (names, positions, values, /))]
pub fn _record<'py>(
    names: Bound<'py, PyTuple>,
    positions: Bound<'py, PyDict>,
    values: &Bound<'py, PyTuple>,
) -> PyResult<Bound<'py, Record>> {
    let columns = Columns { names: names.unbind(), positions: positions.unbind() };
    Record::new(values.py(), values.iter().map(Bound::unbind).collect(), Arc::new(columns))
}

#[pymethods]
impl Record {
    fn __getitem__<'py>(&self, key: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        if key.is_instance_of::<PyString>() {
            return self.named(key)?.ok_or_else(|| PyKeyError::new_err(key.clone().unbind()));
        }
        let position = key.extract::<isize>().ok();
        match position.and_then(|position| self.at(key.py(), position)) {
            Some(value) => Ok(value),
            // A slice, or an error with the message of a tuple.
            None => self.as_tuple(key.py())?.as_any().get_item(key),
        }
    }

    fn __len__(&self) -> usize {
        self.values.len()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.as_tuple(py)?.try_iter()
    }

    fn __contains__(&self, value: &Bound<'_, PyAny>) -> PyResult<bool> {
        self.as_tuple(value.py())?.contains(value)
    }

    fn __richcmp__<'py>(
        &self,
        other: &Bound<'py, PyAny>,
        operation: CompareOp,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = other.py();
        if let Ok(record) = other.extract::<PyRef<'_, Self>>() {
            return self.as_tuple(py)?.rich_compare(record.as_tuple(py)?, operation);
        }
        if other.is_instance_of::<PyTuple>() {
            return self.as_tuple(py)?.rich_compare(other, operation);
        }
        Ok(py.NotImplemented().into_bound(py))
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        self.as_tuple(py)?.hash()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let mut shown = String::from("<Record");
        for (name, value) in self.columns.names.bind(py).iter().zip(&self.values) {
            // Writing to a String cannot fail.
            let _ = write!(shown, " {name}={}", value.bind(py).repr()?);
        }
        shown.push('>');
        Ok(shown)
    }

    /// Return the column names, in order.
    fn keys(&self, py: Python<'_>) -> Py<PyTuple> {
        self.columns.names.clone_ref(py)
    }

    /// Return the values, in order.
    fn values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        self.as_tuple(py)
    }

    /// Return pairs of column name and value, in order.
    fn items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let pairs = self.columns.names.bind(py).iter().zip(self.values.iter().map(|value| value.bind(py)));
        PyTuple::new(py, pairs.map(|pair| pair.into_pyobject(py)).collect::<PyResult<Vec<_>>>()?)
    }

    /// Return the value of a column, by name.
    ///
    /// Args:
    ///     name: The column's name.
    ///     default: What to return if there is no such column.
    #[pyo3(signature = (name, default=None))]
    fn get<'py>(
        &self,
        name: &Bound<'py, PyAny>,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let absent = || default.unwrap_or_else(|| name.py().None().into_bound(name.py()));
        Ok(self.named(name)?.unwrap_or_else(absent))
    }

    /// The rows of one result share the columns in a pickle too: `pickle` knows an object that it has seen before.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        let make = py.import("fraiseql._fraiseql_rs")?.getattr("_record")?;
        let Columns { names, positions } = &*self.columns;
        Ok((make, (names.bind(py).clone(), positions.bind(py).clone(), self.as_tuple(py)?)))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.values.iter().try_for_each(|value| visit.call(value))
    }
}
