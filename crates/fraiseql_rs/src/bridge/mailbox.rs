//! What if results are ready and their loop is busy? They wait here, and the loop is woken once for all of them
//! (`wakeup`), without the GIL. The loop's own thread then makes the Python objects and resolves the futures, one after
//! the other, under one hold of the GIL.

use std::cell::Cell;
use std::collections::VecDeque;
use std::io;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;

use super::inside::Inside;
use super::output::{Output, Slice};
use super::per_process::Home;
use super::resolve::guarded;
use super::wakeup::Wakeup;

thread_local! {
    /// The mailbox that this thread will empty soon, without being woken.
    static ATTENDED: Cell<*const Mailbox> = const { Cell::new(ptr::null()) };
}

/// True on a loop's thread that reads answers: it has the interpreter, and keeps it until it has delivered them.
pub fn is_attended() -> bool {
    ATTENDED.with(|attended| !attended.get().is_null())
}

/// A result on its way to its asyncio future.
struct Letter {
    future: Py<PyAny>,
    content: Content,
}

enum Content {
    /// The result, of which a part may be an object already.
    Output(Box<dyn Output>),
    /// The object, or the error that takes its place.
    Made(PyResult<Py<PyAny>>),
}

/// The results for one loop.
pub struct Mailbox {
    letters: Mutex<VecDeque<Letter>>,
    wakeup: Wakeup,
}

impl Mailbox {
    /// An error means that the process may open no more files.
    pub fn new() -> io::Result<Arc<Self>> {
        Ok(Arc::new(Self { letters: Mutex::default(), wakeup: Wakeup::new()? }))
    }

    /// Makes `event_loop` deliver what is sent here. An error may mean that the loop cannot watch sockets.
    pub fn attach(self: &Arc<Self>, event_loop: &Bound<'_, PyAny>) -> PyResult<()> {
        let reader = Reader { mailbox: Arc::clone(self), home: Home::here() };
        event_loop.call_method1("add_reader", (self.wakeup.descriptor(), reader)).map(drop)
    }

    /// Adds a result; any thread may call this.
    pub fn post(&self, future: Py<PyAny>, output: impl Output) {
        self.letters().push_back(Letter { future, content: Content::Output(Box::new(output)) });
        if !ATTENDED.with(|attended| ptr::eq(attended.get(), self)) {
            self.wakeup.send();
        }
    }

    /// Runs `work`, then resolves the futures of all letters. `work` may add more letters without waking the loop.
    pub fn deliver_after(&self, py: Python<'_>, work: impl FnOnce()) -> PyResult<()> {
        let before = ATTENDED.replace(ptr::from_ref(self));
        work();
        ATTENDED.set(before);
        self.deliver(py)
    }

    /// Drops all letters, because their loop will not fetch them any more.
    pub fn empty(&self) {
        // The letters are dropped after the lock is released: a letter may own objects of its query.
        let letters = std::mem::take(&mut *self.letters());
        drop(letters);
    }

    /// Makes the objects and resolves their futures, for about the time of a slice. The loop is woken for what is left.
    /// An error is what a signal's handler has raised.
    fn deliver(&self, py: Python<'_>) -> PyResult<()> {
        let mut letters = std::mem::take(&mut *self.letters());
        let mut slice = Slice::new();
        let mut outcome = Ok(());
        while let Some(letter) = letters.pop_front() {
            match letter.deliver(py, &mut slice) {
                Delivered::Whole => continue,
                // The others do not wait for a large one.
                Delivered::InPart(left) => letters.push_back(left),
                Delivered::Interrupted(left, error) => {
                    letters.extend(left);
                    outcome = Err(error);
                }
            }
            self.put_back(letters);
            break;
        }
        outcome
    }

    fn put_back(&self, mut older: VecDeque<Letter>) {
        let mut letters = self.letters();
        older.append(&mut letters);
        let is_any_left = !older.is_empty();
        *letters = older;
        drop(letters);
        if is_any_left {
            self.wakeup.send();
        }
    }

    fn letters(&self) -> MutexGuard<'_, VecDeque<Letter>> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What became of a letter.
enum Delivered {
    Whole,
    /// The slice was over before its object was made.
    InPart(Letter),
    /// A signal's handler raised the error. The letter is there if its future has no result yet.
    Interrupted(Option<Letter>, PyErr),
}

impl Letter {
    fn deliver(self, py: Python<'_>, slice: &mut Slice) -> Delivered {
        let Self { future, content } = self;
        let value = match content {
            Content::Made(value) => value,
            Content::Output(mut output) => match output.make(py, slice) {
                Some(value) => value,
                // The caller was cancelled in the meantime.
                None if is_done(future.bind(py)) => return Delivered::Whole,
                None => return Delivered::InPart(Self { future, content: Content::Output(output) }),
            },
        };
        let Err(interrupted) = guarded(future.bind(py), || resolve(future.bind(py), &value)) else {
            return Delivered::Whole;
        };
        let left = interrupted.is_untouched.then(|| Self { future, content: Content::Made(value) });
        Delivered::Interrupted(left, interrupted.error)
    }
}

fn is_done(future: &Bound<'_, PyAny>) -> bool {
    let done = || future.call_method0(pyo3::intern!(future.py(), "done"))?.is_truthy();
    done().unwrap_or(true)
}

/// Sets the result, unless the future was cancelled in the meantime.
fn resolve(future: &Bound<'_, PyAny>, result: &PyResult<Py<PyAny>>) -> PyResult<()> {
    let py = future.py();
    let set = match result {
        Ok(value) => future.call_method1(pyo3::intern!(py, "set_result"), (value,)),
        Err(error) => future.call_method1(pyo3::intern!(py, "set_exception"), (error.value(py),)),
    };
    match set {
        Err(_) if future.call_method0(pyo3::intern!(py, "cancelled"))?.is_truthy()? => Ok(()),
        other => other.map(drop),
    }
}

/// The loop calls this when it has been woken.
#[pyclass(frozen)]
struct Reader {
    mailbox: Arc<Mailbox>,
    home: Home,
}

#[pymethods]
impl Reader {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        // If this is a forked child that goes on with its parent's loop, the byte belongs to the parent.
        if self.home.is_elsewhere() {
            return Ok(());
        }
        self.mailbox.wakeup.receive();
        if let Ok(_inside) = Inside::enter() {
            self.mailbox.deliver(py)
        } else {
            self.mailbox.empty();
            Ok(())
        }
    }
}
