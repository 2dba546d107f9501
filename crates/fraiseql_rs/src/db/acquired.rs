//! What does a caller hold in Python? A `Connection` for several statements; [`super::held`] does the work.

use std::sync::{Arc, Mutex};

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::answer::{Answer, Outcome};
use super::block::Transaction;
use super::error::Error;
use super::held::{Held, Return};
use super::lock::locked;
use super::param::params_of;
use super::pool::Pool;
use super::query::Query;
use super::reader::Want;
use super::transaction::Begin;
use crate::bridge::{self, Bridge, Entry, Handover};

/// A connection of the pool, for several statements of one caller.
///
/// ``async with pool.acquire() as connection`` gives one. Its statements run in one session, in the order in which
/// they were called, and what they change in it, such as a setting or a temporary table, holds until the connection
/// is given back. Cancelling an awaitable stops its statement, and the connection goes on with the next one. A
/// statement is sent once: if the connection is lost, that is an error for it and for all later ones.
#[pyclass(frozen, module = "fraiseql._fraiseql_rs")]
pub struct Connection {
    held: Held,
    bridge: Arc<Bridge>,
}

#[pymethods]
impl Connection {
    /// Run ``sql`` in this session and return its rows, each as the text of a JSON object.
    ///
    /// Args:
    ///     sql: One statement, as for ``PrototypePool.execute_query``.
    ///     params: A sequence of the parameters, likewise.
    ///
    /// Returns:
    ///     An awaitable of a list of texts.
    ///
    /// Raises:
    ///     TypeError: ``params`` is not a sequence.
    ///     Error: As ``PrototypePool.execute_query`` does, and once the connection is lost or was given back.
    #[pyo3(signature = (sql, params=None))]
    fn execute_query<'py>(
        &self,
        py: Python<'py>,
        sql: String,
        params: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.run(py, sql, params, Want::Json)
    }

    /// Run ``sql`` in this session and return its rows as a list of ``Record``.
    ///
    /// Args:
    ///     sql: One statement, as for ``PrototypePool.fetch``.
    ///     params: Its parameters, likewise.
    ///
    /// Returns:
    ///     An awaitable of a list of records.
    ///
    /// Raises:
    ///     Error: As ``PrototypePool.fetch`` does, and once the connection is lost or was given back.
    #[pyo3(signature = (sql, *params))]
    fn fetch<'py>(
        &self,
        py: Python<'py>,
        sql: String,
        params: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.run(py, sql, Some(params), Want::Records)
    }

    /// Run ``sql`` in this session and return its first row.
    ///
    /// Args:
    ///     sql: One statement, as for ``PrototypePool.fetchrow``.
    ///     params: Its parameters, likewise.
    ///
    /// Returns:
    ///     An awaitable of a ``Record``, or of None if there is no row.
    ///
    /// Raises:
    ///     Error: As ``PrototypePool.fetchrow`` does, and once the connection is lost or was given back.
    #[pyo3(signature = (sql, *params))]
    fn fetchrow<'py>(
        &self,
        py: Python<'py>,
        sql: String,
        params: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.run(py, sql, Some(params), Want::FirstRecord)
    }

    /// Run ``sql`` in this session and return the first value of its first row.
    ///
    /// Args:
    ///     sql: One statement, as for ``PrototypePool.fetchval``.
    ///     params: Its parameters, likewise.
    ///
    /// Returns:
    ///     An awaitable of the value, or of None if there is no row.
    ///
    /// Raises:
    ///     Error: As ``PrototypePool.fetchval`` does, and once the connection is lost or was given back.
    #[pyo3(signature = (sql, *params))]
    fn fetchval<'py>(
        &self,
        py: Python<'py>,
        sql: String,
        params: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.run(py, sql, Some(params), Want::FirstValue)
    }

    /// Run ``sql`` in this session and return how many rows it returned or touched.
    ///
    /// Args:
    ///     sql: One statement, as for ``PrototypePool.execute``.
    ///     params: Its parameters, likewise.
    ///
    /// Returns:
    ///     An awaitable of the count.
    ///
    /// Raises:
    ///     Error: As ``PrototypePool.execute`` does, and once the connection is lost or was given back.
    #[pyo3(signature = (sql, *params))]
    fn execute<'py>(
        &self,
        py: Python<'py>,
        sql: String,
        params: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.run(py, sql, Some(params), Want::Count)
    }

    /// Return a transaction for ``async with``.
    ///
    /// It is committed where the block ends, and rolled back where an exception or a cancellation leaves it. One inside
    /// another is a savepoint. It can be entered once.
    ///
    /// Args:
    ///     isolation: ``"serializable"``, ``"repeatable_read"``, ``"read_committed"`` or ``"read_uncommitted"``; None
    ///         is the session's default.
    ///     readonly: Whether it may only read.
    ///     deferrable: Whether a serializable read-only one may wait at its begin, so that it never fails later.
    ///
    /// Raises:
    ///     ValueError: There is no such isolation level.
    #[pyo3(signature = (*, isolation=None, readonly=false, deferrable=false))]
    fn transaction(
        &self,
        py: Python<'_>,
        isolation: Option<&str>,
        readonly: bool,
        deferrable: bool,
    ) -> PyResult<Transaction> {
        let begin = Begin::new(isolation, readonly, deferrable).map_err(|error| error.into_exception(py))?;
        let (held, bridge) = (self.held.clone(), Arc::clone(&self.bridge));
        Ok(Transaction::new(held, bridge, begin))
    }
}

impl Connection {
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
        self.bridge.claim()?;
        let turn = self.held.queue();
        self.bridge.awaitable(py, Outcome::of(async move { turn.await.run(&query).await }))
    }
}

/// A connection that is going to be held, for ``async with``; see ``PrototypePool.acquire``.
#[pyclass(frozen, module = "fraiseql._fraiseql_rs")]
pub struct Acquiring {
    pool: Pool,
    bridge: Arc<Bridge>,
    held: Arc<Mutex<Option<Held>>>,
}

impl Acquiring {
    pub fn new(pool: Pool, bridge: Arc<Bridge>) -> Self {
        Self { pool, bridge, held: Arc::default() }
    }
}

#[pymethods]
impl Acquiring {
    fn __aenter__(&self, py: Python<'_>) -> PyResult<Entry> {
        let (pool, bridge, place) = (self.pool.clone(), Arc::clone(&self.bridge), Arc::clone(&self.held));
        let acquired = async move {
            let held = Held::new(pool.lease().await?).await?;
            Ok(Answer::Acquired(Acquired { held, bridge, place }))
        };
        let awaitable = self.bridge.awaitable(py, Outcome::of(acquired))?;
        Entry::new(awaitable)
    }

    #[pyo3(signature = (*_exception))]
    fn __aexit__<'py>(
        &self,
        py: Python<'py>,
        _exception: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.bridge.claim()?;
        let Some(held) = locked(&self.held).take() else {
            return Err(Error::usage("no connection was acquired here").into_exception(py));
        };
        self.bridge.awaitable(py, Outcome::of_nothing(Return::new(&held).run()))
    }
}

/// A connection that its caller has not got yet.
pub struct Acquired {
    held: Held,
    bridge: Arc<Bridge>,
    place: Arc<Mutex<Option<Held>>>,
}

impl Handover for Acquired {
    fn take(self: Box<Self>, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let Self { held, bridge, place } = *self;
        if locked(&place).replace(held.clone()).is_some() {
            return Err(Error::usage("pool.acquire() can be entered once; call it again").into_exception(py));
        }
        Ok(Bound::new(py, Connection { held, bridge })?.into_any().unbind())
    }
}
