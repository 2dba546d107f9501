//! Who has a connection now, and how does it come back? A lease that is dropped, whatever the reason, gives it back.

use std::mem;
use std::process;
use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;

use super::connection::Connection;
use super::parameter::Parameter;
use super::{decode, query, Inner};
use crate::answer::Value;
use crate::error::Failure;
use crate::fault::Fault;

/// A connection and its place in the pool.
pub struct Lease {
    pool: Arc<Inner>,
    held: Option<(Connection, OwnedSemaphorePermit)>,
    /// True while the server may be at work for this lease.
    is_running: bool,
    pub in_transaction: bool,
    /// True if a statement failed in the transaction.
    pub has_failed: bool,
}

type Done<T> = Result<T, tokio_postgres::Error>;

impl Lease {
    pub fn new(pool: &Arc<Inner>, connection: Connection, place: OwnedSemaphorePermit) -> Self {
        let (pool, held) = (Arc::clone(pool), Some((connection, place)));
        Self { pool, held, is_running: false, in_transaction: false, has_failed: false }
    }

    fn connection(&self) -> Result<&Connection, Failure> {
        let held = self.held.as_ref().map(|(connection, _)| connection);
        held.ok_or_else(|| Failure::of_pool("the connection was given back"))
    }

    pub fn is_alive(&self) -> bool {
        self.connection().is_ok_and(|connection| !connection.client().is_closed())
    }

    /// Runs one statement, once.
    pub async fn query(&mut self, sql: &str, parameters: &[Parameter]) -> Result<Vec<Vec<Value>>, Failure> {
        self.is_running = true;
        let connection = self.connection()?;
        let fault = self.pool.fault;
        let mut answer = query::send(connection, sql, parameters, fault).await;
        if fault == Fault::StatementRetried && answer.is_err() {
            answer = query::send(connection, sql, parameters, fault).await;
        }
        if answer.as_ref().is_ok_and(|rows| decode::is_foreign(rows)) {
            connection.spoil();
        }
        self.is_running = false;
        self.has_failed |= answer.is_err();
        let rows = answer.map_err(|error| Failure::of_server(&error, fault))?;
        query::decoded(sql, &rows, fault, &self.pool.memory)
    }

    /// Runs a statement that has no rows, such as COMMIT.
    pub async fn execute(&mut self, statement: &str) -> Result<Done<()>, Failure> {
        self.is_running = true;
        let done = self.connection()?.client().batch_execute(statement).await;
        self.is_running = false;
        Ok(done)
    }

    /// Gives the connection back, and waits until the next caller can have it.
    pub async fn release(mut self) {
        if let Some(task) = self.give_back() {
            // The task goes on if nobody waits for it.
            let _ = task.await;
        }
    }

    fn give_back(&mut self) -> Option<JoinHandle<()>> {
        let (connection, place) = self.held.take()?;
        let (was_running, in_transaction) = (self.is_running, self.in_transaction);
        let pool = Arc::clone(&self.pool);
        if pool.pid != process::id() {
            // The session belongs to the process that this one was forked from.
            mem::forget((connection, place, pool));
            return None;
        }
        if was_running && pool.fault == Fault::BusyConnectionReused {
            pool.idle().push(connection);
            return None;
        }
        let machine = pool.machine;
        let back = async move {
            pool.take_back(connection, was_running, in_transaction).await;
            if was_running && pool.fault == Fault::PermitsLost {
                place.forget();
            }
        };
        Some(machine.tasks.spawn_on(back, &machine.handle))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        drop(self.give_back());
    }
}
