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

use self::reactor::Reactor;
pub use self::socket::Socket;
use self::task::Task;
use super::event_loop::EventLoop;
use super::inside::Inside;
use super::mailbox::{self, Mailbox};
use super::output::Output;
use super::per_process::Home;
use super::{runtime, scarce, stop};
use crate::compat;

/// See the contract in [`super`]. The work begins at once: a query is sent before its awaitable exists.
pub fn awaitable<'py, F, T>(
    event_loop: &Bound<'py, EventLoop>,
    mailbox: &Arc<Mailbox>,
    work: F,
) -> PyResult<Bound<'py, PyAny>>
where
    F: Future<Output = T> + Send + 'static,
    T: Output,
{
    let reactor = Reactor::get().map_err(|error| scarce(&error))?;
    let (future, delivery) = EventLoop::addressed(event_loop, mailbox, work)?;
    let counted = runtime::outside();
    let task = Task::new(reactor, async move {
        let _counted = counted;
        delivery.await;
    });
    stop::when_cancelled(&future, Arc::<Task>::clone(&task))?;
    reactor.catch_up();
    reactor.queue(task);
    reactor.run();
    Ok(future)
}

/// The mailbox of a loop that watches our sockets. `None` if the loop cannot watch sockets. It raises `OSError` if the
/// process may open no more files.
pub fn mailbox<'a>(event_loop: &'a Bound<'_, EventLoop>) -> PyResult<Option<&'a Arc<Mailbox>>> {
    EventLoop::mailbox_beside(event_loop, attach)
}

/// Makes `real` call us whenever one of our sockets is ready. An error may mean that the loop cannot watch sockets.
fn attach(real: &Bound<'_, PyAny>, mailbox: &Arc<Mailbox>) -> PyResult<()> {
    let reactor = Reactor::get().map_err(|error| scarce(&error))?;
    let driver = Driver { mailbox: Arc::clone(mailbox), reactor, home: Home::here() };
    real.call_method1("add_reader", (reactor.descriptor(), driver))?;
    // Look once now, because something may have happened while no loop watched: a server may have gone away.
    reactor.drive();
    Ok(())
}

/// Runs a connection's `session` in the background. It ends when the handle is aborted.
///
/// deadpool wants a Tokio handle, so a parked task on the runtime represents the session.
pub fn spawn(session: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    let (parked, gone) = oneshot::channel::<()>();
    let reactor = Reactor::known().expect("the session reads a socket, which the reactor watches");
    let task = Task::new(reactor, async move {
        if let Either::Right((_, session)) = select(Box::pin(session), gone).await {
            drop(session);
        }
    });
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

/// Runs `work` if this thread has the interpreter anyway. Only a loop's thread has it here: it reads answers under
/// one hold of the GIL. On any other thread `work` does not run, so no thread waits for the interpreter here.
pub fn if_attached(work: impl FnOnce(Python<'_>)) {
    if mailbox::is_attended() {
        // `work` may call Python code, for example a finaliser, which may wait for a query on another loop.
        reactor::expect_delay();
        compat::attach(work);
    }
}

/// A loop calls this when a socket is ready, or when a task has to be polled.
#[pyclass(frozen)]
struct Driver {
    mailbox: Arc<Mailbox>,
    reactor: &'static Reactor,
    home: Home,
}

#[pymethods]
impl Driver {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        if self.home.is_elsewhere() {
            return Ok(());
        }
        match Inside::enter() {
            Ok(_inside) => self.mailbox.deliver_after(py, || self.reactor.drive()),
            Err(_) => Ok(()),
        }
    }
}
