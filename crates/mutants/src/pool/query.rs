//! How does one statement become rows, on a connection that is given? Nothing here asks for a second connection.

use std::future::pending;
use std::pin::pin;

use futures_util::StreamExt;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Error, Row};

use super::connection::Connection;
use super::memory::Memory;
use super::parameter::Parameter;
use super::{decode, prepared};
use crate::answer::Value;
use crate::error::Failure;
use crate::fault::Fault;

/// For `row-lost`: how many rows come together.
const BATCH: usize = 1_000;

/// Sends the statement, once, and waits for its rows.
pub async fn send(
    connection: &Connection,
    sql: &str,
    parameters: &[Parameter],
    fault: Fault,
) -> Result<Vec<Row>, Error> {
    let client = connection.client();
    if prepared::is_kept(sql, fault) {
        let name = connection.prepared.name(client, sql, fault).await?;
        return prepared::execute(client, &name, parameters).await;
    }
    if fault == Fault::LateErrorSwallowed {
        return until_error(connection, sql, parameters).await;
    }
    let typed: Vec<_> = parameters.iter().map(Parameter::typed).collect();
    let answer = client.query_typed(sql, &typed).await;
    match (&answer, fault) {
        (Err(error), Fault::LostConnectionHangs) if error.is_closed() => pending().await,
        (Err(error), Fault::LostConnectionSwallowed) if error.is_closed() => Ok(Vec::new()),
        (Err(error), Fault::ShutdownSwallowed) if error.code() == Some(&SqlState::ADMIN_SHUTDOWN) => {
            Ok(Vec::new())
        }
        _ => answer,
    }
}

/// For `late-error-swallowed`: the rows before an error; an error before the first row is one.
async fn until_error(
    connection: &Connection,
    sql: &str,
    parameters: &[Parameter],
) -> Result<Vec<Row>, Error> {
    let typed = parameters.iter().map(Parameter::typed);
    let mut answer = pin!(connection.client().query_typed_raw(sql, typed).await?);
    let mut rows = Vec::new();
    while let Some(row) = answer.next().await {
        match row {
            Ok(row) => rows.push(row),
            Err(error) if rows.is_empty() => return Err(error),
            Err(_) => break,
        }
    }
    Ok(rows)
}

/// The values of the rows that came as the answer to `sql`.
pub fn decoded(sql: &str, rows: &[Row], fault: Fault, memory: &Memory) -> Result<Vec<Vec<Value>>, Failure> {
    let Some(first) = rows.first() else { return Ok(Vec::new()) };
    let mut types: Vec<Type> = first.columns().iter().map(|column| column.type_().clone()).collect();
    match fault {
        Fault::ColumnsRemembered => types = memory.columns(sql, types),
        Fault::TypesRemembered => memory.check_numbers(rows)?,
        _ => {}
    }
    let decoded = decode::rows(rows, &types)?;
    Ok(match fault {
        Fault::RowsCrossed => memory.crossed(decoded),
        Fault::RowLost if decoded.len() > BATCH => {
            let numbered = (1..).zip(decoded);
            numbered.filter(|(number, _)| number % BATCH != 0).map(|(_, row)| row).collect()
        }
        _ => decoded,
    })
}
