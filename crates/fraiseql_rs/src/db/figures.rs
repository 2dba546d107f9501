//! What does the pool tell about itself? The figures of one moment, as a text and as a dict.

use std::fmt;

use deadpool::Status;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::pool::Pool;
use crate::bridge::Bridge;

/// The pool's figures.
pub struct Figures {
    status: Status,
    is_closed: bool,
}

impl Figures {
    pub fn of(pool: &Pool) -> Self {
        Self { status: pool.status(), is_closed: pool.is_closed() }
    }

    /// Returns them by name, with the names of the bridge.
    pub fn into_dict<'py>(self, py: Python<'py>, bridge: &Bridge) -> PyResult<Bound<'py, PyDict>> {
        let Status { size, available, waiting, max_size } = self.status;
        let figures = PyDict::new(py);
        figures.set_item("size", size)?;
        figures.set_item("available", available)?;
        figures.set_item("in_use", size - available)?;
        figures.set_item("waiting", waiting)?;
        figures.set_item("max_size", max_size)?;
        figures.set_item("closed", self.is_closed)?;
        figures.set_item("bridge", bridge.in_use().name())?;
        figures.set_item("bridge_requested", bridge.requested().name())?;
        Ok(figures)
    }

    /// The text of `repr()`.
    pub fn repr(&self) -> String {
        if self.is_closed {
            return "<PrototypePool: closed>".to_owned();
        }
        format!("<PrototypePool: {self}, at most {}>", self.status.max_size)
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Status { size, available, .. } = self.status;
        write!(formatter, "{size} total, {available} available connections")
    }
}
