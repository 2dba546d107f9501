//! Who polls a future in progress, and what wakes it?

use std::future::Future;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::task::{Context, Wake, Waker};

use super::reactor::Reactor;

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A future that the driving thread polls.
pub struct Task {
    /// `None` once it has ended.
    work: Mutex<Option<Work>>,
    is_queued: AtomicBool,
    is_cancelled: AtomicBool,
}

impl Task {
    pub fn new(work: impl Future<Output = ()> + Send + 'static) -> Arc<Self> {
        Arc::new(Self {
            work: Mutex::new(Some(Box::pin(work))),
            is_queued: AtomicBool::new(false),
            is_cancelled: AtomicBool::new(false),
        })
    }

    /// Returns true to exactly one caller, which then has to queue the task.
    pub fn begin_queue(&self) -> bool {
        !self.is_queued.swap(true, Ordering::SeqCst)
    }

    /// Polls the future once. A wake-up from now on queues the task again.
    pub fn poll(self: &Arc<Self>) {
        self.is_queued.store(false, Ordering::SeqCst);
        let waker = Waker::from(Arc::clone(self));
        let mut slot = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(work) = slot.as_mut() else { return };
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(&mut Context::from_waker(&waker))));
        // A panic ends the future, as on Tokio.
        let ended = if matches!(polled, Ok(std::task::Poll::Pending)) { None } else { slot.take() };
        drop(slot);
        drop(ended);
        // If the task was cancelled during the poll, `cancel` could not drop the future. This thread does it now.
        if self.is_cancelled.load(Ordering::SeqCst) {
            self.end();
        }
    }

    /// Drops the future, so that its guards run: at once, or after the current poll. The caller must not wait for
    /// that poll, because the caller holds the GIL and the poll may be waiting for it.
    pub fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::SeqCst);
        self.end();
    }

    fn end(&self) {
        let mut slot = match self.work.try_lock() {
            Ok(slot) => slot,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        let ended = slot.take();
        drop(slot);
        drop(ended);
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        Reactor::get().wake(self);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Most wake-ups find the task queued already; then nothing is counted or cloned.
        if !self.is_queued.load(Ordering::SeqCst) {
            Reactor::get().wake(Arc::clone(self));
        }
    }
}
