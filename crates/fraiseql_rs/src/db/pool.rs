//! The pool itself, without Python: settings → leases, figures about both, and its end.

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
use crate::bridge::{self, Bridge};

/// How often a closing pool looks whether its last connection has come back.
const CLOSING_PAUSE: Duration = Duration::from_millis(1);

/// Idle connections are looked at this often per limit, but not more often than [`SWEEP_AT_LEAST`].
const SWEEPS_PER_LIMIT: u32 = 4;
const SWEEP_AT_LEAST: Duration = Duration::from_millis(100);

/// Connections to one database, opened when they are first needed.
#[derive(Clone)]
pub struct Pool {
    connections: managed::Pool<Connector>,
    acquire_timeout: Option<Duration>,
    /// Whether the sweep has begun; not before the first use, for it starts the runtime.
    is_swept: Arc<AtomicBool>,
}

impl Pool {
    /// A pool without a connection yet: it opens them on demand.
    pub fn new(settings: Settings, bridge: Arc<Bridge>) -> Result<Self, Error> {
        let settings = settings.validated()?;
        let (size, acquire_timeout) = (settings.max_connections, settings.acquire_timeout);
        let connections = managed::Pool::builder(Connector::new(settings, bridge))
            .max_size(size)
            .runtime(Runtime::Tokio1)
            // The connection used last has the warmest caches, and the surplus grows idle.
            .queue_mode(QueueMode::Lifo)
            .timeouts(Timeouts { wait: acquire_timeout, create: None, recycle: None })
            .build()
            .map_err(|cause| Error::setting(format!("cannot make the pool: {cause}")))?;
        Ok(Self { connections, acquire_timeout, is_swept: Arc::default() })
    }

    /// Borrows a connection: an idle one, a new one if there is room, or the next that comes back.
    pub async fn lease(&self) -> Result<Lease, Error> {
        if !self.is_swept.swap(true, Ordering::Relaxed) {
            self.sweep_from_now_on();
        }
        let connection = self.connections.get().await;
        Ok(Lease::new(connection.map_err(|cause| Error::from_pool(cause, self.acquire_timeout))?))
    }

    /// Closes idle connections that have outlived their limits, for as long as the pool exists.
    fn sweep_from_now_on(&self) {
        let Settings { max_idle_time, max_lifetime, .. } = self.connections.manager().settings;
        let Some(limit) = max_idle_time.into_iter().chain(max_lifetime).min() else { return };
        let pause = (limit / SWEEPS_PER_LIMIT).max(SWEEP_AT_LEAST);
        let pool = self.connections.weak();
        // It ends by itself.
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

    /// Whether there is a connection, or somebody who waits for one: also whoever is just opening it.
    fn is_in_use(&self) -> bool {
        let Status { size, waiting, .. } = self.status();
        size > 0 || waiting > 0
    }

    /// Refuses new work, lets running queries end, and returns when the last connection is gone.
    pub async fn close(&self) {
        self.connections.close();
        while self.is_in_use() {
            // One that came back for somebody who then met the closed pool lies idle.
            self.connections.retain(|_, _| false);
            sleep(CLOSING_PAUSE).await;
        }
    }
}

fn sweep(pool: &managed::Pool<Connector>) {
    let connector = pool.manager();
    pool.retain(|connection, metrics| !connector.is_worn_out(connection, &metrics));
}
