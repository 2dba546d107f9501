//! Where does Rust's work run, and when is no work left that may touch Python?

use std::future::Future;
use std::time::{Duration, Instant};

use tokio::runtime::Builder;
use tokio::task::AbortHandle;

use super::count::Count;
use super::loop_native;

/// How long the thread for blocking work waits for more work. It is as long as the process may live, because the
/// thread keeps a state of the interpreter (`thread_state`).
const IDLE: Duration = Duration::from_secs(60 * 60 * 24 * 365);

/// How often [`quiesce`] looks again.
const PAUSE: Duration = Duration::from_millis(1);

/// The tasks of [`spawn`] that are alive. All other tasks on the runtime end by themselves, and the exit waits for
/// them.
static IN_BACKGROUND: Count = Count::new();

/// Configures the runtime, which starts with its first task.
///
/// There is one worker, so a query, its connection and the socket take turns on one thread. Two workers would wake
/// each other up at every step (measured on two cores: 180 µs a query instead of 225, 50 instead of 65 with 100 at a
/// time).
///
/// There is one thread for blocking work. From 0.27 on pyo3-async-runtimes completes every awaitable on such a
/// thread, and several of them would only fight for the GIL. One thread also works in order, and [`quiesce`] relies
/// on that. Name look-ups therefore have threads of their own (`db::dial`).
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

/// Runs `work` in the background without a time limit; a connection's reader is such work. It must not touch Python.
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

/// Runs `work` that cleans up after a dropped future; the interpreter's exit waits for it. It must not touch Python.
pub fn finish<F>(work: F)
where
    F: Future<Output = ()> + Send + 'static,
{
    drop(pyo3_async_runtimes::tokio::get_runtime().spawn(loop_native::assisted(work)));
}

/// Runs `work` on the thread for blocking work, after all work that was given to it before. Returns false if `work`
/// did not run.
pub async fn blocking(work: impl FnOnce() -> bool + Send + 'static) -> bool {
    pyo3_async_runtimes::tokio::get_runtime().spawn_blocking(work).await.unwrap_or(false)
}

/// Waits until every task that has an end has ended, for at most `limit`. The caller is detached from the
/// interpreter.
pub fn quiesce(limit: Duration) {
    let runtime = pyo3_async_runtimes::tokio::get_runtime();
    let deadline = Instant::now() + limit;
    // The order matters: an awaitable's work may leave a task behind when it ends, but a task never leaves such work
    // behind.
    let is_busy =
        || loop_native::pending_count() > 0 || runtime.metrics().num_alive_tasks() > IN_BACKGROUND.get();
    while is_busy() {
        if Instant::now() > deadline {
            return;
        }
        std::thread::sleep(PAUSE);
    }
    // The one blocking thread works in order: when it runs this, every completion before it is done.
    let (done, waiter) = std::sync::mpsc::channel();
    runtime.spawn_blocking(move || done.send(()));
    let left = deadline.saturating_duration_since(Instant::now());
    // In time or not, the interpreter goes on with its exit.
    let _ = waiter.recv_timeout(left);
}
