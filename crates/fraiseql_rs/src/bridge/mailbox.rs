//! What if results are ready and their loop is busy? They wait here, and the loop is woken once for all of them, by a
//! byte in a socket that it watches. Sending that byte does not need the GIL. The loop's own thread then makes the
//! Python objects and resolves the futures, one after the other, under one hold of the GIL.

use std::cell::Cell;
use std::future::Future;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::IntoPyObjectExt;

use super::event_loop::EventLoop;
use super::inside::Inside;
use super::process;
use crate::compat;

thread_local! {
    /// The mailbox that this thread will empty soon, without being rung.
    static ATTENDED: Cell<*const Mailbox> = const { Cell::new(ptr::null()) };
}

/// Runs `work` if this thread has the interpreter anyway. Only a loop's thread has it here: it reads answers under
/// one hold of the GIL. On any other thread `work` does not run, so no thread waits for the interpreter here.
pub fn if_attached(work: impl FnOnce(Python<'_>)) {
    if ATTENDED.with(|attended| !attended.get().is_null()) {
        compat::attach(work);
    }
}

/// Makes the result; it is called while attached to the interpreter.
type Content = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

/// A result on its way to its asyncio future.
struct Letter {
    future: Py<PyAny>,
    content: Content,
}

/// The results for one loop.
pub struct Mailbox {
    letters: Mutex<Vec<Letter>>,
    /// True while a byte is in the socket.
    is_rung: AtomicBool,
    bell: UnixStream,
    ear: UnixStream,
}

impl Mailbox {
    pub fn new() -> io::Result<Arc<Self>> {
        let (bell, ear) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        ear.set_nonblocking(true)?;
        Ok(Arc::new(Self { letters: Mutex::default(), is_rung: AtomicBool::new(false), bell, ear }))
    }

    /// Makes `event_loop` watch the bell. An error means that the loop cannot watch sockets.
    pub fn hang(self: &Arc<Self>, event_loop: &Bound<'_, PyAny>) -> PyResult<()> {
        let reader = Reader(Arc::clone(self));
        event_loop.call_method1("add_reader", (self.ear.as_raw_fd(), reader)).map(drop)
    }

    /// Returns a future of the loop, and `work` extended so that it sends its result there.
    pub fn addressed<'py, F, T>(
        self: &Arc<Self>,
        event_loop: &Bound<'py, EventLoop>,
        work: F,
    ) -> PyResult<(Bound<'py, PyAny>, impl Future<Output = ()> + Send + 'static)>
    where
        F: Future<Output = T> + Send + 'static,
        T: for<'any> IntoPyObject<'any> + Send + 'static,
    {
        let future = event_loop.get().create_future(event_loop.py())?;
        let (mailbox, addressee) = (Arc::clone(self), future.clone().unbind());
        let work = EventLoop::bound(event_loop, work);
        let delivery = async move {
            if let Ok(output) = work.await {
                mailbox.post(addressee, output);
            }
        };
        Ok((future, delivery))
    }

    /// Adds a result; any thread may call this.
    fn post<T>(&self, future: Py<PyAny>, output: T)
    where
        T: for<'any> IntoPyObject<'any> + Send + 'static,
    {
        let content: Content = Box::new(move |py| output.into_py_any(py));
        self.letters().push(Letter { future, content });
        let is_attended = ATTENDED.with(|attended| ptr::eq(attended.get(), self));
        if !is_attended && !self.is_rung.swap(true, Ordering::SeqCst) {
            // The write fails only if the other end is closed. Both ends live equally long, so then no loop listens
            // any more.
            let _ = (&self.bell).write(&[1]);
        }
    }

    /// Runs `work`, then resolves the futures of all letters. `work` may add more letters without ringing.
    pub fn deliver_after(&self, py: Python<'_>, work: impl FnOnce()) {
        let before = ATTENDED.replace(ptr::from_ref(self));
        work();
        ATTENDED.set(before);
        self.deliver(py);
    }

    /// Drops all letters, because their loop will not fetch them any more.
    pub fn empty(&self) {
        // The letters are dropped after the lock is released: a letter may own objects of its query.
        let letters = std::mem::take(&mut *self.letters());
        drop(letters);
    }

    fn deliver(&self, py: Python<'_>) {
        let letters = std::mem::take(&mut *self.letters());
        for letter in letters {
            let future = letter.future.bind(py);
            if let Err(error) = resolve(future, (letter.content)(py)) {
                error.write_unraisable(py, Some(future));
            }
        }
    }

    fn letters(&self) -> std::sync::MutexGuard<'_, Vec<Letter>> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sets the result, unless the future was cancelled in the meantime.
fn resolve(future: &Bound<'_, PyAny>, result: PyResult<Py<PyAny>>) -> PyResult<()> {
    let py = future.py();
    let set = match result {
        Ok(value) => future.call_method1(pyo3::intern!(py, "set_result"), (value,)),
        Err(error) => future.call_method1(pyo3::intern!(py, "set_exception"), (error.into_value(py),)),
    };
    match set {
        Err(_) if future.call_method0(pyo3::intern!(py, "cancelled"))?.is_truthy()? => Ok(()),
        other => other.map(drop),
    }
}

/// The loop calls this when the bell has rung.
#[pyclass(frozen)]
struct Reader(Arc<Mailbox>);

#[pymethods]
impl Reader {
    fn __call__(&self, py: Python<'_>) {
        // If this is a forked child that goes on with its parent's loop, the byte belongs to the parent.
        if process::is_orphan() {
            return;
        }
        let mailbox = &self.0;
        // The byte itself does not matter: the letters say what to do.
        let _ = (&mailbox.ear).read(&mut [0; 8]);
        // The flag is reset before the letters are taken, so a later letter rings again.
        mailbox.is_rung.store(false, Ordering::SeqCst);
        match Inside::enter() {
            Ok(_inside) => mailbox.deliver(py),
            Err(_) => mailbox.empty(),
        }
    }
}
