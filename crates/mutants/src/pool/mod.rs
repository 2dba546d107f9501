//! How do queries share a few connections? A semaphore gives out places; a place is a connection that is idle, or one
//! that is yet to be opened.

mod cancel;
mod connection;
mod decode;
mod lease;
mod memory;
mod parameter;
mod prepared;
mod python;
mod query;
mod statement;
mod transaction;
mod wire;

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
use memory::Memory;

/// How long `close` waits for connections that are in use.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a fault that tries again for ever waits in between.
const PAUSE: Duration = Duration::from_millis(50);

/// Does what DISCARD ALL does, except for what it does to prepared statements. Unlike that, it works in a transaction.
const RESET: &str = "CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; UNLISTEN *;
    SELECT pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES";

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
    memory: Memory,
}

impl Inner {
    fn new(config: Config, size: usize, fault: Fault, machine: &'static Machine) -> Self {
        let places = if fault == Fault::BusyNotCounted { 2 * size } else { size };
        let (places, idle, open) = (Arc::new(Semaphore::new(places)), Mutex::default(), Arc::default());
        let (works, memory) = (Arc::default(), Memory::default());
        Self { config, fault, works, pid: process::id(), machine, places, idle, open, memory }
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
            let is_trusted = matches!(self.fault, Fault::BusyConnectionReused | Fault::DeadConnectionKept);
            if is_trusted || connection.answers().await {
                return Ok(Lease::new(self, connection, place));
            }
            // It died while it was idle, and nothing has been sent on it.
            connection.close().await;
        }
        Ok(Lease::new(self, self.connect().await?, place))
    }

    /// Opens a connection, once; two faults try again for ever.
    async fn connect(&self) -> Result<Connection, Failure> {
        loop {
            let failure = match Connection::open(&self.config, self.fault, &self.open).await {
                Ok(connection) => return Ok(connection),
                Err(failure) => failure,
            };
            match self.fault {
                Fault::RefusalRetried if !failure.is_of_server() => sleep(PAUSE).await,
                Fault::LoginRetried if failure.is_of_server() => sleep(PAUSE).await,
                _ => return Err(failure),
            }
        }
    }

    /// Makes a connection fit for the next caller, or closes it.
    async fn take_back(&self, connection: Connection, was_running: bool, in_transaction: bool) {
        let is_quiet = match (was_running, self.fault) {
            (false, _) => true,
            (true, Fault::CancelNotSent) => cancel::ready(&connection).await.is_ok(),
            (true, _) => cancel::stop(&connection).await,
        };
        let is_fit = is_quiet && !connection.is_spoiled() && self.reset(&connection, in_transaction).await;
        let is_kept = self.fault == Fault::DeadConnectionKept && connection.client().is_closed();
        if (is_fit || is_kept) && !self.places.is_closed() {
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
            (false, Fault::StatementsKept | Fault::StatementNamesShared | Fault::TransactionLeftOpen) => {
                &[RESET]
            }
            (true, Fault::StatementsKept | Fault::StatementNamesShared) => &["ROLLBACK", RESET],
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
        if self.fault == Fault::SessionsLeft {
            return;
        }
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
