//! One connection to the server: how the pool opens it, keeps it, and tells whether it is still of use.

use deadpool::managed::{self, Metrics, RecycleError, RecycleResult};
use deadpool_postgres::ClientWrapper;
use tokio::time::timeout;
use tokio_postgres::{NoTls, Statement};

use super::dial::{dial, Peer};
use super::error::Error;
use super::settings::Settings;
use crate::bridge;

/// An open session, and where its server is.
pub struct Connection {
    /// Its background task reads the socket; dropped, the task and the socket go with it.
    pub client: ClientWrapper,
    pub peer: Peer,
}

/// How many prepared statements a connection keeps. Each costs memory here and on the server.
const CACHED_STATEMENTS: usize = 100;

impl Connection {
    /// The statement for `sql`, prepared once per connection. A full cache starts anew: a caller with more texts than
    /// that makes them up, and would find few of them again.
    pub async fn prepare(&self, sql: &str) -> Result<Statement, tokio_postgres::Error> {
        if self.client.statement_cache.size() >= CACHED_STATEMENTS {
            self.client.statement_cache.clear();
        }
        self.client.prepare_cached(sql).await
    }
}

/// Opens connections for the pool.
pub struct Connector {
    settings: Settings,
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
        Ok(Connection { client: ClientWrapper::new(client, reader), peer })
    }
}

impl managed::Manager for Connector {
    type Type = Connection;
    type Error = Error;

    async fn create(&self) -> Result<Connection, Error> {
        let limit = self.settings.connect_timeout;
        timeout(limit, self.open())
            .await
            .unwrap_or_else(|_| Err(Error::connect_timeout(&self.settings.host, self.settings.port, limit)))
    }

    async fn recycle(&self, connection: &mut Connection, _: &Metrics) -> RecycleResult<Error> {
        if connection.client.is_closed() {
            return Err(RecycleError::message("the server closed the connection"));
        }
        Ok(())
    }
}
