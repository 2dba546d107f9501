//! A connection on loan from the pool: how does it go back, whatever happens to the borrower?
//!
//! A borrower that has read the whole answer says [`Lease::release`]. One that is dropped earlier (its awaitable was
//! cancelled, or a value could not be converted) leaves the server at work: the lease then keeps the connection, and
//! its place in the pool, until the query is stopped.

use std::time::Instant;

use deadpool::managed::Object;

use super::cancel;
use super::connection::{Connection, Connector};
use crate::bridge;

/// A borrowed connection; see the module.
pub struct Lease {
    /// `None` once it has gone back.
    held: Option<Object<Connector>>,
    /// Whether the session may be inside a transaction, which must not outlive the loan.
    may_be_in_transaction: bool,
}

impl Lease {
    pub fn new(connection: Object<Connector>) -> Self {
        Self { held: Some(connection), may_be_in_transaction: false }
    }

    /// From here on, whoever drops the lease leaves a transaction to be rolled back.
    pub fn expect_transaction(&mut self) {
        self.may_be_in_transaction = true;
    }

    pub fn connection(&self) -> &Connection {
        self.held.as_ref().expect("a lease holds its connection until it is released or dropped")
    }

    /// Gives the connection back: the server has answered everything, and no transaction is open.
    pub fn release(mut self) {
        if let Some(connection) = self.held.take() {
            hand_in(connection);
        }
    }

    /// Closes the connection, which makes room for a new one.
    pub fn discard(mut self) {
        self.held.take().map(Object::take);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(connection) = self.held.take() else { return };
        // The pool finds a closed connection out by itself.
        if !connection.client.is_closed() {
            bridge::finish(give_back(connection, self.may_be_in_transaction));
        }
    }
}

/// Returns a busy connection to the pool when it is clean, else discards it, which makes room for a new one.
async fn give_back(connection: Object<Connector>, may_be_in_transaction: bool) {
    let is_clean = cancel::stop(&connection).await
        && !connection.statements.has_lost_too_many()
        && (!may_be_in_transaction || cancel::roll_back(&connection).await);
    if is_clean {
        hand_in(connection);
    } else {
        drop(Object::take(connection));
    }
}

/// Puts a connection back into the pool, from where on it is idle.
fn hand_in(mut connection: Object<Connector>) {
    connection.idle_since = Instant::now();
}
