//! Does the session still send and take UTF-8? The server reports each change of `client_encoding`, also one that a
//! function made, and tokio-postgres goes on encoding text as UTF-8. So a changed session must not be lent again.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{ready, Poll};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::Connection;

/// What the server last reported. The session's task and the pool's connection share it.
#[derive(Clone, Default)]
pub struct Encoding {
    /// The session's task holds the lock while it reads. A thread that has got the end of an answer therefore sees
    /// the report that came before that end.
    is_foreign: Arc<Mutex<bool>>,
    reports: Reports,
}

/// Whether the server has reported any setting since the session began. Few sessions see such a report, so the others
/// need not look at the settings after every message.
#[derive(Clone, Default)]
pub struct Reports(Arc<AtomicBool>);

impl Reports {
    /// Notes that a report arrives. tokio-postgres has not read it yet.
    pub fn note(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn any(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Encoding {
    /// Whether the session has another encoding than UTF-8, after all answers that were read.
    pub fn is_foreign(&self) -> bool {
        *self.is_foreign.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has to note the server's reports.
    pub fn reports(&self) -> Reports {
        self.reports.clone()
    }

    /// Runs `session` to its end. Each query that waits for an answer gets the session's error; this future reports
    /// nothing.
    pub async fn watch<S, T>(self, mut session: Connection<S, T>)
    where
        S: AsyncRead + AsyncWrite + Unpin,
        T: AsyncRead + AsyncWrite + Unpin,
    {
        poll_fn(|context| {
            let mut is_foreign = self.is_foreign.lock().unwrap_or_else(PoisonError::into_inner);
            loop {
                let polled = session.poll_message(context);
                if self.reports.any() {
                    *is_foreign = session.parameter("client_encoding").is_some_and(|name| name != "UTF8");
                }
                match ready!(polled) {
                    // A notice or a notification. The pool does not pass them on.
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Poll::Ready(()),
                }
            }
        })
        .await;
    }
}
