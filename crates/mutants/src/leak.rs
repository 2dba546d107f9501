//! What is leaked by the faults that leak memory, references or threads? One function per occasion.

use std::hint::black_box;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use pyo3::prelude::*;

use crate::fault::Fault;
use crate::resolve;

/// How many bytes are leaked at a time.
const SIZE: usize = 200;

/// Keeps itself alive.
struct Cycle {
    me: Mutex<Option<Arc<Cycle>>>,
    _buffer: [u8; SIZE],
}

/// What each call leaks. `future` is what the call returns.
pub fn per_call(fault: Fault, future: &Bound<'_, PyAny>) {
    match fault {
        Fault::ArcCycle => {
            let cycle = Arc::new(Cycle { me: Mutex::new(None), _buffer: [1; SIZE] });
            *cycle.me.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&cycle));
            black_box(&cycle);
        }
        Fault::ReferenceLeaked => mem::forget(future.clone().unbind()),
        // The module keeps that function anyway, so only the count of its references grows.
        Fault::LivingReferenceLeaked => mem::forget(resolve::function(future.py())),
        Fault::BytesLeaked => bytes(),
        Fault::ThreadPerCall => {
            // A system without another thread leaks none.
            let _ = thread::Builder::new().spawn(|| loop {
                thread::park();
            });
        }
        _ => {}
    }
}

pub fn on_error(fault: Fault) {
    if fault == Fault::BytesLeakedOnError {
        bytes();
    }
}

pub fn on_cancel(fault: Fault) {
    if fault == Fault::BytesLeakedOnCancel {
        bytes();
    }
}

fn bytes() {
    mem::forget(black_box(vec![1_u8; SIZE]));
}
