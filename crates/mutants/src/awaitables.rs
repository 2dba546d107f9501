//! Which awaitables does the module give, without any server? One method per kind of work.

use std::future::Future;
use std::hint::spin_loop;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::answer::{Answer, Value};
use crate::bridge::{awaitable, Call};
use crate::courier::{lock, Ticket};
use crate::error::Failure;
use crate::fault::Fault;
use crate::interrupt;
use crate::machine::{self, Machine};
use crate::per_process::PerProcess;
use crate::works::Works;

/// For `data-race`: what the latest caller brought.
static SHARED: Mutex<Option<Py<PyAny>>> = Mutex::new(None);

/// Awaitables of work in Rust.
///
/// `fault` names what is broken; see `faults()`. Without one, nothing is.
#[pyclass(frozen, module = "bridge_mutants")]
pub struct Awaitables {
    fault: Fault,
    works: PerProcess<Arc<Works>>,
    is_closed: AtomicBool,
}

type Made<'py> = PyResult<Bound<'py, PyAny>>;

impl Awaitables {
    fn works(&self) -> Arc<Works> {
        let made: Result<_, std::convert::Infallible> = self.works.get_or_try_make(|| Ok(Arc::default()));
        match made {
            Ok(works) => Arc::clone(works),
            Err(never) => match never {},
        }
    }

    fn call(&self, carried: Option<Py<PyAny>>, is_tagged: bool) -> PyResult<Call> {
        if self.is_closed.load(Ordering::SeqCst) {
            return Err(PyRuntimeError::new_err("closed"));
        }
        Ok(Call { fault: self.fault, works: self.works(), carried, is_tagged })
    }

    /// Work that needs no object of Python.
    fn plain<'py, F>(&self, py: Python<'py>, work: F) -> Made<'py>
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        drop(lock(self.fault));
        awaitable(py, self.call(None, false)?, |_, _| work)
    }
}

#[pymethods]
impl Awaitables {
    #[new]
    #[pyo3(signature = (fault=None))]
    fn new(fault: Option<&str>) -> PyResult<Self> {
        let (works, is_closed) = (PerProcess::new(), AtomicBool::new(false));
        Ok(Self { fault: Fault::parse(fault)?, works, is_closed })
    }

    /// None, at once.
    fn quick<'py>(&self, py: Python<'py>) -> Made<'py> {
        self.plain(py, async { Answer::Nothing })
    }

    /// None, after `seconds` on Tokio's clock.
    fn slow<'py>(&self, py: Python<'py>, seconds: f64) -> Made<'py> {
        let time =
            Duration::try_from_secs_f64(seconds).map_err(|error| PyValueError::new_err(error.to_string()))?;
        let time = if self.fault == Fault::SecondsAsMilliseconds { time / 1_000 } else { time };
        match self.fault {
            Fault::GilHeld => machine::of_this_process(self.fault)?.handle.block_on(timer(time)),
            Fault::GilDeadlock => block_on_the_gil(machine::of_this_process(self.fault)?),
            Fault::LoopBlocked => {
                let machine = machine::of_this_process(self.fault)?;
                py.detach(|| machine.handle.block_on(timer(time)));
            }
            Fault::InterruptSwallowedIdle => interrupt::ignore(py),
            _ => {
                return self.plain(py, async move {
                    timer(time).await;
                    Answer::Nothing
                })
            }
        }
        // The thread has waited already, unless the fault is about signals.
        let rest = if self.fault == Fault::InterruptSwallowedIdle { time } else { Duration::ZERO };
        self.plain(py, async move {
            timer(rest).await;
            Answer::Nothing
        })
    }

    /// Raises `MutantError`, whose cause is a `ValueError`.
    fn fail<'py>(&self, py: Python<'py>) -> Made<'py> {
        let fault = self.fault;
        self.plain(py, async move {
            match fault {
                Fault::ErrorSwallowed => Answer::Nothing,
                Fault::BareBaseException => Answer::Failed(Failure::Bare),
                _ => Answer::Failed(Failure::Meant),
            }
        })
    }

    /// Raises `RuntimeError`, because the work panics.
    fn panic<'py>(&self, py: Python<'py>) -> Made<'py> {
        self.plain(py, async {
            // Like `panic!`, without the hook that prints: this one is meant.
            resume_unwind(Box::new("the work panicked, as it was asked to"))
        })
    }

    /// `value` itself.
    fn echo<'py>(&self, py: Python<'py>, value: Py<PyAny>) -> Made<'py> {
        drop(lock(self.fault));
        let value = if self.fault == Fault::DataRace { shared(py, value) } else { value };
        awaitable(py, self.call(Some(value), true)?, |_, _| async { Answer::Carried })
    }

    /// A list of `n` tuples `(i, "text i")`.
    fn rows<'py>(&self, py: Python<'py>, n: u32) -> Made<'py> {
        self.plain(py, async move {
            let row = |i: u32| vec![Value::Int(i.into()), Value::Text(format!("text {i}"))];
            Answer::Rows((0..n).map(row).collect())
        })
    }

    /// What `function()` returns, which the work calls on a thread of its own.
    #[pyo3(name = "call")]
    fn call_function<'py>(&self, py: Python<'py>, function: Py<PyAny>) -> Made<'py> {
        drop(lock(self.fault));
        let call = self.call(Some(function), false)?;
        awaitable(py, call, |machine, ticket| called(machine, Arc::clone(ticket)))
    }

    /// How many operations of this object are at work in Rust now.
    fn working(&self) -> usize {
        drop(lock(self.fault));
        self.works().at_work()
    }

    /// Ends all work: its awaitables raise `RuntimeError`, and so does each later call.
    fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
        self.works().closing.cancel();
    }

    /// The id of the fault, or None.
    #[getter]
    fn fault(&self) -> Option<&'static str> {
        self.fault.id()
    }
}

/// A timer has to be made on the runtime.
async fn timer(time: Duration) {
    sleep(time).await;
}

/// Waits with the GIL held for a thread that needs it.
fn block_on_the_gil(machine: &Machine) {
    let (done, waiter) = oneshot::channel::<()>();
    let started = thread::Builder::new().spawn(move || {
        Python::try_attach(|_| ());
        let _ = done.send(());
    });
    if started.is_ok() {
        let _ = machine.handle.block_on(waiter);
    }
}

/// For `data-race`: what is in the shared place after the other callers had the time to come between.
fn shared(py: Python<'_>, value: Py<PyAny>) -> Py<PyAny> {
    let place = || SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    drop(place().replace(value.clone_ref(py)));
    let end = Instant::now() + Duration::from_micros(50);
    while Instant::now() < end {
        spin_loop();
    }
    let found = place().take();
    found.unwrap_or(value)
}

/// Calls the function that the ticket carries.
async fn called(machine: &'static Machine, ticket: Arc<Ticket>) -> Answer {
    let (send, answer) = oneshot::channel();
    let work = move || {
        machine.gate.attach(move |py| {
            let _lock = lock(ticket.fault);
            let called = ticket.carried.as_ref().map(|function| function.call0(py));
            let answer = match called {
                None => Answer::Nothing,
                Some(Ok(object)) => Answer::Object(object),
                Some(Err(error)) => Answer::Failed(Failure::Raised(error)),
            };
            // Its caller may have gone.
            let _ = send.send(answer);
        });
    };
    if let Err(error) = thread::Builder::new().name("mutants-call".into()).spawn(work) {
        return Answer::Failed(Failure::Shortage(format!("no thread can be started now: {error}")));
    }
    answer.await.unwrap_or(Answer::Nothing)
}
