//! How does work in Rust become an awaitable? The running loop makes a future, Tokio runs the work, and the courier
//! brings the answer. Cancelling the future stops the work.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use tokio_util::sync::CancellationToken;

use crate::answer::Answer;
use crate::courier::{Errand, Ticket};
use crate::error::Failure;
use crate::fault::Fault;
use crate::future_like::FutureLike;
use crate::machine::Machine;
use crate::works::Works;
use crate::{interrupt, leak, machine};

/// What a call brings along.
pub struct Call {
    pub fault: Fault,
    pub works: Arc<Works>,
    /// A Python object that the work needs or gives back.
    pub carried: Option<Py<PyAny>>,
    pub is_tagged: bool,
}

/// The awaitable of the work that `start` begins. Without a running loop it is an error.
pub fn awaitable<F>(
    py: Python<'_>,
    call: Call,
    start: impl FnOnce(&'static Machine, &Arc<Ticket>) -> F,
) -> PyResult<Bound<'_, PyAny>>
where
    F: Future<Output = Answer> + Send + 'static,
{
    let Call { fault, works, carried, is_tagged } = call;
    let event_loop = running_loop(py, fault)?;
    let machine = machine::of_this_process(fault)?;
    let future = event_loop.call_method0(pyo3::intern!(py, "create_future"))?;
    let cancelled = machine.leaving.child_token();
    let stop = Stop { cancelled: cancelled.clone(), fault };
    future.call_method1(pyo3::intern!(py, "add_done_callback"), (stop,))?;
    leak::per_call(fault, &future);
    let (event_loop, to_resolve) = (event_loop.unbind(), future.clone().unbind());
    let ticket = Arc::new(Ticket { event_loop, future: to_resolve, carried, works, fault, is_tagged });
    let work = start(machine, &ticket);
    machine.spawn(run(work, cancelled, Errand::new(machine, ticket)));
    if fault == Fault::ContextLost {
        return Ok(Bound::new(py, FutureLike::new(future))?.into_any());
    }
    Ok(future)
}

fn running_loop(py: Python<'_>, fault: Fault) -> PyResult<Bound<'_, PyAny>> {
    static GET: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static FIRST: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let running = GET.import(py, "asyncio", "get_running_loop")?.call0()?;
    if fault == Fault::WrongLoop {
        return Ok(FIRST.get_or_init(py, || running.unbind()).bind(py).clone());
    }
    Ok(running)
}

async fn run(work: impl Future<Output = Answer>, cancelled: CancellationToken, errand: Errand) {
    let (works, fault) = (errand.works(), errand.fault());
    let answer = tokio::select! {
        biased;
        () = cancelled.cancelled() => return,
        () = works.closing.cancelled() => Answer::Failed(Failure::Closed),
        answer = AssertUnwindSafe(work).catch_unwind() => match answer {
            Ok(answer) => answer,
            Err(_) if fault == Fault::PanicNeverResolves => return,
            Err(panic) => Answer::Failed(Failure::Panic(message(panic.as_ref()))),
        },
    };
    errand.end(answer);
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}

/// The done callback of a future: it stops the work, which is over unless the future was cancelled.
#[pyclass(frozen)]
struct Stop {
    cancelled: CancellationToken,
    fault: Fault,
}

#[pymethods]
impl Stop {
    fn __call__(&self, py: Python<'_>, _future: &Bound<'_, PyAny>) {
        if self.fault == Fault::InterruptSwallowedIdle {
            interrupt::heed(py);
        }
        if self.fault != Fault::CancelIgnored {
            self.cancelled.cancel();
        }
    }
}
