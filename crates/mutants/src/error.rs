//! Which exceptions does the module raise, and how does a failure in Rust become one?

use std::error::Error;

use pyo3::create_exception;
use pyo3::exceptions::{PyBaseException, PyException, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::fault::Fault;

create_exception!(bridge_mutants, MutantError, PyValueError, "What Awaitables.fail() raises.");
create_exception!(
    bridge_mutants,
    BareMutantError,
    PyBaseException,
    "What fail() raises with the fault `bare-base-exception`."
);
create_exception!(
    bridge_mutants,
    DatabaseError,
    PyException,
    "What a Pool raises. `sqlstate` is the server's five letters, or None if the server did not answer."
);

/// How work in Rust failed.
#[derive(Debug)]
pub enum Failure {
    /// `fail()` was called.
    Meant,
    /// The same, as a bare `BaseException`.
    Bare,
    /// The work panicked with this message.
    Panic(String),
    /// The object was closed while the work was going on.
    Closed,
    Database {
        message: String,
        sqlstate: Option<String>,
    },
    /// A Python function that the work called has raised.
    Raised(PyErr),
    /// The system gave no thread.
    Shortage(String),
}

impl Failure {
    /// A failure of the pool that no server has told.
    pub fn of_pool(message: impl Into<String>) -> Self {
        Self::Database { message: message.into(), sqlstate: None }
    }

    /// Whether a server has told it.
    pub fn is_of_server(&self) -> bool {
        matches!(self, Self::Database { sqlstate: Some(_), .. })
    }

    /// An error of tokio-postgres. One that the server sent has a SQLSTATE.
    pub fn of_server(error: &tokio_postgres::Error, fault: Fault) -> Self {
        let Some(told) = error.as_db_error() else { return Self::of_pool(with_causes(error)) };
        let mut message = told.message().to_owned();
        for more in [told.detail(), told.hint()].into_iter().flatten() {
            message.push('\n');
            message.push_str(more);
        }
        let sqlstate = (fault != Fault::SqlstateLost).then(|| told.code().code().to_owned());
        Self::Database { message, sqlstate }
    }

    /// The exception.
    pub fn into_error(self, py: Python<'_>) -> PyErr {
        match self {
            Self::Meant => {
                let error = MutantError::new_err("the work failed, as it was asked to");
                error.set_cause(py, Some(PyValueError::new_err("the cause of the failure")));
                error
            }
            Self::Bare => BareMutantError::new_err("the work failed, as it was asked to"),
            Self::Panic(message) => PyRuntimeError::new_err(format!("the work panicked: {message}")),
            Self::Closed => PyRuntimeError::new_err("closed"),
            Self::Database { message, sqlstate } => database_error(py, message, sqlstate),
            Self::Raised(error) => error,
            Self::Shortage(message) => PyRuntimeError::new_err(message),
        }
    }
}

fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

fn database_error(py: Python<'_>, message: String, sqlstate: Option<String>) -> PyErr {
    let error = DatabaseError::new_err(message);
    if let Some(sqlstate) = sqlstate {
        // Exceptions have a dictionary, so this fails only for lack of memory.
        let _ = error.value(py).setattr("sqlstate", PyString::new(py, &sqlstate));
    }
    error
}
