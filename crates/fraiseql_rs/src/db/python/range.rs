//! How does a PostgreSQL range become a Python object, and back? As `Range`.

use std::hash::{Hash, Hasher};

use pyo3::basic::CompareOp;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};
use pyo3::{PyTraverseError, PyVisit};

use super::super::depth::Depth;
use super::super::wire::{multirange_parts, RangeParts};
use super::value::{Decoded, Decoder};

/// A range of values, as PostgreSQL has them.
///
/// Args:
///     lower: The lower bound, or None where there is none.
///     upper: The upper bound, or None where there is none.
///     bounds: Whether each bound belongs to the range: ``[`` or ``(``, then ``]`` or ``)``.
///     empty: Whether the range holds nothing, whatever the bounds.
///
/// Raises:
///     ValueError: ``bounds`` is none of ``[)``, ``[]``, ``(]`` and ``()``.
#[pyclass(frozen, module = "fraiseql._fraiseql_rs")]
pub struct Range {
    /// The lower bound, or None.
    #[pyo3(get)]
    lower: Py<PyAny>,
    /// The upper bound, or None.
    #[pyo3(get)]
    upper: Py<PyAny>,
    /// Whether the lower bound belongs to the range.
    #[pyo3(get)]
    lower_inc: bool,
    /// Whether the upper bound belongs to the range.
    #[pyo3(get)]
    upper_inc: bool,
    /// Whether the range holds nothing.
    #[pyo3(get)]
    isempty: bool,
}

#[pymethods]
impl Range {
    #[new]
    #[pyo3(signature = (lower=None, upper=None, bounds="[)", *, empty=false))]
    fn new(
        py: Python<'_>,
        lower: Option<Py<PyAny>>,
        upper: Option<Py<PyAny>>,
        bounds: &str,
        empty: bool,
    ) -> PyResult<Self> {
        let (lower_inc, upper_inc) = match bounds {
            "[)" => (true, false),
            "[]" => (true, true),
            "(]" => (false, true),
            "()" => (false, false),
            _ => return Err(pyo3::exceptions::PyValueError::new_err("bounds must be one of [) [] (] ()")),
        };
        Ok(if empty {
            Self { lower: py.None(), upper: py.None(), lower_inc: false, upper_inc: false, isempty: true }
        } else {
            Self {
                lower_inc: lower_inc && lower.is_some(),
                upper_inc: upper_inc && upper.is_some(),
                lower: lower.unwrap_or_else(|| py.None()),
                upper: upper.unwrap_or_else(|| py.None()),
                isempty: false,
            }
        })
    }

    fn __richcmp__(&self, other: &Bound<'_, PyAny>, operation: CompareOp) -> PyResult<Py<PyAny>> {
        let py = other.py();
        let Ok(other) = other.extract::<PyRef<'_, Self>>() else { return Ok(py.NotImplemented()) };
        let is_equal = self.flags() == other.flags()
            && self.lower.bind(py).eq(&other.lower)?
            && self.upper.bind(py).eq(&other.upper)?;
        match operation {
            CompareOp::Eq => Ok(is_equal.into_pyobject(py)?.to_owned().into_any().unbind()),
            CompareOp::Ne => Ok((!is_equal).into_pyobject(py)?.to_owned().into_any().unbind()),
            _ => Ok(py.NotImplemented()),
        }
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<u64> {
        let mut hasher = std::hash::DefaultHasher::new();
        (self.lower.bind(py).hash()?, self.upper.bind(py).hash()?, self.flags()).hash(&mut hasher);
        Ok(hasher.finish())
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        if self.isempty {
            return Ok("Range(empty=True)".to_owned());
        }
        let (lower, upper) = (self.lower.bind(py).repr()?, self.upper.bind(py).repr()?);
        Ok(format!("Range({lower}, {upper}, '{}')", self.bounds()))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let class = py.get_type::<Self>();
        if !self.isempty {
            let arguments = (&self.lower, &self.upper, self.bounds());
            return Ok((class.into_any(), arguments.into_pyobject(py)?));
        }
        // `empty` is a keyword only, and a pickle calls with positional arguments.
        let keywords = PyDict::new(py);
        keywords.set_item("empty", true)?;
        let make = py.import("functools")?.getattr("partial")?.call((class,), Some(&keywords))?;
        Ok((make, PyTuple::empty(py)))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.lower)?;
        visit.call(&self.upper)
    }
}

impl Range {
    fn bounds(&self) -> String {
        let opening = if self.lower_inc { '[' } else { '(' };
        let closing = if self.upper_inc { ']' } else { ')' };
        format!("{opening}{closing}")
    }

    fn flags(&self) -> [bool; 3] {
        [self.lower_inc, self.upper_inc, self.isempty]
    }
}

pub fn range<'py>(py: Python<'py>, bound: &Decoder, field: &[u8], depth: Depth) -> Decoded<'py> {
    let parts = RangeParts::new(field)?;
    let range = Range {
        lower: bound.decode(py, parts.lower, depth)?.unbind(),
        upper: bound.decode(py, parts.upper, depth)?.unbind(),
        lower_inc: parts.lower_inc,
        upper_inc: parts.upper_inc,
        isempty: parts.is_empty,
    };
    Ok(Bound::new(py, range)?.into_any())
}

/// Makes a list of ranges.
pub fn multirange<'py>(py: Python<'py>, bound: &Decoder, field: &[u8], depth: Depth) -> Decoded<'py> {
    let list = PyList::empty(py);
    for part in multirange_parts(field)? {
        list.append(range(py, bound, part, depth)?)?;
    }
    Ok(list.into_any())
}
