//! What stands between the library and asyncio's loop? A stand-in, one per loop, which passes everything on and knows
//! two things more: nobody is there to hear a result once the loop is closed (pyo3-async-runtimes then prints a
//! traceback from another thread, pyo3-async-runtimes#90), and the work of a closed loop has to end.

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

/// A loop cannot say that it is closed, so one with work in flight is asked this often.
const WATCH_PAUSE: Duration = Duration::from_millis(100);

thread_local! {
    /// The stand-in of the loop that runs in this thread.
    static CURRENT: RefCell<Option<Py<EventLoop>>> = const { RefCell::new(None) };
}

/// The part of asyncio's loop that the library calls.
#[pyclass(frozen)]
pub struct EventLoop {
    /// Weak, so that the stand-in keeps no loop alive that everybody else has forgotten.
    real: Py<PyWeakrefReference>,
    ending: Arc<Ending>,
    arrivals: Py<Arrivals>,
    /// `None` if the loop cannot watch a socket.
    mailbox: OnceLock<Option<Arc<Mailbox>>>,
    /// Whether the loop watches our sockets.
    is_native: OnceLock<bool>,
}

impl EventLoop {
    /// The stand-in of the running loop; without one, `RuntimeError`.
    pub fn running(py: Python<'_>) -> PyResult<Bound<'_, Self>> {
        let real = get_running_loop(py)?;
        CURRENT.with(|current| {
            if let Some(known) = &*current.borrow() {
                if known.get().upgrade(py).is_some_and(|known| known.is(&real)) {
                    return Ok(known.bind(py).clone());
                }
            }
            let reference = PyWeakrefReference::new(&real)?.unbind();
            let arrivals = Py::new(py, Arrivals::default())?;
            let stand_in = Self {
                real: reference,
                ending: Ending::new(),
                arrivals,
                mailbox: OnceLock::new(),
                is_native: OnceLock::new(),
            };
            let made = Bound::new(py, stand_in)?;
            *current.borrow_mut() = Some(made.clone().unbind());
            Ok(made)
        })
    }

    /// `work`, which ends early if the loop is closed or the interpreter exits.
    pub fn bound<T>(
        this: &Bound<'_, Self>,
        work: impl Future<Output = T>,
    ) -> impl Future<Output = PyResult<T>> {
        let ending = &this.get().ending;
        // Counted first: a watch that finds nothing to watch goes home.
        let bound = Arc::clone(ending).bound(work);
        if ending.begin_watch() {
            // It ends with the last work of the loop.
            drop(runtime::spawn(watch(Arc::clone(ending), this.clone().unbind())));
        }
        bound
    }

    /// Where results wait for the loop. `None` if the loop cannot watch a socket, as on Windows' proactor.
    pub fn mailbox<'a>(this: &'a Bound<'_, Self>) -> Option<&'a Arc<Mailbox>> {
        let make = || {
            let real = this.get().upgrade(this.py())?;
            let mailbox = Mailbox::new().ok()?;
            mailbox.hang(&real).ok().map(|()| mailbox)
        };
        this.get().mailbox.get_or_init(make).as_ref()
    }

    /// The mailbox of a loop that also watches our sockets. `None` if it cannot.
    pub fn native_mailbox<'a>(this: &'a Bound<'_, Self>) -> Option<&'a Arc<Mailbox>> {
        let mailbox = Self::mailbox(this)?;
        let attach = || {
            let real = this.get().upgrade(this.py());
            real.is_some_and(|real| loop_native::attach(&real, mailbox).is_ok())
        };
        this.get().is_native.get_or_init(attach).then_some(mailbox)
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

/// Ends the work of the loop once it is closed.
async fn watch(ending: Arc<Ending>, this: Py<EventLoop>) {
    let this = Arc::new(this);
    while ending.goes_on() {
        sleep(WATCH_PAUSE).await;
        let asked = Arc::clone(&this);
        let is_closed = runtime::blocking(move || {
            // Nothing may touch an interpreter that is on its way out.
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

    /// The library's callbacks set a future's result, whatever context they run in.
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
        // Nobody will come for them.
        drop(self.arrivals.get().take());
        match woken {
            Some(Err(error)) if !self.is_closed(py) => Err(error),
            _ => Ok(()),
        }
    }
}
