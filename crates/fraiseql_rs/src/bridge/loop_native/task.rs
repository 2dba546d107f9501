//! A future under way: who polls it, and what wakes it?

use std::future::Future;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Wake, Waker};

use super::reactor::Reactor;

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A future that is polled by whoever drives the reactor.
pub struct Task {
    /// `None` once it has ended.
    work: Mutex<Option<Work>>,
    is_queued: AtomicBool,
}

impl Task {
    pub fn new(work: impl Future<Output = ()> + Send + 'static) -> Arc<Self> {
        Arc::new(Self { work: Mutex::new(Some(Box::pin(work))), is_queued: AtomicBool::new(false) })
    }

    /// True for the one caller that has to queue it.
    pub fn begin_queue(&self) -> bool {
        !self.is_queued.swap(true, Ordering::SeqCst)
    }

    /// Polls it once. What wakes it from now on queues it again.
    pub fn poll(self: &Arc<Self>) {
        self.is_queued.store(false, Ordering::SeqCst);
        let waker = Waker::from(Arc::clone(self));
        let mut slot = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(work) = slot.as_mut() else { return };
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(&mut Context::from_waker(&waker))));
        // A panic ends it, as on Tokio.
        if !matches!(polled, Ok(std::task::Poll::Pending)) {
            let ended = slot.take();
            drop(slot);
            drop(ended);
        }
    }

    /// Drops the future, so its guards run.
    pub fn cancel(&self) {
        let ended = self.work.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(ended);
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        Reactor::get().wake(self);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Most wake-ups find it queued: then there is nothing to count or to clone.
        if !self.is_queued.load(Ordering::SeqCst) {
            Reactor::get().wake(Arc::clone(self));
        }
    }
}
