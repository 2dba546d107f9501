//! How does the pool open one connection to the server, keep it, and tell whether it is still usable?

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deadpool::managed::{self, Metrics, RecycleError, RecycleResult};
use deadpool_postgres::ClientWrapper;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_postgres::tls::NoTlsStream;
use tokio_postgres::{Client, NoTls};

use super::cancel::DEADLINE;
use super::dial::{dial, Peer};
use super::encoding::Encoding;
use super::error::Error;
use super::opening::Openings;
use super::reset::Changes;
use super::server::Server;
use super::settings::Settings;
use super::sieve::{Recipient, Sieve};
use super::statements::Statements;
use super::status::Status;
use crate::bridge::{self, Bridge, NativeSocket, Strategy};

/// What reads and writes the socket of a session.
type Session<S> = tokio_postgres::Connection<S, NoTlsStream>;

/// An open session, with the server's address and the prepared statements.
pub struct Connection {
    pub statements: Statements,
    /// Where the rows of the next statement go.
    pub recipient: Arc<Recipient>,
    /// The client's background task reads the socket. When the client is dropped, the task ends and the socket
    /// closes.
    pub client: ClientWrapper,
    pub peer: Peer,
    pub changes: Changes,
    pub encoding: Encoding,
    /// Whether a transaction is open.
    pub status: Status,
    /// When the connection last came back. The pool's own figure says when it was last lent.
    pub idle_since: Instant,
}

impl Connection {
    /// Puts the session back into its first state, if a statement may have changed it.
    pub async fn clean(&self) -> Result<(), Error> {
        if self.changes.is_due() {
            self.changes.undo(&self.client).await?;
        }
        Ok(())
    }

    /// Ends a transaction that was left open. Returns false if the connection must not be used again.
    pub async fn roll_back(&self) -> bool {
        self.status.is_idle()
            || timeout(DEADLINE, self.client.batch_execute("ROLLBACK")).await.is_ok_and(|done| done.is_ok())
    }
}

/// So long a caller waits for an attempt that another one has left; then it begins its own. The other one's may be
/// stuck on a way that has healed since.
const PATIENCE: Duration = Duration::from_secs(1);

/// Opens connections for the pool.
pub struct Connector {
    pub settings: Arc<Settings>,
    bridge: Arc<Bridge>,
    pub openings: Openings,
}

/// What an attempt needs, whether or not the pool lives on.
struct Attempt {
    settings: Arc<Settings>,
    bridge: Arc<Bridge>,
}

impl Attempt {
    /// Opens a connection in time.
    async fn made(self) -> Result<Connection, Error> {
        let limit = self.settings.times.connect;
        let Server { host, port, .. } = &self.settings.server;
        timeout(limit, self.open()).await.unwrap_or_else(|_| Err(Error::connect_timeout(host, *port, limit)))
    }

    async fn open(&self) -> Result<Connection, Error> {
        let Server { host, port, .. } = &self.settings.server;
        let encoding = Encoding::default();
        let unreachable = |cause| Error::unreachable(host, *port, &cause);
        let (socket, peer) = dial(host, *port).await.map_err(unreachable)?;
        let recipient = Arc::<Recipient>::default();
        let status = Status::new();
        let (addressed, reports, noted) = (Arc::clone(&recipient), encoding.reports(), status.clone());
        let client = if self.bridge.in_use() == Strategy::LoopNative {
            let socket = NativeSocket::adopt(socket).map_err(unreachable)?;
            let (client, session) = self.start(Sieve::new(socket, addressed, reports, noted)).await?;
            ClientWrapper::new(client, bridge::spawn_native(encoding.clone().watch(session)))
        } else {
            let (client, session) = self.start(Sieve::new(socket, addressed, reports, noted)).await?;
            ClientWrapper::new(client, bridge::spawn(encoding.clone().watch(session)))
        };
        let statements = Statements::new(self.settings.statement_cache);
        let changes = Changes::new(self.settings.reset);
        let idle_since = Instant::now();
        Ok(Connection { statements, recipient, client, peer, changes, encoding, status, idle_since })
    }

    /// Logs in.
    async fn start<S>(&self, socket: S) -> Result<(Client, Session<S>), Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Server { host, port, .. } = &self.settings.server;
        let opened = self.settings.startup().connect_raw(socket, NoTls).await;
        opened.map_err(|cause| Error::from_startup(host, *port, cause))
    }
}

impl Connector {
    pub fn new(settings: Settings, bridge: Arc<Bridge>) -> Self {
        Self { settings: Arc::new(settings), bridge, openings: Openings::default() }
    }

    /// Waits for an attempt that another caller has left, or begins one. What became of the other one's says nothing
    /// of the server now, unless it is a connection.
    async fn opened(&self) -> Result<Connection, Error> {
        if let Some(mut left) = self.openings.take_over() {
            match timeout(PATIENCE, left.ended()).await {
                Ok(Some(Ok(connection))) if !connection.client.is_closed() => return Ok(connection),
                Ok(_) => {}
                Err(_) => left.give_up(),
            }
        }
        let attempt = Attempt { settings: Arc::clone(&self.settings), bridge: Arc::clone(&self.bridge) };
        let Server { host, port, .. } = &self.settings.server;
        let given_up = || Err(Error::unreachable(host, *port, &io::Error::other("the attempt was given up")));
        self.openings.begin(attempt.made()).ended().await.unwrap_or_else(given_up)
    }

    /// Whether a connection is too old to be lent again.
    pub fn has_outlived(&self, metrics: &Metrics) -> bool {
        self.settings.times.life.is_some_and(|limit| metrics.age() >= limit)
    }

    /// Whether a connection has been idle for too long.
    pub fn has_idled(&self, connection: &Connection) -> bool {
        self.settings.times.idle.is_some_and(|limit| connection.idle_since.elapsed() >= limit)
    }
}

impl managed::Manager for Connector {
    type Type = Connection;
    type Error = Error;

    async fn create(&self) -> Result<Connection, Error> {
        let limit = self.settings.times.connect;
        let Server { host, port, .. } = &self.settings.server;
        // Whoever waits for another one's attempt first waits no longer for both than for one. On the heap, so that this rare case does not make every query's future larger.
        timeout(limit, Box::pin(self.opened()))
            .await
            .unwrap_or_else(|_| Err(Error::connect_timeout(host, *port, limit)))
    }

    async fn recycle(&self, connection: &mut Connection, metrics: &Metrics) -> RecycleResult<Error> {
        if connection.client.is_closed() {
            return Err(RecycleError::message("the server closed the connection"));
        }
        // Where the pool keeps idle connections, only the upkeep knows which of them are to go.
        let keeps_idle = self.settings.size.least > 0;
        if self.has_outlived(metrics) || (!keeps_idle && self.has_idled(connection)) {
            return Err(RecycleError::message("the connection has outlived its limits"));
        }
        Ok(())
    }
}
