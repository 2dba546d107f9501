//! How does a server know that a harness lives? One session with the harness's tag in, kept open and opened again whenever
//! it is lost, until this is dropped.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use ::postgres::{Client, Error};

/// How often the session is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// How long a session has to answer. One that the server ended says so at once; one that a slow machine or network keeps
/// from answering still counts on the server.
const ANSWER: Duration = Duration::from_secs(10);

/// For how long something has to be without a session before another harness takes it for left behind: several times
/// what it takes to see that a session is lost and to open it again.
pub const GRACE: Duration = Duration::from_secs(5);

/// A session that is there for as long as this is.
pub struct Presence {
    ended: Arc<Ended>,
    watcher: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Ended {
    ended: Mutex<bool>,
    changed: Condvar,
}

impl Presence {
    /// Keeps `session` open; `again` opens another in its place.
    pub fn keep(session: Client, again: impl Fn() -> Result<Client, Error> + Send + 'static) -> Presence {
        let ended = Arc::<Ended>::default();
        let until = Arc::clone(&ended);
        let watcher = std::thread::spawn(move || watch(session, &again, &until));
        Presence { ended, watcher: Some(watcher) }
    }
}

fn watch(mut session: Client, again: &impl Fn() -> Result<Client, Error>, until: &Ended) {
    while !until.within(LOOK) {
        if session.is_valid(ANSWER).is_ok() {
            continue;
        }
        // A server that refuses now is asked again at the next look.
        if let Ok(new) = again() {
            session = new;
        }
    }
}

impl Ended {
    /// Whether the end comes within `time`.
    fn within(&self, time: Duration) -> bool {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(ended, time, |ended| !*ended);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        *self.ended.ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.ended.changed.notify_all();
        let _ = self.watcher.take().map(JoinHandle::join);
    }
}
