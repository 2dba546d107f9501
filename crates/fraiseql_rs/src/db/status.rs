//! Is a session inside a transaction? The server says it whenever it is ready for the next query.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::Arc;

/// The letters of the message `ReadyForQuery`.
const IDLE: u8 = b'I';
const FAILED: u8 = b'E';

/// What the server said last. The sieve notes it, and the connection reads it.
#[derive(Clone)]
pub struct Status(Arc<AtomicU8>);

impl Status {
    pub fn new() -> Self {
        Self(Arc::new(AtomicU8::new(IDLE)))
    }

    pub fn note(&self, letter: u8) {
        self.0.store(letter, Ordering::Release);
    }

    /// Whether no transaction is open.
    pub fn is_idle(&self) -> bool {
        self.0.load(Ordering::Acquire) == IDLE
    }

    /// Whether the open transaction refuses every statement until it is rolled back.
    pub fn has_failed(&self) -> bool {
        self.0.load(Ordering::Acquire) == FAILED
    }
}
