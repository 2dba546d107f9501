//! What belongs to this process alone? A forked child has copies of its parent's statics and objects, but not the
//! threads behind them. So the child makes its own runtime and reactor, and refuses an object that its parent has used.

use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

/// How many forks lie between the process that imported the module and this one, plus one.
static GENERATION: AtomicU32 = AtomicU32::new(1);

fn generation() -> u32 {
    GENERATION.load(Ordering::SeqCst)
}

/// Makes everything of the parent foreign. The child calls this once, before it does anything else.
pub fn leave_parent() {
    GENERATION.fetch_add(1, Ordering::SeqCst);
}

/// A static that each process makes at its first use and keeps for its life.
pub struct PerProcess<T: 'static> {
    made: AtomicPtr<Made<T>>,
}

struct Made<T> {
    generation: u32,
    value: T,
}

impl<T: Send + Sync> PerProcess<T> {
    pub const fn new() -> Self {
        Self { made: AtomicPtr::new(ptr::null_mut()) }
    }

    /// The value of this process, if it has been made.
    pub fn get(&self) -> Option<&'static T> {
        let made = self.made();
        made.filter(|made| made.generation == generation()).map(|made| &made.value)
    }

    /// The value of this process; `make` makes it at the first use. If that fails, the next use tries again.
    pub fn get_or_try_make<E>(&self, make: impl FnOnce() -> Result<T, E>) -> Result<&'static T, E> {
        if let Some(value) = self.get() {
            return Ok(value);
        }
        let before = self.made.load(Ordering::Acquire);
        let fresh = Box::into_raw(Box::new(Made { generation: generation(), value: make()? }));
        // The value of the parent is never freed: its locks may be held, and its threads are not here.
        if self.made.compare_exchange(before, fresh, Ordering::AcqRel, Ordering::Acquire).is_err() {
            // SAFETY: no other thread has seen this pointer, because it was not stored.
            #[expect(unsafe_code, reason = "the counterpart of `Box::into_raw`")]
            drop(unsafe { Box::from_raw(fresh) });
        }
        Ok(self.made().map(|made| &made.value).expect("this thread or another one has just stored it"))
    }

    fn made(&self) -> Option<&'static Made<T>> {
        // SAFETY: the pointer is null or from `Box::into_raw`, and what was stored is never freed.
        #[expect(unsafe_code, reason = "a `OnceLock` cannot be emptied after a fork")]
        unsafe {
            self.made.load(Ordering::Acquire).as_ref()
        }
    }
}

/// The process that an object belongs to: the one that first used it.
#[derive(Debug)]
pub struct Home(AtomicU32);

impl Home {
    /// An object that belongs to this process from the beginning.
    pub fn here() -> Self {
        Self(AtomicU32::new(generation()))
    }

    /// An object that has not been used yet.
    pub const fn nowhere() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Makes the object belong to this process. If it already belongs to another process, `foreign` is the error.
    pub fn claim<E>(&self, foreign: impl FnOnce() -> E) -> Result<(), E> {
        let own = generation();
        match self.0.compare_exchange(0, own, Ordering::SeqCst, Ordering::SeqCst) {
            Ok(_) => Ok(()),
            Err(owner) if owner == own => Ok(()),
            Err(_) => Err(foreign()),
        }
    }

    pub fn is_unset(&self) -> bool {
        self.0.load(Ordering::SeqCst) == 0
    }

    /// True in a child that was forked after the object was first used.
    pub fn is_elsewhere(&self) -> bool {
        let owner = self.0.load(Ordering::SeqCst);
        owner != 0 && owner != generation()
    }
}
