//! How does a borrowed connection go back to the pool, whatever happens to the borrower?
//!
//! A borrower that has read the whole answer calls [`Lease::release`]. If the borrower is dropped earlier (its
//! awaitable was cancelled, or a value could not be converted), the server is still at work. Then the lease keeps the
//! connection, and its place in the pool, until the query is stopped.

use std::time::Instant;

use deadpool::managed::Object;

use super::cancel;
use super::connection::{Connection, Connector};
use crate::bridge;

/// A borrowed connection; see the module.
pub struct Lease {
    /// `None` once the connection has gone back.
    held: Option<Object<Connector>>,
}

impl Lease {
    pub fn new(connection: Object<Connector>) -> Self {
        Self { held: Some(connection) }
    }

    pub fn connection(&self) -> &Connection {
        self.held.as_ref().expect("a lease holds its connection until it is released or dropped")
    }

    /// Gives the connection back. The server has answered everything.
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
        // The pool notices a closed connection by itself.
        if !connection.client.is_closed() {
            bridge::finish(give_back(connection));
        }
    }
}

/// Returns a busy connection to the pool once it is clean. If it does not become clean, discards it, which makes room
/// for a new one.
async fn give_back(connection: Object<Connector>) {
    let is_clean = cancel::stop(&connection).await
        && !connection.statements.has_lost_too_many()
        && connection.changes.recover(&connection.client).await
        && connection.roll_back().await;
    if is_clean {
        hand_in(connection);
    } else {
        drop(Object::take(connection));
    }
}

/// Puts a connection back into the pool, where it is idle from now on. Discards it if it would store text wrong.
fn hand_in(mut connection: Object<Connector>) {
    if connection.encoding.is_foreign() {
        drop(Object::take(connection));
    } else {
        connection.idle_since = Instant::now();
    }
}
