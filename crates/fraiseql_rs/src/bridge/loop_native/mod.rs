//! How does a result need no second thread? The loop's own thread polls the Rust futures and reads the sockets
//! whenever the loop finds something to read. So an answer takes one wake-up and no hand-over, as in a driver written
//! in Python.
//!
//! `reactor` watches the sockets, `task` is a future in progress, `socket` is a connection to the server.

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

/// The awaitables whose work is in progress; the interpreter's exit waits for them.
static PENDING: Count = Count::new();

/// The number of awaitables whose work is in progress.
pub fn pending_count() -> usize {
    PENDING.get()
}

/// See the contract in [`super`]. The work begins at once: a query is sent before its awaitable exists.
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

/// Makes `real` call us whenever one of our sockets is ready. An error means that the loop cannot watch sockets.
pub fn attach(real: &Bound<'_, PyAny>, mailbox: &Arc<Mailbox>) -> PyResult<()> {
    let reactor = Reactor::get();
    real.call_method1("add_reader", (reactor.descriptor(), Driver(Arc::clone(mailbox))))?;
    // Look once now, because something may have happened while no loop watched: a server may have gone away.
    reactor.drive();
    Ok(())
}

/// Runs a connection's `session` in the background. It ends when the handle is aborted.
///
/// deadpool wants a Tokio handle, so a parked task on the runtime represents the session.
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

/// Runs `work` that needs our sockets on Tokio's thread, at a time when perhaps no loop runs that would read them.
pub async fn assisted<T>(work: impl Future<Output = T>) -> T {
    match Reactor::known() {
        Some(reactor) => reactor.assist(work).await,
        None => work.await,
    }
}

/// A loop calls this when a socket is ready, or when a task has to be polled.
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
