//! One connection to the server: how the pool opens it, keeps it, and tells whether it is still of use.

use deadpool::managed::{self, Metrics, RecycleError, RecycleResult};
use deadpool_postgres::ClientWrapper;
use tokio::time::timeout;
use tokio_postgres::NoTls;

use super::dial::{dial, Peer};
use super::error::Error;
use super::settings::Settings;
use super::statements::Statements;
use crate::bridge;

/// An open session, where its server is, and what it has prepared.
pub struct Connection {
    pub statements: Statements,
    /// Its background task reads the socket; dropped, the task and the socket go with it.
    pub client: ClientWrapper,
    pub peer: Peer,
}

/// Opens connections for the pool.
pub struct Connector {
    pub settings: Settings,
}

impl Connector {
    pub fn new(settings: Settings) -> Self {
        Self { settings }
    }

    async fn open(&self) -> Result<Connection, Error> {
        let Settings { host, port, .. } = &self.settings;
        let (socket, peer) =
            dial(host, *port).await.map_err(|cause| Error::unreachable(host, *port, &cause))?;
        let opened = self.settings.startup().connect_raw(socket, NoTls).await;
        let (client, session) = opened.map_err(|cause| Error::from_startup(host, *port, cause))?;
        // How the session ended is told to whoever waits for an answer on it; here is nobody to tell.
        let reader = bridge::spawn(async move { drop(session.await) });
        let statements = Statements::new(self.settings.statement_cache_size);
        Ok(Connection { statements, client: ClientWrapper::new(client, reader), peer })
    }

    /// Whether a connection that lies idle has outlived its limits.
    pub fn is_worn_out(&self, metrics: &Metrics) -> bool {
        let Settings { max_idle_time, max_lifetime, .. } = &self.settings;
        max_idle_time.is_some_and(|limit| metrics.last_used() >= limit)
            || max_lifetime.is_some_and(|limit| metrics.age() >= limit)
    }
}

impl managed::Manager for Connector {
    type Type = Connection;
    type Error = Error;

    async fn create(&self) -> Result<Connection, Error> {
        let limit = self.settings.connect_timeout;
        // On the heap: the rare case must not make every query's future as large as itself.
        timeout(limit, Box::pin(self.open()))
            .await
            .unwrap_or_else(|_| Err(Error::connect_timeout(&self.settings.host, self.settings.port, limit)))
    }

    async fn recycle(&self, connection: &mut Connection, metrics: &Metrics) -> RecycleResult<Error> {
        if connection.client.is_closed() {
            return Err(RecycleError::message("the server closed the connection"));
        }
        if self.is_worn_out(metrics) {
            return Err(RecycleError::message("the connection has outlived its limits"));
        }
        Ok(())
    }
}
