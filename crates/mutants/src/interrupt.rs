//! How do the two faults swallow Ctrl-C? One ignores SIGINT while `slow()` is at work. The other delivers answers in
//! batches: the callback of a batch swallows what a signal's handler raises, and ignores SIGINT until the load is over.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::courier::{convert, Delivery};
use crate::resolve;

/// The handler of SIGINT that is out of use meanwhile.
static HANDLER: Mutex<Option<Py<PyAny>>> = Mutex::new(None);

/// When the latest batch came.
static LATEST: Mutex<Option<Instant>> = Mutex::new(None);

/// A load is over when no answer has come for that long.
const LULL: Duration = Duration::from_millis(100);

/// Ignores SIGINT. Only the main thread may do that; elsewhere nothing happens.
pub fn ignore(py: Python<'_>) {
    if HANDLER.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
        return;
    }
    let before = py.import("signal").and_then(|signal| {
        let arguments = (signal.getattr("SIGINT")?, signal.getattr("SIG_IGN")?);
        signal.call_method1("signal", arguments)
    });
    if let Ok(before) = before {
        *HANDLER.lock().unwrap_or_else(PoisonError::into_inner) = Some(before.unbind());
    }
}

/// Puts the handler back.
pub fn heed(py: Python<'_>) {
    let handler = HANDLER.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(handler) = handler {
        // The main thread has ignored SIGINT, and its loop calls this.
        let _ = py.import("signal").and_then(|signal| {
            let arguments = (signal.getattr("SIGINT")?, handler);
            signal.call_method1("signal", arguments)
        });
    }
}

/// Delivers all answers of `batch` to the loop of the first by one callback. Returns those of other loops.
pub fn deliver_at_once(py: Python<'_>, batch: Vec<Delivery>) -> Vec<Delivery> {
    let event_loop = batch[0].ticket.event_loop.clone_ref(py);
    let (own, others): (Vec<_>, Vec<_>) =
        batch.into_iter().partition(|delivery| delivery.ticket.event_loop.is(&event_loop));
    let answers = PyList::empty(py);
    for Delivery { ticket, answer } in own {
        if let Some((value, is_error)) = answer.and_then(|answer| convert(py, &ticket, answer)) {
            // A list takes everything unless memory is short.
            let _ = answers.append((ticket.future.bind(py), value, is_error));
        }
    }
    let is_over = !is_loaded(answers.len());
    let _ = wrap_pyfunction!(resolve_all, py).and_then(|resolve_all| {
        event_loop.bind(py).call_method1("call_soon_threadsafe", (resolve_all, answers, is_over))
    });
    others
}

/// Whether answers come so fast that the loop is under load.
fn is_loaded(answers: usize) -> bool {
    let now = Instant::now();
    let before = LATEST.lock().unwrap_or_else(PoisonError::into_inner).replace(now);
    answers > 1 || before.is_some_and(|before| now - before < LULL)
}

/// The callback that swallows signals.
#[pyfunction]
fn resolve_all(py: Python<'_>, answers: Vec<(Py<PyAny>, Py<PyAny>, bool)>, is_over: bool) {
    if is_over {
        heed(py);
    } else if answers.len() > 1 {
        ignore(py);
    }
    if py.check_signals().is_err() {
        return;
    }
    for (future, value, is_error) in answers {
        // A future that is done refuses; what a handler raises is swallowed with that.
        let _ = resolve::set(future.bind(py), value.bind(py), is_error);
    }
}
