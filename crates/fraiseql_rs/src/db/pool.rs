//! How does the pool work, without Python? Settings → leases, figures about both, and its end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::Duration;

use deadpool::managed::{self, QueueMode, Timeouts};
use deadpool::{Runtime, Status};
use tokio::sync::watch;
use tokio::time::sleep;

use super::connection::Connector;
use super::error::Error;
use super::lease::Lease;
use super::settings::Settings;
use super::upkeep;
use crate::bridge::Bridge;

/// How often a closing pool checks whether its last connection has come back.
const CLOSING_PAUSE: Duration = Duration::from_millis(1);

/// The connections to one database. Each is opened when it is first needed.
#[derive(Clone)]
pub struct Pool {
    connections: managed::Pool<Connector>,
    acquire_timeout: Option<Duration>,
    /// Whether the upkeep has begun. It begins with the first use of the pool, because it starts the runtime.
    has_begun: Arc<AtomicBool>,
    /// Tells the upkeep of the end: when the pool is closed, and when its last clone is dropped.
    ended: Arc<watch::Sender<()>>,
}

impl Pool {
    /// Makes a pool without connections; it opens them on demand.
    pub fn new(settings: Settings, bridge: Arc<Bridge>) -> Result<Self, Error> {
        let (size, acquire_timeout) = (settings.size, settings.times.acquire);
        let connections = managed::Pool::builder(Connector::new(settings, bridge))
            .max_size(size.most)
            .runtime(Runtime::Tokio1)
            // The connection that was used last has the warmest caches. The others stay idle, so the upkeep can close
            // them.
            .queue_mode(QueueMode::Lifo)
            .timeouts(Timeouts { wait: acquire_timeout, create: None, recycle: None })
            .build()
            .map_err(|cause| Error::setting(format!("cannot make the pool: {cause}")))?;
        connections.manager().openings.belong_to(connections.weak());
        Ok(Self { connections, acquire_timeout, has_begun: Arc::default(), ended: Arc::default() })
    }

    /// Borrows a connection: an idle one, a new one if there is room, or else the next one that comes back.
    pub async fn lease(&self) -> Result<Lease, Error> {
        self.begin();
        let connection = self.connections.get().await;
        Ok(Lease::new(connection.map_err(|cause| Error::from_pool(cause, self.acquire_timeout))?))
    }

    /// Opens the connections that the pool has to keep, in the background.
    pub fn enter(&self) {
        if self.connections.manager().settings.size.least > 0 {
            self.begin();
        }
    }

    fn begin(&self) {
        if !self.has_begun.swap(true, Ordering::Relaxed) {
            upkeep::begin(&self.connections, self.ended.subscribe());
        }
    }

    pub fn status(&self) -> Status {
        self.connections.status()
    }

    pub fn is_closed(&self) -> bool {
        self.connections.is_closed()
    }

    /// Whether there is a connection, or a query that waits for one. A query that is opening a connection counts as
    /// well.
    fn is_in_use(&self) -> bool {
        let Status { size, waiting, .. } = self.status();
        size > 0 || waiting > 0
    }

    /// Refuses new work, lets running queries end, and returns when the last connection is closed.
    pub async fn close(&self) {
        self.connections.close();
        self.connections.manager().openings.end();
        self.ended.send_replace(());
        while self.is_in_use() {
            // Close the idle connections. A connection lies idle here if it came back for a query that then found the
            // pool closed.
            self.connections.retain(|_, _| false);
            sleep(CLOSING_PAUSE).await;
        }
    }
}
