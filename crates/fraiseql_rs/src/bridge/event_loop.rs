//! What stands between the library and asyncio's loop? A stand-in, one per loop, which passes every call on. It adds
//! two things. It drops a result if the loop is closed, where pyo3-async-runtimes would print a traceback from
//! another thread (pyo3-async-runtimes#90). And it ends the work of a closed loop.

use std::cell::RefCell;
use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyWeakrefReference};
use pyo3_async_runtimes::get_running_loop;
use tokio::time::sleep;

use super::arrivals::Arrivals;
use super::ending::{self, Ending};
use super::mailbox::Mailbox;
use super::{loop_native, runtime};
use crate::compat;

/// A loop cannot report that it was closed, so the watch asks a loop with work in flight this often.
const WATCH_PAUSE: Duration = Duration::from_millis(100);

thread_local! {
    /// The stand-ins of the loops that have run in this thread and are not closed.
    static KNOWN: RefCell<Vec<Py<EventLoop>>> = const { RefCell::new(Vec::new()) };
}

/// The part of asyncio's loop that the library calls.
#[pyclass(frozen)]
pub struct EventLoop {
    /// A weak reference, so that the stand-in does not keep a loop alive.
    real: Py<PyWeakrefReference>,
    ending: Arc<Ending>,
    arrivals: Py<Arrivals>,
    /// `None` if the process may open no more files.
    mailbox: OnceLock<Option<Arc<Mailbox>>>,
    /// Whether the loop watches the mailbox.
    is_hung: OnceLock<bool>,
    /// Whether the loop watches our sockets.
    is_native: OnceLock<bool>,
}

impl EventLoop {
    /// Returns the stand-in of the running loop. Without a running loop it raises `RuntimeError`.
    pub fn running(py: Python<'_>) -> PyResult<Bound<'_, Self>> {
        let real = get_running_loop(py)?;
        let is_its = |known: &&Py<Self>| known.get().upgrade(py).is_some_and(|known| known.is(&real));
        if let Some(known) =
            KNOWN.with_borrow(|known| known.iter().find(is_its).map(|it| it.bind(py).clone()))
        {
            return Ok(known);
        }
        Self::forget_closed(py);
        let stand_in = Self {
            real: PyWeakrefReference::new(&real)?.unbind(),
            ending: Ending::new(),
            arrivals: Py::new(py, Arrivals::default())?,
            mailbox: OnceLock::new(),
            is_hung: OnceLock::new(),
            is_native: OnceLock::new(),
        };
        let made = Bound::new(py, stand_in)?;
        KNOWN.with_borrow_mut(|known| known.push(made.clone().unbind()));
        Ok(made)
    }

    /// Drops the stand-ins of this thread's closed loops. It asks and drops them outside of the list, because both
    /// may run Python code.
    fn forget_closed(py: Python<'_>) {
        let known = KNOWN.with_borrow(|known| known.iter().map(|it| it.clone_ref(py)).collect::<Vec<_>>());
        let closed = known.into_iter().filter(|it| it.get().is_closed(py)).collect::<Vec<_>>();
        KNOWN.with_borrow_mut(|known| known.retain(|it| !closed.iter().any(|gone| gone.is(it))));
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

    /// The mailbox where results wait for the loop. `None` if the loop cannot watch a socket, as on Windows'
    /// proactor.
    pub fn mailbox<'a>(this: &'a Bound<'_, Self>) -> Option<&'a Arc<Mailbox>> {
        let mailbox = this.get().mailbox.get_or_init(|| Mailbox::new().ok()).as_ref()?;
        let is_hung = kept(&this.get().is_hung, || {
            let real = this.get().upgrade(this.py());
            real.is_some_and(|real| mailbox.hang(&real).is_ok())
        });
        is_hung.then_some(mailbox)
    }

    /// The mailbox, if the loop can also watch our sockets; else `None`.
    pub fn native_mailbox<'a>(this: &'a Bound<'_, Self>) -> Option<&'a Arc<Mailbox>> {
        let mailbox = Self::mailbox(this)?;
        let is_native = kept(&this.get().is_native, || {
            let real = this.get().upgrade(this.py());
            real.is_some_and(|real| loop_native::attach(&real, mailbox).is_ok())
        });
        is_native.then_some(mailbox)
    }

    fn upgrade<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        let reference = self.real.bind(py);
        let real = reference.call0().ok()?;
        (!real.is_none()).then_some(real)
    }

    fn is_closed(&self, py: Python<'_>) -> bool {
        let closed = |real: Bound<'_, PyAny>| real.call_method0(pyo3::intern!(py, "is_closed"))?.is_truthy();
        self.upgrade(py).is_none_or(|real| closed(real).unwrap_or(true))
    }
}

/// Returns the answer that `cell` keeps, and asks for it at the first use. `ask` calls Python, where a finaliser may
/// use the same cell: then it is asked twice, and the first answer is kept.
fn kept(cell: &OnceLock<bool>, ask: impl FnOnce() -> bool) -> bool {
    if let Some(known) = cell.get() {
        return *known;
    }
    let answer = ask();
    *cell.get_or_init(|| answer)
}

/// Ends the work of the loop once it is closed.
async fn watch(ending: Arc<Ending>, this: Py<EventLoop>) {
    let this = Arc::new(this);
    while ending.goes_on() {
        sleep(WATCH_PAUSE).await;
        let asked = Arc::clone(&this);
        let is_closed = runtime::blocking(move || {
            // Nothing may touch an interpreter that is exiting.
            !ending::is_exiting() && compat::attach(|py| asked.get().is_closed(py))
        });
        if is_closed.await {
            ending.end();
            if let Some(Some(mailbox)) = this.get().mailbox.get() {
                mailbox.empty();
            }
        }
    }
}

#[pymethods]
impl EventLoop {
    pub fn create_future<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let real = self.upgrade(py).ok_or_else(|| PyRuntimeError::new_err("the event loop is gone"))?;
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
            Some(Err(error)) if !self.is_closed(py) => Err(error),
            _ => Ok(()),
        }
    }
}
