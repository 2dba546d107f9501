//! Which Python exception is an error? The classes of PEP 249 (DB-API 2.0), and below them one for each failure of
//! the connection or the pool that a caller handles apart; `states` has those of the server's states.
//!
//! The map from SQLSTATE class to exception follows the one that psycopg documents, so that an `except` clause keeps
//! its meaning when the driver changes.

use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyValueError};
use pyo3::prelude::*;
use tokio_postgres::error::{DbError, ErrorPosition, SqlState};

use super::error::{is_shutdown, Error as Failure, Kind};
use super::states::{add_states, class_of};

create_exception!(fraiseql, Error, PyException, "The base of every error of this module.");
create_exception!(fraiseql, InterfaceError, Error, "The pool was used in a way that it does not allow.");
create_exception!(fraiseql, PoolClosedError, InterfaceError, "The pool is closed.");
create_exception!(fraiseql, DatabaseError, Error, "The base of errors that concern the database.");
create_exception!(fraiseql, DataError, DatabaseError, "A value is out of range or cannot be converted.");
create_exception!(fraiseql, OperationalError, DatabaseError, "The server or the way to it has a problem.");
create_exception!(fraiseql, IntegrityError, DatabaseError, "A constraint of the database was violated.");
create_exception!(
    fraiseql,
    InternalError,
    DatabaseError,
    "The server or the driver is in a state it should not be."
);
create_exception!(
    fraiseql,
    ProgrammingError,
    DatabaseError,
    "The query is wrong: syntax, names, privileges."
);
create_exception!(
    fraiseql,
    NotSupportedError,
    DatabaseError,
    "The server or the pool does not offer what was asked for."
);
create_exception!(
    fraiseql,
    CannotConnectError,
    OperationalError,
    "No session: refused, unknown host, timeout."
);
create_exception!(
    fraiseql,
    AuthenticationError,
    OperationalError,
    "The server did not accept the credentials."
);
create_exception!(
    fraiseql,
    UnknownDatabaseError,
    OperationalError,
    "The server has no database of that name."
);
create_exception!(
    fraiseql,
    ConnectionLostError,
    OperationalError,
    "The connection went away during a query."
);
create_exception!(
    fraiseql,
    ServerShutdownError,
    OperationalError,
    "The server ended the session to stop or restart."
);
create_exception!(
    fraiseql,
    QueryCanceledError,
    OperationalError,
    "The server stopped the query: timeout or cancel."
);
create_exception!(fraiseql, PoolTimeoutError, OperationalError, "No connection became free in time.");

/// The details that an exception has besides its message. They are `None` on the class, and set on an instance if the
/// server sent them.
const DETAILS: [&str; 9] = [
    "sqlstate",
    "detail",
    "hint",
    "position",
    "constraint_name",
    "schema_name",
    "table_name",
    "column_name",
    "context",
];

/// Adds the classes to the module.
pub fn add_exceptions(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let base = py.get_type::<Error>();
    for name in DETAILS {
        base.setattr(name, py.None())?;
    }
    macro_rules! add {
        ($($class:ident),+) => {
            $(module.add(stringify!($class), py.get_type::<$class>())?;)+
        };
    }
    add!(Error, InterfaceError, PoolClosedError, DatabaseError, DataError, OperationalError, IntegrityError);
    add!(InternalError, ProgrammingError, NotSupportedError, CannotConnectError, AuthenticationError);
    add!(
        UnknownDatabaseError,
        ConnectionLostError,
        ServerShutdownError,
        QueryCanceledError,
        PoolTimeoutError
    );
    add_states(module)
}

impl Failure {
    /// The Python exception for this error.
    pub fn into_exception(self, py: Python<'_>) -> PyErr {
        let exception = self.class()(self.message);
        if let Some(report) = self.report {
            if let Err(failed) = tell(&report, exception.value(py)) {
                return failed;
            }
        }
        exception
    }

    fn class(&self) -> fn(String) -> PyErr {
        match self.kind {
            Kind::Setting => PyErr::new::<PyValueError, String>,
            Kind::Usage => InterfaceError::new_err,
            Kind::CannotConnect => CannotConnectError::new_err,
            Kind::Authentication => AuthenticationError::new_err,
            Kind::ConnectionLost => ConnectionLostError::new_err,
            Kind::PoolTimeout => PoolTimeoutError::new_err,
            Kind::PoolClosed => PoolClosedError::new_err,
            Kind::NoConverter | Kind::Parameter | Kind::Value => DataError::new_err,
            Kind::Reset => OperationalError::new_err,
            Kind::NotSupported => NotSupportedError::new_err,
            Kind::RolledBack | Kind::Internal => InternalError::new_err,
            Kind::Server => {
                self.report.as_ref().map_or(DatabaseError::new_err, |report| reported(report.code()))
            }
        }
    }
}

/// The class for an error that the server reported: first the states with a class of their own, then the SQLSTATE's
/// class.
fn reported(state: &SqlState) -> fn(String) -> PyErr {
    if is_shutdown(state) {
        return ServerShutdownError::new_err;
    }
    if *state == SqlState::QUERY_CANCELED {
        return QueryCanceledError::new_err;
    }
    if let Some(class) = class_of(state.code()) {
        return class;
    }
    match state.code().get(..2).unwrap_or_default() {
        "28" => AuthenticationError::new_err,
        "3D" => UnknownDatabaseError::new_err,
        "0A" => NotSupportedError::new_err,
        "22" => DataError::new_err,
        "23" => IntegrityError::new_err,
        "20" | "21" | "3F" | "42" | "44" => ProgrammingError::new_err,
        "08" | "26" | "27" | "34" | "40" | "53" | "54" | "55" | "57" | "58" | "HV" => {
            OperationalError::new_err
        }
        "24" | "25" | "2B" | "2D" | "2F" | "38" | "39" | "3B" | "F0" | "P0" | "XX" => InternalError::new_err,
        _ => DatabaseError::new_err,
    }
}

/// Sets the details that the server sent, besides the message, on the exception.
fn tell(report: &DbError, exception: &Bound<'_, PyAny>) -> PyResult<()> {
    let texts = [
        ("sqlstate", Some(report.code().code())),
        ("detail", report.detail()),
        ("hint", report.hint()),
        ("constraint_name", report.constraint()),
        ("schema_name", report.schema()),
        ("table_name", report.table()),
        ("column_name", report.column()),
        ("context", report.where_()),
    ];
    for (name, text) in texts.into_iter().filter(|(_, text)| text.is_some()) {
        exception.setattr(name, text)?;
    }
    if let Some(ErrorPosition::Original(position)) = report.position() {
        exception.setattr("position", *position)?;
    }
    Ok(())
}
