//! What is a transaction in Python? A block of ``async with``; [`super::transaction`] does the work.

use std::sync::{Arc, Mutex};

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::answer::{Answer, Outcome};
use super::error::Error;
use super::held::Held;
use super::lock::locked;
use super::transaction::{Begin, Ending, Open};
use crate::bridge::{Bridge, Entry, Handover};

/// How far a transaction has come. It goes this way once.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    New,
    Entering,
    /// A transaction of this level is open.
    Open(usize),
    Over,
}

/// A transaction on a connection, for ``async with``; see ``Connection.transaction``.
#[pyclass(frozen, module = "fraiseql._fraiseql_rs")]
pub struct Transaction {
    held: Held,
    bridge: Arc<Bridge>,
    begin: Begin,
    stage: Arc<Mutex<Stage>>,
}

impl Transaction {
    pub fn new(held: Held, bridge: Arc<Bridge>, begin: Begin) -> Self {
        Self { held, bridge, begin, stage: Arc::default() }
    }

    /// Begins to enter it. Returns false if it was entered before.
    fn enters(&self) -> bool {
        let mut stage = locked(&self.stage);
        let is_new = *stage == Stage::New;
        if is_new {
            *stage = Stage::Entering;
        }
        is_new
    }

    /// Leaves it. Returns its level, if it is open.
    fn leaves(&self) -> Option<usize> {
        let mut stage = locked(&self.stage);
        let Stage::Open(level) = *stage else { return None };
        *stage = Stage::Over;
        Some(level)
    }
}

#[pymethods]
impl Transaction {
    fn __aenter__(&self, py: Python<'_>) -> PyResult<Entry> {
        self.bridge.claim()?;
        if !self.enters() {
            return Err(
                Error::usage("a transaction can be entered once; make another one").into_exception(py)
            );
        }
        let (begin, stage) = (self.begin.clone(), Arc::clone(&self.stage));
        let turn = self.held.queue();
        let entered = async move {
            let open = Open::begin(turn.await, &begin).await?;
            Ok(Answer::Begun(Begun { open, stage }))
        };
        let awaitable = self.bridge.awaitable(py, Outcome::of(entered))?;
        Entry::new(awaitable)
    }

    #[pyo3(signature = (exception=None, *_details))]
    fn __aexit__<'py>(
        &self,
        py: Python<'py>,
        exception: Option<&Bound<'py, PyAny>>,
        _details: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.bridge.claim()?;
        let Some(level) = self.leaves() else {
            return Err(Error::usage("the transaction is not open").into_exception(py));
        };
        let ending = Ending::new(&self.held, level);
        self.bridge.awaitable(py, Outcome::of_nothing(ending.run(exception.is_none())))
    }
}

/// A transaction whose caller does not know yet that it has begun.
pub struct Begun {
    open: Open,
    stage: Arc<Mutex<Stage>>,
}

impl Handover for Begun {
    fn take(self: Box<Self>, py: Python<'_>) -> PyResult<Py<PyAny>> {
        *locked(&self.stage) = Stage::Open(self.open.into_level());
        Ok(py.None())
    }
}
