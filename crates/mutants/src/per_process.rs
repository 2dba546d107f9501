//! What belongs to this process alone? A forked child has copies of its parent's objects, but not the threads behind
//! them. So the child makes its own, and never touches or frees those of its parent.
//!
//! The values of a process and its forebears form a list that only grows. So a child needs no lock to find its own,
//! and no lock of its parent can be in its way.

use std::mem;
use std::process;
use std::sync::OnceLock;

/// A value that each process makes at its first use.
pub struct PerProcess<T> {
    first: OnceLock<Box<Made<T>>>,
}

struct Made<T> {
    pid: u32,
    value: T,
    next: OnceLock<Box<Made<T>>>,
}

impl<T> PerProcess<T> {
    pub const fn new() -> Self {
        Self { first: OnceLock::new() }
    }

    /// The value of this process, if it has been made.
    pub fn get(&self) -> Option<&T> {
        let own = process::id();
        let mut made = self.first.get();
        while let Some(here) = made {
            if here.pid == own {
                return Some(&here.value);
            }
            made = here.next.get();
        }
        None
    }

    /// The value of the first process that made one, whichever process that is.
    pub fn first(&self) -> Option<&T> {
        self.first.get().map(|made| &made.value)
    }

    /// The value of this process; `make` makes it at the first use. If that fails, the next use tries again.
    pub fn get_or_try_make<E>(&self, make: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
        if let Some(value) = self.get() {
            return Ok(value);
        }
        let own = process::id();
        let mut fresh = Box::new(Made { pid: own, value: make()?, next: OnceLock::new() });
        let mut place = &self.first;
        loop {
            if let Err(refused) = place.set(fresh) {
                fresh = refused;
            } else if let Some(here) = place.get() {
                return Ok(&here.value);
            } else {
                unreachable!("the value has just been set");
            }
            // Another thread may have been faster; then its value counts.
            match place.get() {
                Some(here) if here.pid == own => return Ok(&here.value),
                Some(here) => place = &here.next,
                None => unreachable!("a value that was refused was refused for another one"),
            }
        }
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        let own = process::id();
        let mut next = self.first.take();
        while let Some(made) = next {
            let Made { pid, value, next: after } = *made;
            if pid != own {
                mem::forget(value);
            }
            next = after.into_inner();
        }
    }
}
