//! How does a connection keep its statements, for the two faults that keep them? By `PREPARE`, once for each text, and
//! then by `EXECUTE`, whose plan the server refuses to adapt to other columns.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error, Row};

use super::parameter::Parameter;
use super::statement::first_word;
use crate::fault::Fault;

/// What the server can prepare.
const KINDS: [&str; 6] = ["SELECT", "INSERT", "UPDATE", "DELETE", "VALUES", "WITH"];

/// How many names were given in this process.
static NAMES: AtomicUsize = AtomicUsize::new(0);

/// The name of each statement of one connection, by its text.
#[derive(Default)]
pub struct Prepared(Mutex<HashMap<String, String>>);

impl Prepared {
    fn names(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The name of a new statement; with `statement-names-shared`, each connection counts its own.
    fn new_name(&self, fault: Fault) -> String {
        let own = self.names().len();
        let number =
            if fault == Fault::StatementNamesShared { own } else { NAMES.fetch_add(1, Ordering::SeqCst) };
        format!("mutants_{number}")
    }

    /// Prepares the statement, unless the connection has. A name that the server knows is taken for prepared.
    pub async fn name(&self, client: &Client, sql: &str, fault: Fault) -> Result<String, Error> {
        let known = self.names().get(sql).cloned();
        if let Some(name) = known {
            return Ok(name);
        }
        let name = self.new_name(fault);
        match client.batch_execute(&format!("PREPARE {name} AS {sql}")).await {
            Err(error) if error.code() != Some(&SqlState::DUPLICATE_PSTATEMENT) => return Err(error),
            _ => {}
        }
        self.names().insert(sql.to_owned(), name.clone());
        Ok(name)
    }
}

/// Whether the statement is kept: a text with a comment is taken for one that does not come again.
pub fn is_kept(sql: &str, fault: Fault) -> bool {
    matches!(fault, Fault::StatementsKept | Fault::StatementNamesShared)
        && KINDS.contains(&first_word(sql).to_ascii_uppercase().as_str())
        && !sql.contains("/*")
}

/// The rows of a prepared statement.
pub async fn execute(client: &Client, name: &str, parameters: &[Parameter]) -> Result<Vec<Row>, Error> {
    let literals: Vec<_> = parameters.iter().map(Parameter::literal).collect();
    let arguments = if literals.is_empty() { String::new() } else { format!("({})", literals.join(", ")) };
    client.query_typed(&format!("EXECUTE {name}{arguments}"), &[]).await
}
