//! Where does Rust's work run? On one Tokio thread, which never touches Python. A second thread, the courier, takes
//! the answers to the event loops. Each process makes both at its first use.

use std::future::Future;
use std::io;
use std::process;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{channel, Sender};
use std::sync::Arc;
use std::thread;

use pyo3::exceptions::{PyOSError, PyRuntimeError};
use pyo3::prelude::*;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::courier::{self, Delivery};
use crate::fault::Fault;
use crate::gate::Gate;
use crate::per_process::PerProcess;

static MACHINE: PerProcess<Machine> = PerProcess::new();

/// For `shortage-remembered`: a machine could not be made once.
static WAS_SHORT: AtomicBool = AtomicBool::new(false);

/// For `fork-never`: the process that used the module first; 0 if none has.
static FIRST: AtomicU32 = AtomicU32::new(0);

/// The threads of this process and what they share.
pub struct Machine {
    pub handle: Handle,
    /// All work and all upkeep of connections; the interpreter's exit waits for them.
    pub tasks: TaskTracker,
    /// Cancelled when the interpreter exits.
    pub leaving: CancellationToken,
    pub gate: Arc<Gate>,
    pub answers: Sender<Delivery>,
    /// The Tokio thread ends when this is dropped.
    _end: oneshot::Sender<()>,
}

impl Machine {
    /// Runs `work`, which must not touch Python.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn_on(work, &self.handle);
    }
}

/// The machine of this process, if it has been made.
pub fn made() -> Option<&'static Machine> {
    MACHINE.get()
}

/// The machine of this process. An error means that the process may open no more files or start no more threads; the
/// next call tries again.
pub fn of_this_process(fault: Fault) -> PyResult<&'static Machine> {
    if fault == Fault::ForkHangs {
        if let Some(machine) = MACHINE.first() {
            return Ok(machine);
        }
    }
    if fault == Fault::ForkNever {
        let own = process::id();
        let first =
            FIRST.compare_exchange(0, own, Ordering::SeqCst, Ordering::SeqCst).unwrap_or_else(|first| first);
        if first != 0 && first != own {
            return Err(PyRuntimeError::new_err("the module was used before the fork"));
        }
    }
    if fault == Fault::ShortageRemembered && WAS_SHORT.load(Ordering::SeqCst) {
        return Err(PyRuntimeError::new_err("the runtime could not be made"));
    }
    let machine = MACHINE.get_or_try_make(start).map_err(|error| {
        WAS_SHORT.store(true, Ordering::SeqCst);
        PyOSError::new_err(format!("the runtime cannot be started now: {error}"))
    })?;
    if machine.gate.is_closed() {
        return Err(PyRuntimeError::new_err("the interpreter is exiting"));
    }
    Ok(machine)
}

/// Tokio's own threads panic if the system gives none, so the one thread that drives the runtime is ours.
fn start() -> io::Result<Machine> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    let gate = Arc::new(Gate::default());
    let (answers, queue) = channel();
    let courier_gate = Arc::clone(&gate);
    // If a later step fails, the queue's sender is dropped, and the courier ends.
    thread::Builder::new()
        .name("mutants-courier".into())
        .spawn(move || courier::run(&queue, &courier_gate))?;
    let (end, ended) = oneshot::channel::<()>();
    thread::Builder::new().name("mutants-tokio".into()).spawn(move || {
        // An error says that the sender was dropped, which is the end that is meant.
        let _ = runtime.block_on(ended);
    })?;
    Ok(Machine {
        handle,
        tasks: TaskTracker::new(),
        leaving: CancellationToken::new(),
        gate,
        answers,
        _end: end,
    })
}
