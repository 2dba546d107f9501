//! No second thread: the loop's own thread polls the Rust futures and reads the sockets, whenever the loop finds that
//! there is something to read. So an answer takes one wake-up, as in a driver written in Python, and no hand-over.
//!
//! `reactor` watches the sockets, `task` is a future under way, `socket` a connection to the server.

mod reactor;
mod socket;
mod task;

use std::future::{pending, Future};
use std::sync::Arc;

use futures_util::future::{select, Either};
use pyo3::prelude::*;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use self::reactor::Reactor;
pub use self::socket::Socket;
pub use self::task::Task;
use super::count::Count;
use super::event_loop::EventLoop;
use super::inside::Inside;
use super::mailbox::Mailbox;
use super::stop::Stop;
use super::{process, runtime};

/// Awaitables whose work is under way: the interpreter's exit waits for them.
static PENDING: Count = Count::new();

/// How much work of awaitables is under way.
pub fn pending_count() -> usize {
    PENDING.get()
}

/// See the contract in [`super`]. The work begins here and now: a query is on its way before its awaitable exists.
pub fn awaitable<'py, F, T>(
    event_loop: &Bound<'py, EventLoop>,
    mailbox: &Arc<Mailbox>,
    work: F,
) -> PyResult<Bound<'py, PyAny>>
where
    F: Future<Output = T> + Send + 'static,
    T: for<'any> IntoPyObject<'any> + Send + 'static,
{
    let (future, delivery) = mailbox.addressed(event_loop, work)?;
    let counted = PENDING.one();
    let task = Task::new(async move {
        let _counted = counted;
        delivery.await;
    });
    Stop::Native(Arc::clone(&task)).when_cancelled(&future)?;
    let reactor = Reactor::get();
    reactor.catch_up();
    reactor.queue(task);
    reactor.run();
    Ok(future)
}

/// Has `real` call us whenever a socket of ours has something. An error if it cannot watch.
pub fn attach(real: &Bound<'_, PyAny>, mailbox: &Arc<Mailbox>) -> PyResult<()> {
    let reactor = Reactor::get();
    real.call_method1("add_reader", (reactor.descriptor(), Driver(Arc::clone(mailbox))))?;
    // What happened while no loop looked: a server that went away, say.
    reactor.drive();
    Ok(())
}

/// Runs a connection's `session` beside every awaitable. It ends when the handle is aborted.
///
/// deadpool wants a Tokio handle, so a parked task on the runtime stands for the session.
pub fn spawn(session: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    let (parked, gone) = oneshot::channel::<()>();
    let task = Task::new(async move {
        if let Either::Right((_, session)) = select(Box::pin(session), gone).await {
            drop(session);
        }
    });
    let reactor = Reactor::get();
    reactor.queue(task);
    reactor.ring();
    runtime::spawn(async move {
        let _parked = parked;
        pending::<()>().await;
    })
}

/// `work` for Tokio's thread that needs our sockets, at a time when perhaps no loop runs that would read them.
pub async fn assisted<T>(work: impl Future<Output = T>) -> T {
    match Reactor::known() {
        Some(reactor) => reactor.assist(work).await,
        None => work.await,
    }
}

/// What a loop calls when a socket has something, or a task is to be polled.
#[pyclass(frozen)]
struct Driver(Arc<Mailbox>);

#[pymethods]
impl Driver {
    fn __call__(&self, py: Python<'_>) {
        if process::is_orphan() {
            return;
        }
        if let Ok(_inside) = Inside::enter() {
            self.0.deliver_after(py, || Reactor::get().drive());
        }
    }
}
