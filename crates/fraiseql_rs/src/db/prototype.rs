//! What is the pool in Python? The class `PrototypePool`: arguments in, awaitables out. [`super::query`] does the
//! work.

use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;

use futures_util::FutureExt;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyType};

use super::acquired::Acquiring;
use super::answer::{Answer, Outcome};
use super::arguments;
use super::error::Error;
use super::figures::Figures;
use super::param::params_of;
use super::pool::Pool;
use super::query::{self, Query};
use super::reader::Want;
use super::reset::Reset;
use super::server::Server;
use super::session::Session;
use super::settings::{strategy, Settings};
use super::size::Size;
use super::statements::Bounds;
use super::times::Times;
use crate::bridge::{self, Bridge};

/// An asyncio pool of connections to one PostgreSQL database.
///
/// Connections are opened when they are first needed. Their sessions run in UTC. Each statement runs by itself, on
/// whichever connection is free, and commits by itself. So BEGIN, COMMIT, SAVEPOINT and the other statements about
/// transactions are refused: ``acquire`` gives a connection for several statements and for transactions. The pool
/// works on any event loop and from several at once; ``async with`` closes it at the end. A PgBouncer in between lets
/// its sessions in with ``ignore_startup_parameters = bytea_output, extra_float_digits, array_nulls``.
///
/// The methods that return an awaitable begin at once and share these rules. Cancelling the awaitable stops the query
/// on the server, and its connection serves others only when it is clean. Each raises ``RuntimeError`` where no event
/// loop runs or in a process forked after the pool was first used, ``PoolClosedError`` after ``close()``, and
/// ``InternalError`` for a panic in the extension, which is a bug.
///
/// Args:
///     database: The database to connect to.
///     host: A name, an address, or a folder with the server's Unix socket.
///     port: The server's TCP port, or the number in its socket's name.
///     username: The role to log in as.
///     password: Its password; None if the server asks for none.
///     max_connections: The most connections that are open at a time, from 1 to 10,000.
///     min_connections: How many connections are opened in the background at the first use of the pool or at ``async
///         with``, and stay open although they are idle. ``max_lifetime`` replaces them.
///     application_name: The name of the sessions in the server's lists and logs.
///     server_settings: Settings that each session starts with, such as ``{"search_path": "app"}``. Those that the
///         pool relies on are refused here, and wrong ones by the server at the first query.
///     connect_timeout: Seconds from dialling to a usable session, else ``CannotConnectError``.
///     acquire_timeout: Seconds that a query waits for a free connection, else ``PoolTimeoutError``; None is no limit.
///     max_idle_time: Seconds after which an unused connection is closed; None is never.
///     max_lifetime: Seconds after which a connection is not given out again; None is never.
///     statement_cache_size: How many statements each connection keeps prepared; 0 keeps none.
///     statement_cache_bytes: How many bytes of SQL these statements have together; None is no limit.
///     max_cacheable_statement_size: Bytes of SQL that a kept statement has at most; a longer one is prepared for each
///         use, and the server then forgets it. None is no limit.
///     reset: After which statements a session is put back into its first state, in front of the next one and in the
///         same round trip. ``"always"``: each; the guarantee. ``"auto"``: all but SELECT, INSERT, UPDATE, DELETE,
///         MERGE, WITH, VALUES, TABLE and SHOW, and those that name ``set_config``, ``advisory``, ``pg_settings`` or
///         INTO TEMP; it cannot see into functions and triggers. ``"never"``: none, as for a PgBouncer in transaction
///         mode.
///     bridge: How a result comes to asyncio. ``"loop_native"``: the loop's own thread reads the sockets.
///         ``"completion_queue"``: Tokio's thread reads, and wakes the loop once for many results.
///         ``"future_into_py"``: as pyo3-async-runtimes does it; also where the running loop cannot watch sockets.
///
/// Raises:
///     ValueError: An argument is out of range. Nothing is dialled here, so no error of the server's can occur.
///     OverflowError: An int is negative, or more than a machine's word holds.
#[pyclass(frozen, module = "fraiseql._fraiseql_rs")]
pub struct PrototypePool {
    pool: Pool,
    bridge: Arc<Bridge>,
}

#[pymethods]
impl PrototypePool {
    #[expect(clippy::too_many_arguments, reason = "each is a keyword in Python")]
    #[new]
    #[pyo3(signature = (
        database, host="localhost", port=5432, username="postgres", password=None, max_connections=10, *,
        min_connections=0, application_name="fraiseql", server_settings=None,
        connect_timeout=10.0, acquire_timeout=30.0, max_idle_time=600.0, max_lifetime=3600.0,
        statement_cache_size=256, statement_cache_bytes=1_048_576, max_cacheable_statement_size=15_360,
        reset="auto", bridge="loop_native"
    ))]
    fn new(
        py: Python<'_>,
        database: String,
        host: &str,
        port: u16,
        username: &str,
        password: Option<String>,
        max_connections: usize,
        min_connections: usize,
        application_name: &str,
        server_settings: Option<BTreeMap<String, String>>,
        connect_timeout: f64,
        acquire_timeout: Option<f64>,
        max_idle_time: Option<f64>,
        max_lifetime: Option<f64>,
        statement_cache_size: usize,
        statement_cache_bytes: Option<usize>,
        max_cacheable_statement_size: Option<usize>,
        reset: &str,
        bridge: &str,
    ) -> PyResult<Self> {
        let make = || {
            let server = Server::new(database, host, port, username, password)?;
            let session = Session::new(application_name, &server_settings.unwrap_or_default())?;
            let times = Times::new(connect_timeout, acquire_timeout, max_idle_time, max_lifetime)?;
            let size = Size::new(min_connections, max_connections)?;
            let cache =
                Bounds::new(statement_cache_size, statement_cache_bytes, max_cacheable_statement_size);
            let reset = Reset::named(reset)?;
            let settings = Settings { server, session, times, size, statement_cache: cache, reset };
            let bridge = Arc::new(Bridge::new(strategy(bridge)?));
            Ok(Self { pool: Pool::new(settings, Arc::clone(&bridge))?, bridge })
        };
        make().map_err(|error: Error| error.into_exception(py))
    }

    /// Make a pool from a connection string, and from libpq's environment where that says nothing.
    ///
    /// A keyword wins over the string, the string over the variables PGHOST, PGHOSTADDR, PGPORT, PGUSER, PGPASSWORD,
    /// PGDATABASE, PGAPPNAME, PGOPTIONS and PGCONNECT_TIMEOUT, and these over the defaults of the class. Without a
    /// database it is the one that has the role's name. A password that nothing gives is looked up in the file of
    /// PGPASSFILE, or in ``~/.pgpass``, which only its owner may read.
    ///
    /// Args:
    ///     dsn: ``postgresql://user:password@host:port/database?option=value``, or pairs such as ``host=a dbname=b``.
    ///     keywords: Arguments of the class, by name.
    ///
    /// Raises:
    ///     ValueError: The string cannot be read, it or a variable asks for TLS (``sslmode=require``), several hosts or
    ///         another thing that the pool does not offer, or an argument is out of range.
    ///     TypeError: The class has no such keyword.
    #[classmethod]
    #[pyo3(signature = (dsn="", **keywords))]
    fn from_dsn<'py>(
        class: &Bound<'py, PyType>,
        dsn: &str,
        keywords: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        class.call((), Some(&arguments::of_dsn(class.py(), dsn, keywords)?))
    }

    /// Run ``sql`` and return its rows, each as the text of a JSON object (column name to value).
    ///
    /// A result of a single ``json`` or ``jsonb`` column gives that column's values themselves. The text is what
    /// PostgreSQL's ``row_to_json`` gives. A row without a type of its own (``record``) is refused, for its columns'
    /// names are not sent; ``to_json()`` in the query makes a document of it.
    ///
    /// Args:
    ///     sql: One statement, with ``$1``, ``$2`` and so on where parameters belong.
    ///     params: A sequence of the parameters; see ``fetch``.
    ///
    /// Returns:
    ///     An awaitable of a list of texts, empty for a statement without rows.
    ///
    /// Raises:
    ///     TypeError: ``params`` is not a sequence.
    ///     Error: As ``fetch`` does.
    #[pyo3(signature = (sql, params=None))]
    fn execute_query<'py>(
        &self,
        py: Python<'py>,
        sql: String,
        params: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.run(py, sql, params, Want::Json)
    }

    /// Run ``sql`` and return its rows as a list of ``Record``.
    ///
    /// Args:
    ///     sql: One statement, with ``$1``, ``$2`` and so on where parameters belong.
    ///     params: A value for each of them, of the Python type that the same column would give, or None for null.
    ///         A tuple is a row for a composite type, and a list elsewhere. A bool is also an int.
    ///
    /// Returns:
    ///     An awaitable of a list of records, empty for a statement without rows.
    ///
    /// Raises:
    ///     InterfaceError: There are more or fewer parameters than the statement has, or it is about transactions.
    ///     DataError: A parameter does not fit its type, or a column's type has no converter; the message names it.
    ///     ProgrammingError: Syntax, names or privileges are wrong.
    ///     IntegrityError: A constraint was violated.
    ///     NotSupportedError: The server does not offer what was asked for, or it is COPY, which the pool does not.
    ///     QueryCanceledError: Another session, or a timeout of the server's, stopped the query.
    ///     CannotConnectError: No session within ``connect_timeout`` seconds: refused, unknown host, no answer.
    ///     AuthenticationError: The server did not accept the credentials.
    ///     UnknownDatabaseError: The server has no such database.
    ///     PoolTimeoutError: No connection became free within ``acquire_timeout`` seconds.
    ///     ConnectionLostError: The connection went away during the query; whether it took effect is unknown.
    ///     ServerShutdownError: The server ended the session to stop or restart.
    ///     Error: Whatever else the server reports, as the subclass of its SQLSTATE.
    #[pyo3(signature = (sql, *params))]
    fn fetch<'py>(
        &self,
        py: Python<'py>,
        sql: String,
        params: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.run(py, sql, Some(params), Want::Records)
    }

    /// Run ``sql`` and return its first row.
    ///
    /// Args:
    ///     sql: One statement, as for ``fetch``.
    ///     params: Its parameters, as for ``fetch``.
    ///
    /// Returns:
    ///     An awaitable of a ``Record``, or of None if there is no row.
    ///
    /// Raises:
    ///     Error: As ``fetch`` does.
    #[pyo3(signature = (sql, *params))]
    fn fetchrow<'py>(
        &self,
        py: Python<'py>,
        sql: String,
        params: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.run(py, sql, Some(params), Want::FirstRecord)
    }

    /// Run ``sql`` and return the first value of its first row.
    ///
    /// Args:
    ///     sql: One statement, as for ``fetch``.
    ///     params: Its parameters, as for ``fetch``.
    ///
    /// Returns:
    ///     An awaitable of the value, or of None if there is no row.
    ///
    /// Raises:
    ///     Error: As ``fetch`` does.
    #[pyo3(signature = (sql, *params))]
    fn fetchval<'py>(
        &self,
        py: Python<'py>,
        sql: String,
        params: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.run(py, sql, Some(params), Want::FirstValue)
    }

    /// Run ``sql`` and return how many rows it returned or touched.
    ///
    /// Args:
    ///     sql: One statement, as for ``fetch``.
    ///     params: Its parameters, as for ``fetch``.
    ///
    /// Returns:
    ///     An awaitable of the count in the server's command tag, 0 for a statement that has none.
    ///
    /// Raises:
    ///     Error: As ``fetch`` does.
    #[pyo3(signature = (sql, *params))]
    fn execute<'py>(
        &self,
        py: Python<'py>,
        sql: String,
        params: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.run(py, sql, Some(params), Want::Count)
    }

    /// Return a connection for ``async with``, which holds it for several statements.
    ///
    /// Returns:
    ///     An asynchronous context manager that gives a ``Connection``. At its end the connection goes back to the
    ///     pool, what is still open in it is rolled back, and what was changed in its session is reset in front of
    ///     its next use.
    ///
    /// Raises:
    ///     Error: On entering, no connection could be had; as ``fetch`` does.
    fn acquire(&self) -> Acquiring {
        Acquiring::new(self.pool.clone(), Arc::clone(&self.bridge))
    }

    /// Ask the server for an answer.
    ///
    /// Returns:
    ///     An awaitable of True.
    ///
    /// Raises:
    ///     Error: No connection or no answer could be had; as ``fetch`` does.
    fn health_check<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let pool = self.pool.clone();
        self.bridge.awaitable(py, Outcome::of(async move { query::health(&pool).await }))
    }

    /// Close the pool: refuse new queries with ``PoolClosedError``, let running ones end, close all connections.
    ///
    /// To stop running queries instead, cancel their awaitables first. A closed pool may be closed again.
    ///
    /// Returns:
    ///     An awaitable of None, done when no connection is left.
    fn close<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let pool = self.pool.clone();
        let closing = async move { pool.close().await };
        self.bridge.awaitable(py, Outcome::of(closing.map(|()| Ok(Answer::Nothing))))
    }

    fn __aenter__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let (pool, entered) = (slf.get().pool.clone(), slf.clone().into_any().unbind());
        let entering = async move {
            pool.enter();
            entered
        };
        slf.get().bridge.awaitable(slf.py(), entering)
    }

    #[pyo3(signature = (*_exception))]
    fn __aexit__<'py>(
        &self,
        py: Python<'py>,
        _exception: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.close(py)
    }

    /// Return a short text with the total and the available connections.
    fn stats(&self) -> String {
        format!("Pool stats: {}", Figures::of(&self.pool))
    }

    /// Return the figures of the pool by name.
    ///
    /// Returns:
    ///     ``size`` (open connections), ``available`` (idle ones), ``in_use``, ``waiting`` (queries without a
    ///     connection), ``max_size``, ``closed``, ``bridge`` (the way that the last result took from Rust to
    ///     asyncio) and ``bridge_requested``, another where the running loop does not allow it.
    fn pool_status<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        Figures::of(&self.pool).into_dict(py, &self.bridge)
    }

    fn __repr__(&self) -> String {
        Figures::of(&self.pool).repr()
    }
}

impl PrototypePool {
    fn run<'py>(
        &self,
        py: Python<'py>,
        sql: String,
        params: Option<&Bound<'py, PyAny>>,
        want: Want,
    ) -> PyResult<Bound<'py, PyAny>> {
        let _inside = bridge::Inside::enter()?;
        let params = params.map(params_of).transpose()?.unwrap_or_default();
        let query = Query { sql, params, want };
        let pool = self.pool.clone();
        self.bridge.awaitable(py, Outcome::of(async move { query::run(&pool, &query).await }))
    }
}

impl Drop for PrototypePool {
    fn drop(&mut self) {
        // To drop connections takes locks that the parent's threads may have held at the fork. In the child no thread
        // releases them.
        if self.bridge.is_elsewhere() {
            mem::forget(self.pool.clone());
        }
    }
}
