//! What does Python see of the pool? Each method gives an awaitable; conversions are made where Python is attached.

use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use tokio_postgres::Config;

use super::parameter::Parameter;
use super::transaction::Transaction;
use super::{statement, Inner};
use crate::answer::{Answer, Value};
use crate::bridge::{awaitable, Call};
use crate::courier::lock;
use crate::error::Failure;
use crate::fault::Fault;
use crate::machine;
use crate::per_process::PerProcess;

/// A pool of at most `size` connections, each opened when it is needed.
///
/// `fault` names what is broken; see `faults()`. Without one, nothing is.
#[pyclass(frozen, module = "bridge_mutants")]
pub struct Pool {
    config: Config,
    size: usize,
    fault: Fault,
    inner: PerProcess<Arc<Inner>>,
}

impl Pool {
    /// The pool of this process: a forked child gets connections of its own.
    fn inner(&self) -> PyResult<Arc<Inner>> {
        let machine = machine::of_this_process(self.fault)?;
        let make = || PyResult::Ok(Arc::new(Inner::new(self.config.clone(), self.size, self.fault, machine)));
        self.inner.get_or_try_make(make).map(Arc::clone)
    }
}

fn call(inner: &Inner) -> Call {
    Call { fault: inner.fault, works: Arc::clone(&inner.works), carried: None, is_tagged: true }
}

#[pymethods]
impl Pool {
    #[new]
    #[pyo3(signature = (dsn, size, fault=None))]
    fn new(dsn: &str, size: usize, fault: Option<&str>) -> PyResult<Self> {
        let config =
            dsn.parse().map_err(|error| PyValueError::new_err(format!("the DSN is wrong: {error}")))?;
        if !(1..=10_000).contains(&size) {
            return Err(PyValueError::new_err("the size of a pool is between 1 and 10,000"));
        }
        Ok(Self { config, size, fault: Fault::parse(fault)?, inner: PerProcess::new() })
    }

    /// The rows of one statement, as a list of tuples.
    #[pyo3(signature = (sql, *parameters))]
    fn fetch<'py>(
        &self,
        py: Python<'py>,
        sql: String,
        parameters: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let parameters = parameters_of(parameters, self.fault)?;
        let (inner, fault) = (self.inner()?, self.fault);
        awaitable(
            py,
            call(&inner),
            |_, _| async move { answer_of(fetch(&inner, &sql, &parameters).await, fault) },
        )
    }

    /// A transaction, which begins with its first query.
    fn transaction(&self) -> PyResult<Transaction> {
        self.inner().map(Transaction::new)
    }

    /// The pool's size, and how many of its places are free. A place is free again once its session is reset.
    fn status(&self) -> (usize, usize) {
        drop(lock(self.fault));
        let free = self.inner.get().map_or(self.size, |inner| inner.places.available_permits());
        (self.size, free)
    }

    /// How many operations of this object are at work in Rust now.
    fn working(&self) -> usize {
        self.inner.get().map_or(0, |inner| inner.works.at_work())
    }

    /// Refuses new queries, and waits up to five seconds for connections in use.
    fn close<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let inner = self.inner()?;
        awaitable(py, call(&inner), |_, _| async move {
            inner.close().await;
            Answer::Nothing
        })
    }

    /// The id of the fault, or None.
    #[getter]
    fn fault(&self) -> Option<&'static str> {
        self.fault.id()
    }
}

async fn fetch(inner: &Arc<Inner>, sql: &str, parameters: &[Parameter]) -> Result<Vec<Vec<Value>>, Failure> {
    if !matches!(inner.fault, Fault::BeginUndone | Fault::TransactionLeftOpen) {
        statement::check(sql)?;
    }
    let mut lease = inner.acquire().await?;
    let mut rows = lease.query(sql, parameters).await;
    if inner.fault == Fault::StatementResent && rows.is_err() && !lease.is_alive() {
        lease.release().await;
        lease = inner.acquire().await?;
        rows = lease.query(sql, parameters).await;
    }
    lease.release().await;
    rows
}

/// Reading a parameter may run Python code.
pub fn parameters_of(parameters: &Bound<'_, PyTuple>, fault: Fault) -> PyResult<Vec<Parameter>> {
    let _lock = lock(fault);
    parameters.iter().map(|parameter| Parameter::of(&parameter)).collect()
}

/// The answer to a query.
pub fn answer_of(rows: Result<Vec<Vec<Value>>, Failure>, fault: Fault) -> Answer {
    match rows {
        Ok(rows) => Answer::Rows(rows),
        Err(_) if fault == Fault::ErrorSwallowed => Answer::Rows(Vec::new()),
        Err(failure) => Answer::Failed(failure),
    }
}
