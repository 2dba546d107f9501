//! `Record`: a row as a light Python object; its names are shared by all rows of a result.

use std::fmt::Write;
use std::sync::Arc;

use pyo3::basic::CompareOp;
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyIterator, PyString, PyTuple};
use pyo3::{PyTraverseError, PyVisit};

/// The columns of a result: their names in order, and where each is. Of two with one name, the last is found.
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
/// row, ``KeyError`` for an unknown name and ``TypeError`` for any other key.
#[pyclass(frozen, module = "fraiseql._fraiseql_rs")]
pub struct Record {
    values: Py<PyTuple>,
    columns: Arc<Columns>,
}

impl Record {
    pub fn new(values: Bound<'_, PyTuple>, columns: Arc<Columns>) -> Self {
        Self { values: values.unbind(), columns }
    }

    fn position<'py>(&self, name: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.columns.positions.bind(name.py()).get_item(name)
    }
}

#[pymethods]
impl Record {
    fn __getitem__<'py>(&self, key: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let values = self.values.bind(key.py());
        if !key.is_instance_of::<PyString>() {
            return values.as_any().get_item(key);
        }
        match self.position(key)? {
            Some(position) => values.as_any().get_item(position),
            None => Err(PyKeyError::new_err(key.clone().unbind())),
        }
    }

    fn __len__(&self, py: Python<'_>) -> usize {
        self.values.bind(py).len()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.values.bind(py).try_iter()
    }

    fn __contains__(&self, value: &Bound<'_, PyAny>) -> PyResult<bool> {
        self.values.bind(value.py()).contains(value)
    }

    fn __richcmp__<'py>(
        &self,
        other: &Bound<'py, PyAny>,
        operation: CompareOp,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = other.py();
        let values = self.values.bind(py);
        if let Ok(record) = other.extract::<PyRef<'_, Self>>() {
            return values.rich_compare(record.values.bind(py), operation);
        }
        if other.is_instance_of::<PyTuple>() {
            return values.rich_compare(other, operation);
        }
        Ok(py.NotImplemented().into_bound(py))
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        self.values.bind(py).hash()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let mut shown = String::from("<Record");
        let values = self.values.bind(py);
        for (name, value) in self.columns.names.bind(py).iter().zip(values.iter()) {
            // Writing to a String cannot fail.
            let _ = write!(shown, " {name}={}", value.repr()?);
        }
        shown.push('>');
        Ok(shown)
    }

    /// Return the column names, in order.
    fn keys(&self, py: Python<'_>) -> Py<PyTuple> {
        self.columns.names.clone_ref(py)
    }

    /// Return the values, in order.
    fn values(&self, py: Python<'_>) -> Py<PyTuple> {
        self.values.clone_ref(py)
    }

    /// Return pairs of column name and value, in order.
    fn items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let pairs = self.columns.names.bind(py).iter().zip(self.values.bind(py).iter());
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
        let py = name.py();
        match self.position(name)? {
            Some(position) => self.values.bind(py).as_any().get_item(position),
            None => Ok(default.unwrap_or_else(|| py.None().into_bound(py))),
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.values)
    }
}
