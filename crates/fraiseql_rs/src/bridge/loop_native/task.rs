//! Who polls a future in progress, and what wakes it? One thread at a time polls it, and no thread waits for its turn:
//! what happens to a task during a poll is noted, and the polling thread acts on it afterwards.

use std::future::Future;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use super::super::stop::Stop;
use super::reactor::Reactor;

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The task is in the reactor's queue.
const QUEUED: u8 = 1;
/// A thread polls or drops the future. No other thread touches it.
const HELD: u8 = 2;
/// The task was woken while it was held, so it is queued again afterwards.
const WOKEN: u8 = 4;
/// The future has to be dropped.
const CANCELLED: u8 = 8;

/// A future that the driving thread polls.
pub struct Task {
    reactor: &'static Reactor,
    /// `None` once it has ended. Only the thread that has set `HELD` locks it, so it never waits.
    work: Mutex<Option<Work>>,
    /// One number, so that of two threads that change it one sees the change of the other.
    state: AtomicU8,
}

impl Task {
    pub fn new(reactor: &'static Reactor, work: impl Future<Output = ()> + Send + 'static) -> Arc<Self> {
        Arc::new(Self { reactor, work: Mutex::new(Some(Box::pin(work))), state: AtomicU8::new(0) })
    }

    /// Returns true to exactly one caller, which then has to queue the task.
    pub fn begin_queue(&self) -> bool {
        let mark = |state: u8| if state & HELD == 0 { QUEUED } else { WOKEN };
        let before = self.change(|state| state | mark(state));
        before & (HELD | QUEUED) == 0
    }

    /// Polls the future of a task from the queue. Returns true if the caller has to queue the task again.
    pub fn poll(self: &Arc<Self>) -> bool {
        let before =
            self.change(|state| if state & HELD == 0 { state & !QUEUED | HELD } else { state & !QUEUED });
        if before & HELD != 0 {
            // Another thread is dropping the future.
            return false;
        }
        let waker = Waker::from(Arc::clone(self));
        let mut slot = self.slot();
        let polled = slot.as_mut().map(|work| {
            catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(&mut Context::from_waker(&waker))))
        });
        // A panic ends the future, as on Tokio.
        let ended = if matches!(polled, Some(Ok(Poll::Pending))) { None } else { slot.take() };
        drop(slot);
        drop(ended);
        self.let_go()
    }

    /// Ends the hold of this thread. Returns true if the task has to be queued, because it was woken meanwhile.
    fn let_go(&self) -> bool {
        loop {
            let state = self.state.load(Ordering::SeqCst);
            if state & CANCELLED != 0 {
                let ended = self.slot().take();
                drop(ended);
            }
            let is_woken = state & WOKEN != 0;
            let after = (state & !(HELD | WOKEN)) | if is_woken { QUEUED } else { 0 };
            // This fails if the state has changed since: then there is more to do.
            if self.state.compare_exchange(state, after, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
                return is_woken;
            }
        }
    }

    fn slot(&self) -> MutexGuard<'_, Option<Work>> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, and returns the one before.
    fn change(&self, change: impl Fn(u8) -> u8) -> u8 {
        let (set, fetch) = (Ordering::SeqCst, Ordering::SeqCst);
        self.state.fetch_update(set, fetch, |state| Some(change(state))).unwrap_or_else(|state| state)
    }
}

impl Stop for Task {
    /// Drops the future, so that its guards run: at once, or after the current poll. The caller must not wait for that
    /// poll, because the caller holds the GIL and the poll may be waiting for it.
    fn stop(&self) {
        let before = self.change(|state| state | CANCELLED | HELD);
        if before & HELD == 0 && self.let_go() {
            // It was woken while it was dropped, and has nothing left to do.
            self.change(|state| state & !QUEUED);
        }
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        let reactor = self.reactor;
        reactor.wake(self);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Most wake-ups find the task queued already; then nothing is counted or cloned.
        if self.state.load(Ordering::SeqCst) & (QUEUED | WOKEN) == 0 {
            self.reactor.wake(Arc::clone(self));
        }
    }
}
