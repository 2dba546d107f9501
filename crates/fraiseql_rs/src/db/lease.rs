//! A connection on loan from the pool: how does it go back, whatever happens to the borrower?
//!
//! A borrower that has read the whole answer says [`Lease::release`]. One that is dropped earlier (its awaitable was
//! cancelled, or a value could not be converted) leaves the server at work: the lease then keeps the connection, and
//! its place in the pool, until the query is stopped.

use deadpool::managed::Object;

use super::cancel;
use super::connection::{Connection, Connector};
use crate::bridge;

/// A borrowed connection; see the module.
pub struct Lease {
    /// `None` once it has gone back.
    held: Option<Object<Connector>>,
}

impl Lease {
    pub fn new(connection: Object<Connector>) -> Self {
        Self { held: Some(connection) }
    }

    pub fn connection(&self) -> &Connection {
        self.held.as_ref().expect("a lease holds its connection until it is released or dropped")
    }

    /// Gives the connection back: the server has answered everything.
    pub fn release(mut self) {
        self.held = None;
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
            bridge::finish(give_back(connection));
        }
    }
}

/// Returns a busy connection to the pool when it is clean, else discards it, which makes room for a new one.
async fn give_back(connection: Object<Connector>) {
    if !cancel::stop(&connection).await {
        drop(Object::take(connection));
    }
}
