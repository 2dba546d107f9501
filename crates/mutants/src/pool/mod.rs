//! How do queries share a few connections? A semaphore gives out places; a place is a connection that is idle, or one
//! that is yet to be opened.

mod cancel;
mod connection;
mod decode;
mod lease;
mod parameter;
mod python;
mod statement;
mod transaction;

use std::process;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_postgres::Config;

pub use python::Pool;
pub use transaction::Transaction;

use crate::error::Failure;
use crate::fault::Fault;
use crate::machine::Machine;
use crate::works::Works;
use connection::{Connection, Open};
use lease::Lease;

/// How long `close` waits for connections that are in use.
const PATIENCE: Duration = Duration::from_secs(5);

/// A pool in one process.
pub struct Inner {
    config: Config,
    fault: Fault,
    works: Arc<Works>,
    /// The process that made it.
    pid: u32,
    machine: &'static Machine,
    places: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
    open: Arc<Open>,
}

impl Inner {
    fn new(config: Config, size: usize, fault: Fault, machine: &'static Machine) -> Self {
        let (places, idle, open) = (Arc::new(Semaphore::new(size)), Mutex::default(), Arc::default());
        Self { config, fault, works: Arc::default(), pid: process::id(), machine, places, idle, open }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next idle connection. The guard is gone before anyone waits.
    fn next_idle(&self) -> Option<Connection> {
        self.idle().pop()
    }

    /// Waits for a place, and for a connection that answers.
    async fn acquire(self: &Arc<Self>) -> Result<Lease, Failure> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let place = place.map_err(|_| Failure::of_pool("the pool is closed"))?;
        while let Some(connection) = self.next_idle() {
            if self.fault == Fault::BusyConnectionReused || connection.answers().await {
                return Ok(Lease::new(self, connection, place));
            }
            // It died while it was idle, and nothing has been sent on it.
            connection.close().await;
        }
        let connection = Connection::open(&self.config, self.fault, &self.open).await?;
        Ok(Lease::new(self, connection, place))
    }

    /// Makes a connection fit for the next caller, or closes it.
    async fn take_back(&self, connection: Connection, was_running: bool, in_transaction: bool) {
        let is_quiet = match (was_running, self.fault) {
            (false, _) => true,
            (true, Fault::CancelNotSent) => cancel::ready(&connection).await.is_ok(),
            (true, _) => cancel::stop(&connection).await,
        };
        let is_fit = is_quiet && !connection.is_spoiled() && self.reset(&connection, in_transaction).await;
        if is_fit && !self.places.is_closed() {
            self.idle().push(connection);
        } else {
            connection.close().await;
        }
    }

    /// Undoes what the last caller did to the session. Returns false if it cannot be undone.
    async fn reset(&self, connection: &Connection, in_transaction: bool) -> bool {
        let undo = in_transaction || self.fault == Fault::BeginUndone;
        let statements: &[&str] = match (undo, self.fault) {
            (false, Fault::SessionKept) => &[],
            (true, Fault::SessionKept) => &["ROLLBACK"],
            (false, _) => &["DISCARD ALL"],
            (true, _) => &["ROLLBACK", "DISCARD ALL"],
        };
        for statement in statements {
            // One at a time: the server refuses DISCARD ALL beside another statement.
            let done = timeout(cancel::DEADLINE, connection.client().batch_execute(statement)).await;
            if !done.is_ok_and(|done| done.is_ok()) {
                return false;
            }
        }
        true
    }

    /// Refuses new queries, and waits a while until all connections are closed.
    async fn close(&self) {
        self.places.close();
        while let Some(connection) = self.next_idle() {
            connection.close().await;
        }
        let all_closed = async {
            while self.open.count() > 0 {
                sleep(Duration::from_millis(5)).await;
            }
        };
        // A connection that comes back later is closed then.
        let _ = timeout(PATIENCE, all_closed).await;
    }
}
