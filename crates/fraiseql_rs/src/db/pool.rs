//! How does the pool work, without Python? Settings → leases, figures about both, and its end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::Duration;

use deadpool::managed::{self, QueueMode, Timeouts};
use deadpool::{Runtime, Status};
use tokio::time::sleep;

use super::connection::Connector;
use super::error::Error;
use super::lease::Lease;
use super::settings::Settings;
use super::times::Times;
use crate::bridge::{self, Bridge};

/// How often a closing pool checks whether its last connection has come back.
const CLOSING_PAUSE: Duration = Duration::from_millis(1);

/// How many sweeps over the idle connections fit into one time limit; [`SWEEP_AT_LEAST`] is the least pause.
const SWEEPS_PER_LIMIT: u32 = 4;
const SWEEP_AT_LEAST: Duration = Duration::from_millis(100);

/// The connections to one database. Each is opened when it is first needed.
#[derive(Clone)]
pub struct Pool {
    connections: managed::Pool<Connector>,
    acquire_timeout: Option<Duration>,
    /// Whether the sweep has begun. It begins with the first use of the pool, because it starts the runtime.
    is_swept: Arc<AtomicBool>,
}

impl Pool {
    /// Makes a pool without connections; it opens them on demand.
    pub fn new(settings: Settings, bridge: Arc<Bridge>) -> Result<Self, Error> {
        let settings = settings.validated()?;
        let (size, acquire_timeout) = (settings.max_connections, settings.times.acquire);
        let connections = managed::Pool::builder(Connector::new(settings, bridge))
            .max_size(size)
            .runtime(Runtime::Tokio1)
            // The connection that was used last has the warmest caches. The others stay idle, so the sweep can close
            // them.
            .queue_mode(QueueMode::Lifo)
            .timeouts(Timeouts { wait: acquire_timeout, create: None, recycle: None })
            .build()
            .map_err(|cause| Error::setting(format!("cannot make the pool: {cause}")))?;
        Ok(Self { connections, acquire_timeout, is_swept: Arc::default() })
    }

    /// Borrows a connection: an idle one, a new one if there is room, or else the next one that comes back.
    pub async fn lease(&self) -> Result<Lease, Error> {
        if !self.is_swept.swap(true, Ordering::Relaxed) {
            self.sweep_from_now_on();
        }
        let connection = self.connections.get().await;
        Ok(Lease::new(connection.map_err(|cause| Error::from_pool(cause, self.acquire_timeout))?))
    }

    /// Closes idle connections that have outlived their limits, for as long as the pool exists.
    fn sweep_from_now_on(&self) {
        let Times { idle, life, .. } = self.connections.manager().settings.times;
        let Some(limit) = idle.into_iter().chain(life).min() else { return };
        let pause = (limit / SWEEPS_PER_LIMIT).max(SWEEP_AT_LEAST);
        let pool = self.connections.weak();
        // The task ends by itself.
        drop(bridge::spawn(async move {
            loop {
                sleep(pause).await;
                match pool.upgrade() {
                    Some(pool) if !pool.is_closed() => sweep(&pool),
                    _ => return,
                }
            }
        }));
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
        while self.is_in_use() {
            // Close the idle connections. A connection lies idle here if it came back for a query that then found the
            // pool closed.
            self.connections.retain(|_, _| false);
            sleep(CLOSING_PAUSE).await;
        }
    }
}

fn sweep(pool: &managed::Pool<Connector>) {
    let connector = pool.manager();
    pool.retain(|connection, metrics| !connector.is_worn_out(connection, &metrics));
}
