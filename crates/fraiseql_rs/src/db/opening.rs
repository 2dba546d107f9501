//! What becomes of an attempt to connect when its caller is cancelled? It goes on, and the next caller takes it over.
//!
//! A caller that took its attempt along would leave the server with a socket that says nothing, and make the next
//! caller begin anew. A storm of cancellations then fills the queue of the listening socket, and nobody gets in.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use deadpool::managed::{Pool, Timeouts, WeakPool};
use futures_util::future::{select, Either};
use tokio::sync::oneshot::{self, Receiver};

use super::connection::{Connection, Connector};
use super::error::Error;
use crate::bridge;

type Opened = Result<Connection, Error>;

/// The attempts that nobody waits for. They end with the pool, so none of them holds it.
#[derive(Clone, Default)]
pub struct Openings(Arc<Shared>);

#[derive(Default)]
struct Shared {
    left: Mutex<VecDeque<Receiver<Opened>>>,
    pool: OnceLock<WeakPool<Connector>>,
}

impl Openings {
    /// Names the pool, which keeps what nobody waits for.
    pub fn belong_to(&self, pool: WeakPool<Connector>) {
        // A pool is made once.
        drop(self.0.pool.set(pool));
    }

    /// Takes over an attempt: one that has ended, else the one that has gone on for the longest.
    pub fn take_over(&self) -> Option<Opening> {
        let mut left = self.left();
        let first = left.iter().position(|attempt| !attempt.is_empty()).unwrap_or(0);
        let attempt = left.remove(first)?;
        Some(Opening { attempt: Some(attempt), home: self.clone() })
    }

    /// Begins an attempt.
    pub fn begin(&self, open: impl Future<Output = Opened> + Send + 'static) -> Opening {
        let (mut ended, attempt) = oneshot::channel();
        let home = Arc::downgrade(&self.0);
        drop(bridge::spawn(async move {
            let opened = match select(pin!(open), pin!(ended.closed())).await {
                Either::Left((opened, _)) => opened,
                // The pool was closed, or is no more.
                Either::Right(_) => return,
            };
            drop(ended.send(opened));
            if let Some(home) = home.upgrade() {
                Self(home).settle().await;
            }
        }));
        Opening { attempt: Some(attempt), home: self.clone() }
    }

    /// Ends the attempts that nobody waits for.
    pub fn end(&self) {
        self.left().clear();
    }

    /// Lets connections that are open, and that nobody has waited for, lie idle in the pool; closes those that it has
    /// no place for.
    async fn settle(&self) {
        if self.left().iter().all(Receiver::is_empty) {
            return;
        }
        if let Some(pool) = self.open_pool() {
            let at_once = Timeouts { wait: Some(Duration::ZERO), ..pool.timeouts() };
            // It is opened by way of `take_over`, and goes back as soon as it is dropped.
            drop(pool.timeout_get(&at_once).await);
            self.left().retain(Receiver::is_empty);
        } else {
            self.end();
        }
    }

    /// The pool, as long as it is there and takes connections.
    fn open_pool(&self) -> Option<Pool<Connector>> {
        self.0.pool.get().and_then(WeakPool::upgrade).filter(|pool| !pool.is_closed())
    }

    fn left(&self) -> MutexGuard<'_, VecDeque<Receiver<Opened>>> {
        self.0.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An attempt that a caller waits for.
pub struct Opening {
    /// `None` once it has ended.
    attempt: Option<Receiver<Opened>>,
    home: Openings,
}

impl Opening {
    /// Waits for its end. Returns `None` if it was given up.
    pub async fn ended(&mut self) -> Option<Opened> {
        let opened = self.attempt.as_mut()?.await;
        self.attempt = None;
        opened.ok()
    }

    /// Ends the attempt.
    pub fn give_up(mut self) {
        self.attempt = None;
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        let Some(attempt) = self.attempt.take().filter(|_| self.home.open_pool().is_some()) else { return };
        let has_ended = !attempt.is_empty();
        self.home.left().push_back(attempt);
        if has_ended {
            let home = self.home.clone();
            drop(bridge::spawn(async move { home.settle().await }));
        }
    }
}
