//! How does a caller keep one connection for several statements? They run in the order in which they were called, and each
//! leaves the connection ready for the next one, also where its caller is cancelled.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::timeout;

use super::answer::Answer;
use super::cancel::{self, DEADLINE};
use super::connection::Connection;
use super::error::{Error, Left};
use super::lease::Lease;
use super::query::{self, Query};
use super::sql;
use crate::bridge::{self, Home};

/// A connection on loan, shared by those who run statements on it.
#[derive(Clone)]
pub struct Held(Arc<Mutex<Slot>>);

/// The connection between two statements.
pub struct Slot {
    lease: Result<Lease, Gone>,
    /// How many transactions are open, each inside the one before.
    pub depth: usize,
    /// Whether prepared statements are gone that tokio-postgres counts on.
    is_spoilt: bool,
    home: Home,
}

/// Why there is no connection any more.
#[derive(Clone, Copy)]
enum Gone {
    GivenBack,
    Lost,
}

impl Held {
    /// Keeps the connection of `lease`, in the session's first state.
    pub async fn new(lease: Lease) -> Result<Self, Error> {
        lease.connection().clean().await?;
        let slot = Slot { lease: Ok(lease), depth: 0, is_spoilt: false, home: Home::here() };
        Ok(Self(Arc::new(Mutex::new(slot))))
    }

    /// Takes a place in the queue, now and not at the first poll.
    pub fn queue(&self) -> Place {
        let mut waiting = Box::pin(Arc::clone(&self.0).lock_owned());
        let early = waiting.as_mut().now_or_never();
        Box::pin(async move {
            match early {
                Some(slot) => Turn(slot),
                None => Turn(waiting.await),
            }
        })
    }
}

/// A place in the queue, which becomes a turn.
pub type Place = Pin<Box<dyn Future<Output = Turn> + Send>>;

/// The right to use the connection until it is dropped.
pub struct Turn(OwnedMutexGuard<Slot>);

impl Turn {
    pub fn slot(&mut self) -> &mut Slot {
        &mut self.0
    }

    /// The connection, or the reason why there is none.
    pub fn connection(&self) -> Result<&Connection, Error> {
        match &self.0.lease {
            Ok(lease) => Ok(lease.connection()),
            Err(Gone::GivenBack) => Err(Error::usage("the connection was given back to its pool")),
            Err(Gone::Lost) => Err(Error::lost("it went away in an earlier statement")),
        }
    }

    /// Runs one statement.
    pub async fn run(mut self, query: &Query) -> Result<Answer, Error> {
        if let Some(word) = sql::transaction_control(&query.sql) {
            return Err(Error::transaction_inside(word));
        }
        self.connection()?;
        self.0.is_spoilt |= sql::deallocates(&query.sql);
        let work = AtWork::new(self, None);
        let result = query::once(work.connection(), query).await;
        work.settle(result)
    }

    /// Runs the pool's own statements about transactions. If the caller is cancelled meanwhile, `undo` follows them.
    pub async fn command(self, sql: &str, undo: String) -> Result<Self, (Self, Error)> {
        if let Err(gone) = self.connection() {
            return Err((self, gone));
        }
        let mut work = AtWork::new(self, Some(undo));
        let result = work.connection().client.batch_execute(sql).await.map_err(Error::from);
        let mut turn = Self(work.turn.take().expect("it is taken once"));
        match result {
            Ok(()) => Ok(turn),
            Err(error) => {
                if error.leaves() == Left::Broken {
                    turn.0.lose();
                }
                Err((turn, error))
            }
        }
    }

    /// Gives the connection back to the pool. What is still open is rolled back.
    pub async fn give_back(mut self) -> Result<(), Error> {
        let is_spoilt = self.0.is_spoilt;
        match mem::replace(&mut self.0.lease, Err(Gone::GivenBack)) {
            Ok(lease) if is_spoilt => lease.discard(),
            Ok(lease) => {
                if lease.connection().roll_back().await {
                    lease.release();
                } else {
                    lease.discard();
                }
            }
            Err(Gone::Lost) => {}
            Err(Gone::GivenBack) => return Err(Error::usage("the connection was given back already")),
        }
        Ok(())
    }
}

impl Slot {
    /// Closes the connection, which makes room for a new one.
    fn lose(&mut self) {
        if let Ok(lease) = mem::replace(&mut self.lease, Err(Gone::Lost)) {
            lease.discard();
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // A forked child leaves its parent's connection alone.
        if self.home.is_elsewhere() {
            mem::forget(mem::replace(&mut self.lease, Err(Gone::GivenBack)));
        }
    }
}

/// The way back to the pool, which the connection takes also where its caller leaves.
pub struct Return(Option<Place>);

impl Return {
    pub fn new(held: &Held) -> Self {
        Self(Some(held.queue()))
    }

    pub async fn run(mut self) -> Result<(), Error> {
        let Some(place) = &mut self.0 else { return Ok(()) };
        let turn = place.await;
        self.0 = None;
        turn.give_back().await
    }
}

impl Drop for Return {
    fn drop(&mut self) {
        if let Some(place) = self.0.take() {
            bridge::finish(async move { drop(place.await.give_back().await) });
        }
    }
}

/// A statement at work. If this is dropped, the statement is stopped before the next one in the queue begins.
struct AtWork {
    /// `None` once it has ended.
    turn: Option<OwnedMutexGuard<Slot>>,
    /// What is run once the statement has stopped.
    undo: Option<String>,
}

impl AtWork {
    fn new(turn: Turn, undo: Option<String>) -> Self {
        Self { turn: Some(turn.0), undo }
    }

    fn connection(&self) -> &Connection {
        let lease = self.turn.as_ref().and_then(|slot| slot.lease.as_ref().ok());
        lease.expect("a statement begins with a connection").connection()
    }

    /// Leaves the connection as the result left it.
    fn settle(mut self, result: Result<Answer, Error>) -> Result<Answer, Error> {
        match result.as_ref().map_or_else(Error::leaves, |_| Left::Ready) {
            Left::Ready => drop(self.turn.take()),
            // It is stopped as if the caller had cancelled it.
            Left::Busy => {}
            Left::Broken => {
                if let Some(mut slot) = self.turn.take() {
                    slot.lose();
                }
            }
        }
        result
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        let Some(slot) = self.turn.take() else { return };
        bridge::finish(stop(slot, self.undo.take()));
    }
}

/// Stops the running statement, and ends the turn then.
async fn stop(mut slot: OwnedMutexGuard<Slot>, undo: Option<String>) {
    let Ok(lease) = &slot.lease else { return };
    let connection = lease.connection();
    let mut is_ready = cancel::stop(connection).await;
    if let (true, Some(undo)) = (is_ready, undo) {
        // The server refuses it where there is nothing to undo.
        let undone = timeout(DEADLINE, connection.client.batch_execute(&undo)).await;
        is_ready = undone.is_ok_and(|undone| {
            undone.map_or_else(|cause| Error::from(cause).leaves(), |()| Left::Ready) == Left::Ready
        });
    }
    if !is_ready {
        slot.lose();
    }
}
