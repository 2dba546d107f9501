//! What stands between the library and asyncio's loop? A stand-in, one per loop, which passes every call on. It adds
//! two things. It drops a result if the loop is closed, where pyo3-async-runtimes would print a traceback from
//! another thread (pyo3-async-runtimes#90). And it ends the work of a closed loop.

use std::cell::RefCell;
use std::future::Future;
use std::mem;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use pyo3::exceptions::{PyAttributeError, PyNotImplementedError, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyWeakrefReference};
use pyo3_async_runtimes::get_running_loop;
use tokio::time::sleep;

use super::arrivals::Arrivals;
use super::ending::{self, Ending};
use super::mailbox::Mailbox;
use super::output::Output;
use super::runtime;
use crate::compat;

/// A loop cannot report that it was closed, so the watch asks a loop with work in flight this often.
const WATCH_PAUSE: Duration = Duration::from_millis(100);

thread_local! {
    /// The stand-ins of the loops that have run in this thread and are not closed.
    static KNOWN: RefCell<Vec<Py<EventLoop>>> = const { RefCell::new(Vec::new()) };
}

/// Leaves the loops of the parent alone. A forked child calls this once.
pub fn forget_all() {
    // To drop them would take locks that the parent's threads may have held at the fork.
    mem::forget(KNOWN.take());
}

/// The part of asyncio's loop that the library calls.
#[pyclass(frozen)]
pub struct EventLoop {
    /// A weak reference, so that the stand-in does not keep a loop alive.
    real: Py<PyWeakrefReference>,
    /// Where the loop is in memory: a way to find it without calling Python. After its end another loop may be there.
    address: usize,
    ending: Arc<Ending>,
    arrivals: Py<Arrivals>,
    mailbox: OnceLock<Arc<Mailbox>>,
    /// Whether the loop can watch the mailbox.
    watches_mailbox: OnceLock<bool>,
    /// Whether the loop can watch the reactor.
    watches_reactor: OnceLock<bool>,
}

impl EventLoop {
    /// Returns the stand-in of the running loop. Without a running loop it raises `RuntimeError`.
    pub fn running(py: Python<'_>) -> PyResult<Bound<'_, Self>> {
        let real = get_running_loop(py)?;
        if let Some(known) = Self::known(&real) {
            return Ok(known);
        }
        Self::forget_closed(py)?;
        let stand_in = Self {
            real: PyWeakrefReference::new(&real)?.unbind(),
            address: real.as_ptr().addr(),
            ending: Ending::new(),
            arrivals: Py::new(py, Arrivals::default())?,
            mailbox: OnceLock::new(),
            watches_mailbox: OnceLock::new(),
            watches_reactor: OnceLock::new(),
        };
        let made = Bound::new(py, stand_in)?;
        KNOWN.with_borrow_mut(|known| known.push(made.clone().unbind()));
        Ok(made)
    }

    fn known<'py>(real: &Bound<'py, PyAny>) -> Option<Bound<'py, Self>> {
        let py = real.py();
        let is_there = |known: &&Py<Self>| known.get().address == real.as_ptr().addr();
        // While the list is borrowed, no reference to a loop is held: to drop the last one would run Python code.
        let found = KNOWN.with_borrow(|known| known.iter().find(is_there).map(|it| it.bind(py).clone()))?;
        found.get().upgrade(py).is_some_and(|known| known.is(real)).then_some(found)
    }

    /// Drops the stand-ins of this thread's closed loops. It asks and drops them outside of the list, because both
    /// may run Python code.
    fn forget_closed(py: Python<'_>) -> PyResult<()> {
        let known = KNOWN.with_borrow(|known| known.iter().map(|it| it.clone_ref(py)).collect::<Vec<_>>());
        let mut closed = Vec::new();
        for it in known {
            if it.get().is_closed(py)? {
                closed.push(it);
            }
        }
        KNOWN.with_borrow_mut(|known| known.retain(|it| !closed.iter().any(|gone| gone.is(it))));
        Ok(())
    }

    /// Returns `work`, made to end early if the loop is closed or the interpreter exits.
    pub fn bound<T>(
        this: &Bound<'_, Self>,
        work: impl Future<Output = T>,
    ) -> impl Future<Output = PyResult<T>> {
        let ending = &this.get().ending;
        // Count the work first: a watch that finds nothing to watch ends.
        let bound = Arc::clone(ending).bound(work);
        if ending.begin_watch() {
            // The watch ends with the last work of the loop.
            drop(runtime::spawn(watch(Arc::clone(ending), this.clone().unbind())));
        }
        bound
    }

    /// Returns a future of the loop, and `work` extended so that it sends its result there through `mailbox`.
    pub fn addressed<'py, F, T>(
        this: &Bound<'py, Self>,
        mailbox: &Arc<Mailbox>,
        work: F,
    ) -> PyResult<(Bound<'py, PyAny>, impl Future<Output = ()> + Send + 'static)>
    where
        F: Future<Output = T> + Send + 'static,
        T: Output,
    {
        let future = this.get().create_future(this.py())?;
        let (mailbox, addressee) = (Arc::clone(mailbox), future.clone().unbind());
        let work = Self::bound(this, work);
        let delivery = async move {
            if let Ok(output) = work.await {
                mailbox.post(addressee, output);
            }
        };
        Ok((future, delivery))
    }

    /// The mailbox where results wait for the loop. `None` if the loop cannot watch a socket, as on Windows'
    /// proactor. It raises `OSError` if the process may open no more files.
    pub fn mailbox<'a>(this: &'a Bound<'_, Self>) -> PyResult<Option<&'a Arc<Mailbox>>> {
        let own = this.get();
        let mailbox = if let Some(made) = own.mailbox.get() {
            made
        } else {
            let made = Mailbox::new().map_err(|error| super::scarce(&error))?;
            own.mailbox.get_or_init(|| made)
        };
        let is_watched = Self::watches(this, &own.watches_mailbox, |real| mailbox.attach(real))?;
        Ok(is_watched.then_some(mailbox))
    }

    /// The mailbox, if the loop can also watch the reactor; else `None`. `attach` makes the loop watch it.
    pub fn mailbox_beside<'a>(
        this: &'a Bound<'_, Self>,
        attach: impl FnOnce(&Bound<'_, PyAny>, &Arc<Mailbox>) -> PyResult<()>,
    ) -> PyResult<Option<&'a Arc<Mailbox>>> {
        let Some(mailbox) = Self::mailbox(this)? else { return Ok(None) };
        let is_watched = Self::watches(this, &this.get().watches_reactor, |real| attach(real, mailbox))?;
        Ok(is_watched.then_some(mailbox))
    }

    /// Returns whether the loop can watch something, and makes it do so at the first use. `attach` calls Python, where a
    /// finaliser may use the same cell: then it is called twice, and the first answer is kept. No answer is kept after
    /// an error, for example of a signal's handler.
    fn watches(
        this: &Bound<'_, Self>,
        cell: &OnceLock<bool>,
        attach: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<()>,
    ) -> PyResult<bool> {
        if let Some(known) = cell.get() {
            return Ok(*known);
        }
        let py = this.py();
        let real = this.get().upgrade(py).ok_or_else(gone)?;
        let answer = match attach(&real) {
            Ok(()) => true,
            Err(error) if is_unable(py, &error) => false,
            Err(error) => return Err(error),
        };
        Ok(*cell.get_or_init(|| answer))
    }

    fn upgrade<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        let reference = self.real.bind(py);
        let real = reference.call0().ok()?;
        (!real.is_none()).then_some(real)
    }

    fn is_closed(&self, py: Python<'_>) -> PyResult<bool> {
        let Some(real) = self.upgrade(py) else { return Ok(true) };
        real.call_method0(pyo3::intern!(py, "is_closed"))?.is_truthy()
    }
}

/// True for the error of a loop that cannot watch sockets at all.
fn is_unable(py: Python<'_>, error: &PyErr) -> bool {
    error.is_instance_of::<PyNotImplementedError>(py) || error.is_instance_of::<PyAttributeError>(py)
}

fn gone() -> PyErr {
    PyRuntimeError::new_err("the event loop is gone")
}

/// Ends the work of the loop once it is closed.
async fn watch(ending: Arc<Ending>, this: Py<EventLoop>) {
    let this = Arc::new(this);
    while ending.goes_on() {
        sleep(WATCH_PAUSE).await;
        let asked = Arc::clone(&this);
        let is_closed = runtime::blocking(move || {
            // Nothing may touch an interpreter that is exiting.
            !ending::is_exiting() && compat::attach(|py| asked.get().is_closed(py).unwrap_or(true))
        });
        if is_closed.await {
            ending.end();
            if let Some(mailbox) = this.get().mailbox.get() {
                mailbox.empty();
            }
        }
    }
}

#[pymethods]
impl EventLoop {
    pub fn create_future<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let real = self.upgrade(py).ok_or_else(gone)?;
        real.call_method0(pyo3::intern!(py, "create_future"))
    }

    /// Takes a callback from the library. The callback sets a future's result, so it may run in any context.
    #[pyo3(signature = (callback, *arguments, **_keywords))]
    fn call_soon_threadsafe(
        &self,
        py: Python<'_>,
        callback: Py<PyAny>,
        arguments: Py<PyTuple>,
        _keywords: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        if !self.arrivals.get().push(callback, arguments) {
            return Ok(());
        }
        let name = pyo3::intern!(py, "call_soon_threadsafe");
        let woken = self.upgrade(py).map(|real| real.call_method1(name, (self.arrivals.clone_ref(py),)));
        if let Some(Ok(_)) = woken {
            return Ok(());
        }
        // The loop will not fetch these callbacks any more.
        drop(self.arrivals.get().take());
        match woken {
            Some(Err(error)) if !self.is_closed(py)? => Err(error),
            _ => Ok(()),
        }
    }
}
