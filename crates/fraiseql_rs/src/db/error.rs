//! What can go wrong between a call and its answer? One opaque error: a kind that decides its Python class, a
//! message, and what the server reported.

use std::error::Error as _;
use std::fmt;
use std::io;
use std::time::Duration;

use deadpool::managed::{PoolError, TimeoutType};
use tokio_postgres::error::{DbError, Severity, SqlState};

/// What went wrong, as far as a caller can act on it. `exceptions` gives each its Python class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An argument of the pool is out of its range.
    Setting,
    /// The call itself is wrong: no query has been sent.
    Usage,
    /// No connection to the server could be made.
    CannotConnect,
    /// The server asks for credentials that the pool was not given.
    Authentication,
    /// The connection went away while the server owed an answer.
    ConnectionLost,
    /// No connection became free in time.
    PoolTimeout,
    /// The pool is closed.
    PoolClosed,
    /// A result column has a type that cannot be converted; the statement did not run.
    NoConverter,
    /// A parameter cannot be converted; the statement did not run.
    Parameter,
    /// A value on the wire cannot be converted.
    Value,
    /// The server refused, and gave a reason.
    Server,
    /// The server started something that the pool does not support.
    NotSupported,
    /// The session could not be reset for the query.
    Reset,
    /// A transaction was to be committed, and could not be.
    RolledBack,
    /// None of the above: a defect here or in a library.
    Internal,
}

/// The state of a connection after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// The server refused the statement, or was not asked to run it. It waits for the next one.
    Ready,
    /// Rows are left unread, because the pool itself raised the error.
    Busy,
    /// The connection is gone, or in an unknown state.
    Broken,
}

/// An error of the pool, without Python.
#[derive(Debug)]
pub struct Error {
    pub kind: Kind,
    pub message: String,
    pub report: Option<Box<DbError>>,
}

impl Error {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), report: None }
    }

    pub fn setting(message: impl Into<String>) -> Self {
        Self::new(Kind::Setting, message)
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// The error for a statement about transactions, which begins with `word`.
    pub fn transaction_control(word: &str) -> Self {
        let word = word.to_ascii_uppercase();
        Self::usage(format!(
            "{word} was not sent: each statement of the pool may run on another connection; use `async with \
             pool.acquire() as connection` and `async with connection.transaction()`"
        ))
    }

    /// The error for such a statement on a connection that is held.
    pub fn transaction_inside(word: &str) -> Self {
        let word = word.to_ascii_uppercase();
        Self::usage(format!(
            "{word} was not sent, since the connection has to know its transactions; use `async with \
             connection.transaction()`"
        ))
    }

    /// The error for the end of a transaction in which a statement failed and nothing told its caller so.
    pub fn rolled_back() -> Self {
        let message =
            "the transaction was rolled back: a statement in it failed, and its error was caught inside";
        Self::new(Kind::RolledBack, message)
    }

    /// The error for a query whose session could not be reset in front of it.
    pub fn failed_reset(cause: &Self, did_not_run: bool) -> Self {
        let query = if did_not_run { "did not run" } else { "may have run in the session as it was" };
        let message =
            format!("the session could not be reset, and is closed: {cause}; the query behind it {query}");
        Self::new(Kind::Reset, message)
    }

    pub fn unreachable(host: &str, port: u16, cause: &io::Error) -> Self {
        Self::new(Kind::CannotConnect, format!("cannot reach a server at {host}:{port}: {cause}"))
    }

    pub fn connect_timeout(host: &str, port: u16, limit: Duration) -> Self {
        let seconds = limit.as_secs_f64();
        Self::new(Kind::CannotConnect, format!("no session from {host}:{port} within {seconds} s"))
    }

    /// The error of a socket that was opened, but on which no session began.
    pub fn from_startup(host: &str, port: u16, cause: tokio_postgres::Error) -> Self {
        let reason = reason(&cause);
        if reason.ends_with(NO_PASSWORD) {
            let message =
                format!("no session from {host}:{port}: the server asks for a password, and none was given");
            return Self::new(Kind::Authentication, message);
        }
        match Self::from(cause) {
            error if error.kind == Kind::Server => error,
            _ => Self::new(Kind::CannotConnect, format!("no session from {host}:{port}: {reason}")),
        }
    }

    /// A result column without a converter.
    pub fn no_converter(column: &str, type_name: &str) -> Self {
        let advice = "cast it to text in the query (::text)";
        let message = format!("column \"{column}\" has type {type_name}, which has no converter: {advice}");
        Self::new(Kind::NoConverter, message)
    }

    /// The error for a result column that holds rows whose own column names are not sent.
    pub fn no_names(column: &str, type_name: &str) -> Self {
        let advice = "use to_json() on it in the query, or cast it to a composite type";
        let why = "whose columns are sent without their names";
        Self::new(Kind::NoConverter, format!("column \"{column}\" has type {type_name}, {why}: {advice}"))
    }

    /// The error for bytes that do not fit their type.
    pub fn malformed(column: &str, type_name: &str, why: &str) -> Self {
        Self::new(Kind::Value, format!("column \"{column}\" of type {type_name}: {why}"))
    }

    /// The state in which this error leaves its connection.
    pub fn leaves(&self) -> Left {
        match (self.kind, &self.report) {
            // After a more severe error the server hangs up, perhaps later than the pool would notice.
            (Kind::Server, Some(report)) if report.parsed_severity() != Some(Severity::Error) => Left::Broken,
            (Kind::ConnectionLost | Kind::NotSupported | Kind::Reset | Kind::Internal, _) => Left::Broken,
            (Kind::Value, _) => Left::Busy,
            _ => Left::Ready,
        }
    }

    /// True for an error that comes before a statement runs, whose transaction may have failed before.
    pub fn says_it_did_not_run(&self) -> bool {
        matches!(self.kind, Kind::Usage | Kind::NoConverter | Kind::Parameter)
            || self
                .report
                .as_ref()
                .is_some_and(|report| *report.code() == SqlState::IN_FAILED_SQL_TRANSACTION)
    }

    /// True if the server refused a statement only because it was prepared for another schema, or is not prepared any
    /// more. Prepared again, it will work.
    pub fn is_outdated_plan(&self) -> bool {
        // The state only says "not supported". The routine's name is the same in every language and version.
        let is_revalidated = |report: &DbError| {
            *report.code() == SqlState::FEATURE_NOT_SUPPORTED
                && report.routine() == Some("RevalidateCachedQuery")
        };
        self.is_missing_statement() || self.report.as_deref().is_some_and(is_revalidated)
    }

    /// True if the server says that a statement is not prepared.
    pub fn is_missing_statement(&self) -> bool {
        self.report.as_ref().is_some_and(|report| *report.code() == SqlState::INVALID_SQL_STATEMENT_NAME)
    }

    /// True if the statement may have been refused because its parameters had other types when it was prepared.
    pub fn may_come_from_outdated_types(&self) -> bool {
        const STATES: [SqlState; 8] = [
            SqlState::DATATYPE_MISMATCH,
            SqlState::UNDEFINED_FUNCTION,
            SqlState::INDETERMINATE_DATATYPE,
            SqlState::INVALID_TEXT_REPRESENTATION,
            SqlState::INVALID_DATETIME_FORMAT,
            SqlState::DATETIME_FIELD_OVERFLOW,
            SqlState::NUMERIC_VALUE_OUT_OF_RANGE,
            // "cache lookup failed for type": the type was dropped.
            SqlState::INTERNAL_ERROR,
        ];
        let is_state = |report: &DbError| STATES.contains(report.code());
        self.kind == Kind::Parameter || self.report.as_deref().is_some_and(is_state)
    }
}

/// tokio-postgres does not show its kinds of error, so these two can only be told by their texts.
const NO_PASSWORD: &str = "password missing";
const NO_ROWS: &str = "unexpected message from server";

const COPIES: &str =
    "the server answered with something other than rows, as to COPY, which the pool does not support: \
                      use psql's \\copy, or INSERT from unnest() of arrays";

fn reason(cause: &tokio_postgres::Error) -> String {
    cause.source().map_or_else(|| cause.to_string(), |source| format!("{cause}: {source}"))
}

impl From<tokio_postgres::Error> for Error {
    fn from(cause: tokio_postgres::Error) -> Self {
        if let Some(report) = cause.as_db_error() {
            // As psql prints it.
            let message = format!("{}:  {}", report.severity(), report.message());
            return Self { kind: Kind::Server, message, report: Some(Box::new(report.clone())) };
        }
        let reason = reason(&cause);
        let io = cause.source().and_then(|source| source.downcast_ref::<io::Error>());
        match io.map(io::Error::kind) {
            // A statement with a NUL is never sent.
            Some(io::ErrorKind::InvalidInput) => Self::usage(reason),
            Some(_) => Self::lost(&reason),
            None if cause.is_closed() => Self::lost("the server closed it"),
            None if reason == NO_ROWS => Self::new(Kind::NotSupported, COPIES),
            None => Self::new(Kind::Internal, reason),
        }
    }
}

impl Error {
    /// The error for a connection that is gone.
    pub fn lost(reason: &str) -> Self {
        Self::new(Kind::ConnectionLost, format!("the connection was lost: {reason}"))
    }

    /// The error for a row that cannot belong to its statement.
    pub fn other_field_count() -> Self {
        Self::lost("the server sent a row with another field count than its statement has")
    }

    /// The reason why the pool gave no connection, if it waits at most `limit` for one.
    pub fn from_pool(cause: PoolError<Self>, limit: Option<Duration>) -> Self {
        match cause {
            PoolError::Backend(error) => error,
            PoolError::Closed => Self::new(Kind::PoolClosed, "the pool is closed"),
            PoolError::Timeout(TimeoutType::Wait) => {
                let seconds = limit.unwrap_or_default().as_secs_f64();
                Self::new(Kind::PoolTimeout, format!("no connection became free within {seconds} s"))
            }
            other => Self::new(Kind::Internal, other.to_string()),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// True for the SQLSTATEs with which a server says that it is shutting down.
pub fn is_shutdown(state: &SqlState) -> bool {
    [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN, SqlState::CANNOT_CONNECT_NOW].contains(state)
}
