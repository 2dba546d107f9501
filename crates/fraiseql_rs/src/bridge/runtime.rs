//! Where does Rust's work run, and when is none of it left that may touch Python?

use std::future::Future;
use std::time::{Duration, Instant};

use tokio::runtime::Builder;
use tokio::task::AbortHandle;

use super::count::Count;
use super::loop_native;

/// How long the thread for blocking work waits for more: as long as the process may live, since the thread keeps a
/// state of the interpreter (`thread_state`).
const IDLE: Duration = Duration::from_secs(60 * 60 * 24 * 365);

/// How often [`quiesce`] looks again.
const PAUSE: Duration = Duration::from_millis(1);

/// Tasks of [`spawn`] that are alive; all others on the runtime have an end that the exit waits for.
static IN_BACKGROUND: Count = Count::new();

/// Sets the runtime up; it starts with its first task.
///
/// One worker: a query, its connection and the socket then take turns on one thread, where two would wake each other
/// up at every step (measured on two cores: 180 µs a query instead of 225, 50 instead of 65 with 100 at a time).
///
/// One thread for blocking work: from 0.27 on pyo3-async-runtimes completes every awaitable on such a thread, where
/// more of them only fight for the GIL. It also works in order, which [`quiesce`] relies on. Name look-ups therefore
/// have threads of their own (`db::dial`).
pub fn configure() {
    let mut builder = Builder::new_multi_thread();
    builder
        .enable_all()
        .thread_name("fraiseql")
        .worker_threads(1)
        .max_blocking_threads(1)
        .thread_keep_alive(IDLE);
    pyo3_async_runtimes::tokio::init(builder);
}

/// Runs `work` beside every awaitable, for as long as it likes: a connection's reader, say. It must not touch Python.
pub fn spawn<F>(work: F) -> tokio::task::JoinHandle<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let counted = IN_BACKGROUND.one();
    pyo3_async_runtimes::tokio::get_runtime().spawn(async move {
        let _counted = counted;
        work.await;
    })
}

/// Runs the work of an awaitable; the interpreter's exit waits for it. It must not touch Python.
pub fn spawn_bounded<F>(work: F) -> AbortHandle
where
    F: Future<Output = ()> + Send + 'static,
{
    pyo3_async_runtimes::tokio::get_runtime().spawn(work).abort_handle()
}

/// Runs `work` that a dropped future has left to be put in order; the interpreter's exit waits for it. It must not touch
/// Python.
pub fn finish<F>(work: F)
where
    F: Future<Output = ()> + Send + 'static,
{
    drop(pyo3_async_runtimes::tokio::get_runtime().spawn(loop_native::assisted(work)));
}

/// Runs `work` on the thread for blocking work, behind all that was given to it before. False if it did not run.
pub async fn blocking(work: impl FnOnce() -> bool + Send + 'static) -> bool {
    pyo3_async_runtimes::tokio::get_runtime().spawn_blocking(work).await.unwrap_or(false)
}

/// Waits, detached from the interpreter, until no task is left that has an end, at most `limit`.
pub fn quiesce(limit: Duration) {
    let runtime = pyo3_async_runtimes::tokio::get_runtime();
    let deadline = Instant::now() + limit;
    // In this order: work of an awaitable that ends may leave a task behind, and never the other way round.
    let is_busy =
        || loop_native::pending_count() > 0 || runtime.metrics().num_alive_tasks() > IN_BACKGROUND.get();
    while is_busy() {
        if Instant::now() > deadline {
            return;
        }
        std::thread::sleep(PAUSE);
    }
    // The one blocking thread works in order: when it has come to this, every completion before it is through.
    let (done, waiter) = std::sync::mpsc::channel();
    runtime.spawn_blocking(move || done.send(()));
    let left = deadline.saturating_duration_since(Instant::now());
    // Too late or not, the interpreter goes on with its exit.
    let _ = waiter.recv_timeout(left);
}
