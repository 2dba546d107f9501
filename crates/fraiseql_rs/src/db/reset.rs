//! How does what a caller changed in a session not reach the next caller? A statement that may leave something behind
//! is noted before it is sent, and the next statement on that connection travels right behind a reset.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::{join, poll_immediate};
use tokio::time::timeout;
use tokio_postgres::Client;

use super::cancel::DEADLINE;
use super::connection::Connection;
use super::error::{Error, Left};
use super::failure::Failure;

/// Gives a session the state that it had at its start, and keeps what is prepared. These are the statements of
/// deadpool's `RecyclingMethod::Clean` and three more:
///
/// - The transaction decides what becomes of the query behind it. If a statement fails, the transaction stays open and
///   failed, and the server refuses the query. Its isolation level is named, because a level that a caller left behind
///   may make it wait.
/// - A caller's `statement_timeout` must not stop the others. `RESET ALL` restores the session's own.
/// - `RESET ROLE` restores a role that came from a setting. `SET SESSION AUTHORIZATION` does so in new releases only.
const STATEMENTS: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; SET statement_timeout = 0; \
                          CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ROLE; RESET ALL; UNLISTEN *; \
                          SELECT pg_catalog.pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES; COMMIT";

/// After which statements a session is reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// After those that, by their text, may leave something behind.
    Auto,
    Always,
    Never,
}

impl Reset {
    const ALL: [(&'static str, Self); 3] =
        [("auto", Self::Auto), ("always", Self::Always), ("never", Self::Never)];

    /// Returns the mode with that name.
    pub fn named(name: &str) -> Result<Self, Error> {
        let found = Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, mode)| *mode);
        found.ok_or_else(|| {
            let names = Self::ALL.map(|(known, _)| known).join(", ");
            Error::setting(format!("reset must be one of {names}, got {name:?}"))
        })
    }
}

/// What statements may have changed in one session.
pub struct Changes {
    mode: Reset,
    /// Whether the next statement needs a reset in front of it.
    is_due: AtomicBool,
    /// Whether a reset was sent whose answer is not read yet.
    is_under_way: AtomicBool,
}

impl Changes {
    pub fn new(mode: Reset) -> Self {
        Self { mode, is_due: AtomicBool::new(false), is_under_way: AtomicBool::new(false) }
    }

    /// Notes that a statement is about to be sent. `keeps_session` says what its text shows.
    pub fn note(&self, keeps_session: bool) {
        let changes = match self.mode {
            Reset::Auto => !keeps_session,
            Reset::Always => true,
            Reset::Never => false,
        };
        if changes {
            self.is_due.store(true, Ordering::Relaxed);
        }
    }

    pub fn is_due(&self) -> bool {
        self.is_due.load(Ordering::Relaxed)
    }

    /// Ends a reset that was given up before its answer was read, on a connection that is ready again. The session may be
    /// inside the reset's failed transaction. The next statement needs a whole reset. Returns false if the connection must
    /// not be used again.
    pub async fn recover(&self, client: &Client) -> bool {
        if self.is_under_way.swap(false, Ordering::Relaxed) {
            self.is_due.store(true, Ordering::Relaxed);
            return timeout(DEADLINE, client.batch_execute("ROLLBACK")).await.is_ok_and(|done| done.is_ok());
        }
        true
    }

    /// Resets the session now.
    pub async fn undo(&self, client: &Client) -> Result<(), Error> {
        // The query behind the reset may need the next one, so it is noted after this.
        self.is_due.store(false, Ordering::Relaxed);
        self.is_under_way.store(true, Ordering::Relaxed);
        client.batch_execute(STATEMENTS).await?;
        self.is_under_way.store(false, Ordering::Relaxed);
        Ok(())
    }
}

/// Sends a reset and `query` behind it, and waits for both answers. After a failed reset the result is its error,
/// whatever `query` gave.
pub async fn ahead_of<T>(
    connection: &Connection,
    query: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let mut reset = pin!(connection.changes.undo(&connection.client));
    // The first poll sends it, so the server reads it before anything of the query.
    let early = poll_immediate(reset.as_mut()).await;
    let reset = async {
        match early {
            Some(answer) => answer,
            None => reset.await,
        }
    };
    match join(reset, query).await {
        (Ok(()), result) => result,
        (Err(cause), result) if cause.leaves() == Left::Ready => {
            let did_not_run = result.is_err_and(|failure| failure.error.says_it_did_not_run());
            Err(Failure::while_it_ran(Error::failed_reset(&cause, did_not_run)))
        }
        (Err(cause), _) => Err(Failure::while_it_ran(cause)),
    }
}
