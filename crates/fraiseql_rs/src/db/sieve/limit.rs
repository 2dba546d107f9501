//! How many rows does the caller of the next statement want? The query says it, and the sieve reads it.

use std::sync::atomic::{AtomicUsize, Ordering};

/// No limit.
pub const ALL: usize = usize::MAX;

/// The limit for one connection. It counts for a statement if it is set when the server has bound the statement.
pub struct RowLimit(AtomicUsize);

impl RowLimit {
    pub fn new() -> Self {
        Self(AtomicUsize::new(ALL))
    }

    /// Wants so many rows until the guard is dropped; `None` wants all.
    pub fn set(&self, rows: Option<usize>) -> Limited<'_> {
        self.0.store(rows.unwrap_or(ALL), Ordering::Release);
        Limited(self)
    }

    pub fn get(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }
}

/// See [`RowLimit::set`].
#[must_use = "the limit ends when this is dropped"]
pub struct Limited<'a>(&'a RowLimit);

impl Drop for Limited<'_> {
    fn drop(&mut self) {
        self.0 .0.store(ALL, Ordering::Release);
    }
}
