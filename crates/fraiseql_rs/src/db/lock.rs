//! How is a lock taken that no panic can spoil? What it guards is whole between any two statements.

use std::sync::{Mutex, MutexGuard, PoisonError};

pub fn locked<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
