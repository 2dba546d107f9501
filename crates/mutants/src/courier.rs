//! How does an answer get from Rust to its event loop? The courier, one thread, makes the objects and asks each
//! answer's loop to resolve its future. A loop that is closed wants no answer, so the answer is dropped.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use crate::answer::Answer;
use crate::fault::{every, Fault};
use crate::gate::Gate;
use crate::machine::Machine;
use crate::works::{AtWork, Works};
use crate::{interrupt, leak, resolve};

/// How many answers the courier delivers before it lets go of the interpreter.
const ROUND: usize = 64;

/// For `gil-taken-often`: how often a completion takes the GIL. Beside a thread that computes, each time takes 5 ms.
const STEPS: usize = 64;

/// For `wake-up-lost` and `answers-crossed`.
static ANSWERS: AtomicUsize = AtomicUsize::new(0);

/// For `answers-crossed`: the answer of another caller.
static OTHER: Mutex<Option<Py<PyAny>>> = Mutex::new(None);

/// For `lock-held`: the lock that is held while Python code runs.
static LOCK: Mutex<()> = Mutex::new(());

/// Takes the module's lock, if the fault is that there is one.
pub fn lock(fault: Fault) -> Option<MutexGuard<'static, ()>> {
    (fault == Fault::LockHeld).then(|| LOCK.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Where an answer goes, and the Python objects that the work needs. Only threads that are attached release it.
pub struct Ticket {
    pub event_loop: Py<PyAny>,
    pub future: Py<PyAny>,
    pub carried: Option<Py<PyAny>>,
    pub works: Arc<Works>,
    pub fault: Fault,
    /// True if the answer is the caller's own: `answers-crossed` mixes up such answers alone.
    pub is_tagged: bool,
}

/// A ticket and its answer; without one, the ticket is only released.
pub struct Delivery {
    pub ticket: Arc<Ticket>,
    pub answer: Option<Answer>,
}

/// One operation in Rust. Dropped without an answer, it is abandoned: its future stays as it is.
pub struct Errand {
    machine: &'static Machine,
    ticket: Arc<Ticket>,
    at_work: Option<AtWork>,
    answer: Option<Answer>,
}

impl Errand {
    pub fn new(machine: &'static Machine, ticket: Arc<Ticket>) -> Self {
        let at_work = Some(ticket.works.begin(ticket.fault));
        Self { machine, ticket, at_work, answer: None }
    }

    pub fn works(&self) -> Arc<Works> {
        Arc::clone(&self.ticket.works)
    }

    pub fn fault(&self) -> Fault {
        self.ticket.fault
    }

    pub fn end(mut self, answer: Answer) {
        self.answer = Some(answer);
    }
}

impl Drop for Errand {
    fn drop(&mut self) {
        // The work is over before anyone hears of it.
        drop(self.at_work.take());
        if self.answer.is_none() {
            leak::on_cancel(self.ticket.fault);
        }
        let delivery = Delivery { ticket: Arc::clone(&self.ticket), answer: self.answer.take() };
        // The courier lives as long as the machine does.
        let _ = self.machine.answers.send(delivery);
    }
}

/// Delivers until the queue is gone.
pub fn run(queue: &Receiver<Delivery>, gate: &Gate) {
    while let Ok(first) = queue.recv() {
        gate.attach(move |py| {
            let mut batch = vec![first];
            batch.extend(queue.try_iter().take(ROUND));
            let batch = if batch[0].ticket.fault == Fault::InterruptSwallowedUnderLoad {
                interrupt::deliver_at_once(py, batch)
            } else {
                batch
            };
            for delivery in batch {
                // A panic is a defect of this module, and must not end the deliveries of all others.
                let _ = catch_unwind(AssertUnwindSafe(|| deliver(py, delivery)));
            }
        });
    }
}

fn deliver(py: Python<'_>, delivery: Delivery) {
    let Delivery { ticket, answer } = delivery;
    if let Some((value, is_error)) = answer.and_then(|answer| convert(py, &ticket, answer)) {
        // An error says that the loop is closed.
        let _ = resolve::function(py).and_then(|resolve| {
            let arguments = (resolve, ticket.future.bind(py), value, is_error);
            ticket.event_loop.bind(py).call_method1(pyo3::intern!(py, "call_soon_threadsafe"), arguments)
        });
    }
    // With this fault, finalisers run under the lock.
    let _lock = lock(ticket.fault);
    drop(ticket);
}

/// The object that resolves the future, and whether it is an exception; `None` if nothing is to be delivered.
pub fn convert(py: Python<'_>, ticket: &Ticket, answer: Answer) -> Option<(Py<PyAny>, bool)> {
    let fault = ticket.fault;
    if fault == Fault::WakeUpLost && every(&ANSWERS, 5_000) {
        return None;
    }
    if fault == Fault::GilHog {
        let end = Instant::now() + Duration::from_millis(50);
        while Instant::now() < end {}
    }
    if fault == Fault::GilTakenOften {
        // A thread that waits for the GIL needs a moment to take it.
        (0..STEPS).for_each(|_| py.detach(|| thread::sleep(Duration::from_micros(20))));
    }
    let made = {
        let _lock = lock(fault);
        answer.into_python(py, ticket.carried.as_ref())
    };
    Some(match made {
        Ok(value) if fault == Fault::AnswersCrossed && ticket.is_tagged => (crossed(py, value), false),
        Ok(value) => (value, false),
        Err(error) => {
            leak::on_error(fault);
            (error.into_value(py).into_any(), true)
        }
    })
}

/// The caller's own answer, or at every 2,000th that of another caller.
fn crossed(py: Python<'_>, own: Py<PyAny>) -> Py<PyAny> {
    let mut other = OTHER.lock().unwrap_or_else(PoisonError::into_inner);
    let before = other.replace(own.clone_ref(py));
    drop(other);
    match before {
        Some(before) if every(&ANSWERS, 2_000) => before,
        _ => own,
    }
}
