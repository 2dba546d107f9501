//! `PrototypePool`: the pool as Python sees it. Arguments in, awaitables out; the work is in [`super::query`].

use std::time::Duration;

use pyo3::prelude::*;

use super::answer::Outcome;
use super::pool::Pool;
use super::query;
use super::settings::Settings;
use crate::bridge;

/// From dialling to the session's first `ReadyForQuery`.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// An asyncio pool of connections to one PostgreSQL database.
///
/// ``host`` is a name, an address, or a folder with the server's Unix socket. Connections are opened when they are
/// first needed, at most ``max_connections`` of them. Their sessions run in UTC.
#[pyclass(frozen, module = "fraiseql._fraiseql_rs")]
pub struct PrototypePool {
    pool: Pool,
}

#[pymethods]
impl PrototypePool {
    #[new]
    #[pyo3(signature = (
        database, host="localhost", port=5432, username="postgres", password=None, max_connections=10
    ))]
    fn new(
        py: Python<'_>,
        database: &str,
        host: &str,
        port: u16,
        username: &str,
        password: Option<&str>,
        max_connections: usize,
    ) -> PyResult<Self> {
        let settings = Settings {
            database: database.to_owned(),
            host: host.to_owned(),
            port,
            username: username.to_owned(),
            password: password.map(str::to_owned),
            max_connections,
            connect_timeout: CONNECT_TIMEOUT,
        };
        let pool = Pool::new(settings).map_err(|error| error.into_exception(py))?;
        Ok(Self { pool })
    }

    /// Run ``sql`` and return its rows, each as the text of a JSON object (column name to value).
    ///
    /// A result of a single ``json`` or ``jsonb`` column gives that column's values themselves.
    fn execute_query<'py>(&self, py: Python<'py>, sql: String) -> PyResult<Bound<'py, PyAny>> {
        let pool = self.pool.clone();
        bridge::awaitable(py, async move { Outcome(query::json_rows(&pool, &sql).await) })
    }

    /// Return True if the server answers a query.
    fn health_check<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let pool = self.pool.clone();
        bridge::awaitable(py, async move { Outcome(query::health(&pool).await) })
    }

    /// Return a short text with the total and the available connections.
    fn stats(&self) -> String {
        let status = self.pool.status();
        format!("{} total, {} available connections", status.size, status.available)
    }

    fn __repr__(&self) -> String {
        format!("<PrototypePool: {}, at most {}>", self.stats(), self.pool.status().max_size)
    }
}
