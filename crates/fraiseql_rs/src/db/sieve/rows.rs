//! Where do the rows of the running statement go? Their messages go into a buffer, from which its caller takes them: many
//! at once, and without an object for each.

use std::mem;
use std::sync::{Arc, Mutex, Weak};
use std::task::Context;

use futures_util::task::AtomicWaker;

use crate::db::lock::locked;

/// No limit.
pub const ALL: usize = usize::MAX;

/// The rows of one statement that have come and are not taken yet.
pub struct Rows {
    /// How many rows the caller wants. The others are dropped.
    pub wanted: usize,
    /// Messages one after another, the last of which may not be complete.
    messages: Mutex<Vec<u8>>,
    reader: AtomicWaker,
}

impl Rows {
    /// Waits for so many rows; `None` is all.
    pub fn new(wanted: Option<usize>) -> Arc<Self> {
        let (messages, reader) = (Mutex::default(), AtomicWaker::new());
        Arc::new(Self { wanted: wanted.unwrap_or(ALL), messages, reader })
    }

    /// Takes what has come. The task of `context` is woken when more comes.
    pub fn take(&self, context: &Context<'_>) -> Vec<u8> {
        self.reader.register(context.waker());
        mem::take(&mut *locked(&self.messages))
    }

    pub(super) fn push(&self, bytes: &[u8]) {
        locked(&self.messages).extend_from_slice(bytes);
    }

    pub(super) fn wake(&self) {
        self.reader.wake();
    }
}

/// Who gets the rows of a connection's next statement: it counts if it is set when the server has bound the statement.
/// Without one they go to tokio-postgres, which asks for types itself.
#[derive(Default)]
pub struct Recipient(Mutex<Option<Weak<Rows>>>);

impl Recipient {
    /// Sends the rows there until the guard is dropped.
    pub fn set(&self, rows: &Arc<Rows>) -> Addressed<'_> {
        *locked(&self.0) = Some(Arc::downgrade(rows));
        Addressed(self)
    }

    pub(super) fn get(&self) -> Option<Weak<Rows>> {
        locked(&self.0).clone()
    }
}

/// See [`Recipient::set`].
#[must_use = "the rows go there until this is dropped"]
pub struct Addressed<'a>(&'a Recipient);

impl Drop for Addressed<'_> {
    fn drop(&mut self) {
        *locked(&self.0 .0) = None;
    }
}
