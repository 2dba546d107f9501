//! Which SQLSTATEs have a Python class of their own? Those that callers handle apart, each below the class of PEP 249 that
//! the state's class has. The names are asyncpg's, so that an `except` clause keeps its meaning when the driver changes.

use pyo3::create_exception;
use pyo3::prelude::*;

use super::exceptions::{DataError, IntegrityError, InternalError, OperationalError, ProgrammingError};

macro_rules! states {
    ($($state:literal $class:ident($base:ident): $doc:literal;)+) => {
        $(create_exception!(fraiseql, $class, $base, $doc);)+

        /// Makes the exception for a state, if the state has a class of its own.
        pub fn class_of(state: &str) -> Option<fn(String) -> PyErr> {
            match state {
                $($state => Some($class::new_err),)+
                _ => None,
            }
        }

        /// Adds the classes to the module.
        pub fn add_states(module: &Bound<'_, PyModule>) -> PyResult<()> {
            $(module.add(stringify!($class), module.py().get_type::<$class>())?;)+
            Ok(())
        }
    };
}

states! {
    "23502" NotNullViolationError(IntegrityError): "A column that needs a value got none.";
    "23503" ForeignKeyViolationError(IntegrityError): "A row refers to one that does not exist, or is referred to.";
    "23505" UniqueViolationError(IntegrityError): "A row with that key exists already.";
    "23514" CheckViolationError(IntegrityError): "A value is not what a check constraint allows.";
    "23P01" ExclusionViolationError(IntegrityError): "A row conflicts with another one, as an exclusion constraint says.";
    "40001" SerializationError(OperationalError): "A concurrent transaction was in the way: run this one again.";
    "40P01" DeadlockDetectedError(OperationalError): "Transactions waited for each other, and the server ended this one.";
    "53300" TooManyConnectionsError(OperationalError): "The server takes no further connection.";
    "55P03" LockNotAvailableError(OperationalError): "A lock was not to be had at once, or in time.";
    "22001" StringDataRightTruncationError(DataError): "A text is too long for its column.";
    "22003" NumericValueOutOfRangeError(DataError): "A number is too large or too small for its type.";
    "22007" InvalidDatetimeFormatError(DataError): "A text is no date or time.";
    "22012" DivisionByZeroError(DataError): "Something was divided by zero.";
    "22P02" InvalidTextRepresentationError(DataError): "A text is no value of its type.";
    "42501" InsufficientPrivilegeError(ProgrammingError): "The role may not do that.";
    "42601" PostgresSyntaxError(ProgrammingError): "The statement is not SQL as the server knows it.";
    "42703" UndefinedColumnError(ProgrammingError): "There is no such column.";
    "42704" UndefinedObjectError(ProgrammingError): "There is no such type, role or other object.";
    "42883" UndefinedFunctionError(ProgrammingError): "There is no such function or operator for these types.";
    "42P01" UndefinedTableError(ProgrammingError): "There is no such table or view.";
    "42P07" DuplicateTableError(ProgrammingError): "A table or view of that name exists already.";
    "42710" DuplicateObjectError(ProgrammingError): "An object of that name exists already.";
    "25006" ReadOnlySQLTransactionError(InternalError): "The transaction may only read.";
}
