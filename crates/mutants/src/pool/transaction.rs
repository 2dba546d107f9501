//! What is a transaction of the pool? It begins with its first query, keeps one connection, and ends by commit,
//! rollback, a cancelled query, or when it is dropped.

use std::mem;
use std::process;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use tokio::sync::Mutex;
use tokio_postgres::error::Severity;

use super::lease::Lease;
use super::python::{answer_of, parameters_of};
use super::statement;
use super::Inner;
use crate::answer::{Answer, Value};
use crate::bridge::{awaitable, Call};
use crate::error::Failure;
use crate::fault::Fault;

/// The SQLSTATE of a transaction whose outcome is unknown.
const UNKNOWN_OUTCOME: &str = "08007";

enum State {
    Unbegun,
    Open(Box<Lease>),
    Ended,
}

/// A transaction. It begins with its first query; dropped before `commit()`, it is rolled back.
#[pyclass(frozen, module = "bridge_mutants")]
pub struct Transaction {
    pool: Arc<Inner>,
    state: Arc<Mutex<State>>,
}

impl Transaction {
    pub fn new(pool: Arc<Inner>) -> Self {
        Self { pool, state: Arc::new(Mutex::new(State::Unbegun)) }
    }

    fn call(&self, py: Python<'_>) -> PyResult<Call> {
        if self.pool.pid != process::id() {
            let failure = Failure::of_pool("the transaction belongs to the process that began it");
            return Err(failure.into_error(py));
        }
        let (fault, works) = (self.pool.fault, Arc::clone(&self.pool.works));
        Ok(Call { fault, works, carried: None, is_tagged: true })
    }
}

#[pymethods]
impl Transaction {
    /// The rows of one statement, as a list of tuples.
    #[pyo3(signature = (sql, *parameters))]
    fn fetch<'py>(
        &self,
        py: Python<'py>,
        sql: String,
        parameters: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let parameters = parameters_of(parameters, self.pool.fault)?;
        let (pool, state, fault) = (Arc::clone(&self.pool), Arc::clone(&self.state), self.pool.fault);
        awaitable(py, self.call(py)?, |_, _| async move {
            let rows = async {
                statement::check(&sql)?;
                let mut state = state.lock().await;
                // If the query is cancelled, the lease is dropped, and the transaction has ended.
                let mut lease = begun(&pool, mem::replace(&mut *state, State::Ended)).await?;
                let rows = lease.query(&sql, &parameters).await;
                if lease.is_alive() {
                    *state = State::Open(lease);
                }
                rows
            };
            answer_of(rows.await, fault)
        })
    }

    /// Makes the changes last. An error with SQLSTATE 08007 says that the outcome is unknown.
    fn commit<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let (state, fault) = (Arc::clone(&self.state), self.pool.fault);
        awaitable(py, self.call(py)?, |_, _| async move {
            let mut state = state.lock().await;
            match mem::replace(&mut *state, State::Ended) {
                State::Unbegun => Answer::Nothing,
                State::Ended => Answer::Failed(ended()),
                State::Open(lease) => {
                    commit(lease, fault).await.map_or_else(Answer::Failed, |()| Answer::Nothing)
                }
            }
        })
    }

    /// Undoes the changes.
    fn rollback<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let (state, fault) = (Arc::clone(&self.state), self.pool.fault);
        awaitable(py, self.call(py)?, |_, _| async move {
            let mut state = state.lock().await;
            match mem::replace(&mut *state, State::Ended) {
                State::Unbegun => {}
                State::Ended => return Answer::Failed(ended()),
                State::Open(lease) if fault == Fault::RollbackCommits => {
                    return commit(lease, fault).await.map_or_else(Answer::Failed, |()| Answer::Nothing);
                }
                // What comes back inside a transaction is rolled back.
                State::Open(lease) => lease.release().await,
            }
            Answer::Nothing
        })
    }
}

fn ended() -> Failure {
    Failure::of_pool("the transaction has ended")
}

async fn begun(pool: &Arc<Inner>, state: State) -> Result<Box<Lease>, Failure> {
    match state {
        State::Open(lease) => Ok(lease),
        State::Ended => Err(ended()),
        State::Unbegun => {
            let mut lease = Box::new(pool.acquire().await?);
            lease.in_transaction = true;
            lease.execute("BEGIN").await?.map_err(|error| Failure::of_server(&error, pool.fault))?;
            Ok(lease)
        }
    }
}

async fn commit(mut lease: Box<Lease>, fault: Fault) -> Result<(), Failure> {
    if !lease.is_alive() {
        return Err(Failure::of_pool(
            "the connection was lost before COMMIT: the transaction is rolled back",
        ));
    }
    if lease.has_failed {
        // In a transaction that has failed, the server answers COMMIT by a rollback, without an error.
        let checked: Result<Vec<Vec<Value>>, Failure> = lease.query("SELECT 1", &[]).await;
        checked?;
    }
    let done = lease.execute("COMMIT").await?;
    let Err(error) = done else {
        lease.in_transaction = false;
        lease.release().await;
        return Ok(());
    };
    let severity = error.as_db_error().and_then(tokio_postgres::error::DbError::parsed_severity);
    if severity == Some(Severity::Error) {
        // The server has refused, which is an outcome.
        lease.release().await;
        if fault == Fault::CommitErrorSwallowed {
            return Ok(());
        }
        return Err(Failure::of_server(&error, fault));
    }
    if fault == Fault::CommitRetried {
        return Ok(());
    }
    let message =
        format!("the answer to COMMIT was lost, so it is unknown whether the changes last: {error}");
    let sqlstate = (fault != Fault::SqlstateLost).then(|| UNKNOWN_OUTCOME.to_owned());
    Err(Failure::Database { message, sqlstate })
}
