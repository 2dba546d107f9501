//! Where does Rust's work run, and when is no work left that may touch Python?

use std::future::Future;
use std::io;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use tokio::task::AbortHandle;

use super::count::{Count, Counted};
use super::per_process::PerProcess;

/// How long the thread for blocking work waits for more work. It is as long as the process may live, because the
/// thread keeps a state of the interpreter (`thread_state`).
const IDLE: Duration = Duration::from_secs(60 * 60 * 24 * 365);

/// How often [`quiesce`] looks again.
const PAUSE: Duration = Duration::from_millis(1);

static RUNTIME: PerProcess<Runtime> = PerProcess::new();

/// The tasks of [`spawn`] that are alive. All other tasks on the runtime end by themselves, and the exit waits for
/// them.
static IN_BACKGROUND: Count = Count::new();

/// The awaitables whose work is in progress outside of the runtime; the exit waits for them as well.
static OUTSIDE: Count = Count::new();

/// The runtime of this process, started at its first use. An error means that the process may open no more files or
/// start no more threads; a later call tries again.
pub fn start() -> io::Result<&'static Runtime> {
    RUNTIME.get_or_try_make(|| {
        // Tokio panics if the system gives it no thread, and the panic is written to stderr. So it is asked only where
        // there are threads; others may take them meanwhile.
        let started = has_threads().then(|| catch_unwind(AssertUnwindSafe(build)));
        let none = || Err(io::Error::other("the system gives the process no more threads"));
        started.and_then(Result::ok).unwrap_or_else(none)
    })
}

/// Whether the system gives as many threads as [`build`] starts, which are two.
fn has_threads() -> bool {
    let thread = || thread::Builder::new().name("fraiseql".to_owned());
    let both = thread().spawn(move || thread().spawn(|| ()).is_ok());
    both.is_ok_and(|first| first.join().unwrap_or(false))
}

/// There is one worker, so a query, its connection and the socket take turns on one thread. Two workers would wake
/// each other up at every step (measured on two cores: 180 µs a query instead of 225, 50 instead of 65 with 100 at a
/// time).
///
/// There is one thread for blocking work. From 0.27 on pyo3-async-runtimes completes every awaitable on such a
/// thread, and several of them would only fight for the GIL. One thread also works in order, and [`quiesce`] relies
/// on that. Name look-ups therefore have threads of their own (`db::dial`).
fn build() -> io::Result<Runtime> {
    let mut builder = Builder::new_multi_thread();
    builder
        .enable_all()
        .thread_name("fraiseql")
        .worker_threads(1)
        .max_blocking_threads(1)
        .thread_keep_alive(IDLE);
    let runtime = builder.build()?;
    // The thread for blocking work starts now, where its absence is an error that a caller can handle.
    drop(runtime.spawn_blocking(|| ()));
    Ok(runtime)
}

/// The runtime of this process, if it has been started.
pub fn started() -> Option<&'static Runtime> {
    RUNTIME.get()
}

fn runtime() -> &'static Runtime {
    started().expect("the bridge starts the runtime before there is work for it")
}

/// Runs `work` in the background without a time limit; a connection's reader is such work. It must not touch Python.
pub fn spawn<F>(work: F) -> tokio::task::JoinHandle<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let counted = IN_BACKGROUND.one();
    runtime().spawn(async move {
        let _counted = counted;
        work.await;
    })
}

/// Runs the work of an awaitable; the interpreter's exit waits for it. It must not touch Python.
pub fn spawn_bounded<F>(work: F) -> AbortHandle
where
    F: Future<Output = ()> + Send + 'static,
{
    runtime().spawn(work).abort_handle()
}

/// Counts the work of an awaitable that runs elsewhere; the interpreter's exit waits until the guard is dropped.
pub fn outside() -> Counted {
    OUTSIDE.one()
}

/// Runs `work` on the thread for blocking work, after all work that was given to it before. Returns false if `work`
/// did not run.
pub async fn blocking(work: impl FnOnce() -> bool + Send + 'static) -> bool {
    runtime().spawn_blocking(work).await.unwrap_or(false)
}

/// Waits until every task that has an end has ended, for at most `limit`. The caller is detached from the
/// interpreter.
pub fn quiesce(limit: Duration) {
    let runtime = runtime();
    let deadline = Instant::now() + limit;
    // The order matters: an awaitable's work may leave a task behind when it ends, but a task never leaves such work
    // behind.
    let is_busy = || OUTSIDE.get() > 0 || runtime.metrics().num_alive_tasks() > IN_BACKGROUND.get();
    while is_busy() {
        if Instant::now() > deadline {
            return;
        }
        thread::sleep(PAUSE);
    }
    // The one blocking thread works in order: when it runs this, every completion before it is done.
    let (done, waiter) = std::sync::mpsc::channel();
    runtime.spawn_blocking(move || done.send(()));
    let left = deadline.saturating_duration_since(Instant::now());
    // In time or not, the interpreter goes on with its exit.
    let _ = waiter.recv_timeout(left);
}
