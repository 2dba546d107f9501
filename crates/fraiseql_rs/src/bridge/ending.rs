//! When does work in flight have to end early? When its loop is closed, and when the interpreter exits. Then no
//! caller will ask for the result, but the guards inside the work (which cancel queries) must still run.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use futures_util::future::{select, Either};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use tokio::sync::Notify;

use super::per_process::PerProcess;

static IS_EXITING: AtomicBool = AtomicBool::new(false);

/// The endings of all loops that may have work in flight.
static ENDINGS: PerProcess<Mutex<Vec<Weak<Ending>>>> = PerProcess::new();

/// Tells the work of one loop to end.
#[derive(Default)]
pub struct Ending {
    is_over: AtomicBool,
    over: Notify,
    /// The number of the loop's futures that are in flight.
    pending: AtomicUsize,
    is_watched: AtomicBool,
}

/// Counts work for as long as its future lives.
struct Pending(Arc<Ending>);

impl Drop for Pending {
    fn drop(&mut self) {
        self.0.pending.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Ending {
    pub fn new() -> Arc<Self> {
        let ending = Arc::new(Self::default());
        let mut endings = endings();
        endings.retain(|known| known.strong_count() > 0);
        endings.push(Arc::downgrade(&ending));
        ending
    }

    /// Returns true to exactly one caller, which then has to start the watch.
    pub fn begin_watch(&self) -> bool {
        !self.is_watched.swap(true, Ordering::SeqCst)
    }

    /// The watch asks this after each pause. False means that nothing is left to watch; the next
    /// [`Self::begin_watch`] then starts a new watch.
    pub fn goes_on(&self) -> bool {
        if self.pending.load(Ordering::SeqCst) > 0 && !self.is_over.load(Ordering::SeqCst) {
            return true;
        }
        self.is_watched.store(false, Ordering::SeqCst);
        // New work may have come between the two lines above. It saw the flag still set and started no watch, so this
        // watch goes on.
        self.pending.load(Ordering::SeqCst) > 0 && !self.is_over.load(Ordering::SeqCst) && self.begin_watch()
    }

    pub fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
        self.over.notify_waiters();
    }

    /// Returns `work`, made to end early if it has to. It is counted from this call on.
    pub fn bound<T>(self: Arc<Self>, work: impl Future<Output = T>) -> impl Future<Output = PyResult<T>> {
        self.pending.fetch_add(1, Ordering::SeqCst);
        let pending = Pending(self);
        async move {
            // The waiter registers before it reads the flags, so it misses no notification in between.
            let mut over = pin!(pending.0.over.notified());
            over.as_mut().enable();
            if is_exiting() || pending.0.is_over.load(Ordering::SeqCst) {
                return Err(ended());
            }
            match select(pin!(work), over).await {
                Either::Left((output, _)) => Ok(output),
                Either::Right(_) => Err(ended()),
            }
        }
    }
}

/// The error for calls that come too late.
pub fn ended() -> PyErr {
    PyRuntimeError::new_err("the event loop is closed, or the interpreter exits")
}

pub fn is_exiting() -> bool {
    IS_EXITING.load(Ordering::SeqCst)
}

/// Ends the work of every loop, and all work that starts later.
pub fn end_all() {
    IS_EXITING.store(true, Ordering::SeqCst);
    endings().iter().filter_map(Weak::upgrade).for_each(|ending| ending.end());
}

fn endings() -> MutexGuard<'static, Vec<Weak<Ending>>> {
    let Ok(endings) = ENDINGS.get_or_try_make(|| Ok::<_, Infallible>(Mutex::default()));
    endings.lock().unwrap_or_else(PoisonError::into_inner)
}
