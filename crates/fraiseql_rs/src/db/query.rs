//! What happens to one query between the pool and its answer? Lease → prepare → encode the parameters → read the rows
//! in the form that was asked for → give the connection back.

use std::pin::pin;
use std::sync::Arc;

use futures_util::TryStreamExt;
use tokio_postgres::{Row, RowStream};

use super::answer::Answer;
use super::connection::Connection;
use super::error::{Error, Left};
use super::json::{JsonRows, RowEncoder};
use super::lease::Lease;
use super::param::{self, Param};
use super::pool::Pool;
use super::python::{Records, RowDecoder};
use super::sql;

/// The form of the result that the caller wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    Json,
    Records,
    FirstRecord,
    FirstValue,
    Count,
}

/// A statement with its parameters.
#[derive(Debug)]
pub struct Query {
    pub sql: String,
    pub params: Vec<Param>,
    pub want: Want,
}

/// Runs the query on a connection of the pool.
pub async fn run(pool: &Pool, query: &Query) -> Result<Answer, Error> {
    let mut lease = pool.lease().await?;
    let opens_transaction = sql::opens_transaction(&query.sql);
    if opens_transaction {
        lease.expect_transaction();
    }
    let connection = lease.connection();
    let mut result = attempt(connection, query).await;
    if let Err(error) = &result {
        // The first attempt did nothing, so with a second attempt the query still runs only once.
        if Box::pin(was_prepared_for_another_schema(connection, &query.sql, error)).await {
            result = Box::pin(attempt(connection, query)).await;
        }
    }
    match result {
        Ok(answer) if opens_transaction => Box::pin(end_transaction(lease)).await.map(|()| answer),
        Ok(answer) if sql::deallocates(&query.sql) => {
            lease.discard();
            Ok(answer)
        }
        // If a statement fails to open a transaction, no transaction is open.
        result => settle(lease, result),
    }
}

/// Ends an open transaction. The next query may run on any connection, so a transaction must not stay open on this
/// one and catch another caller's statements.
async fn end_transaction(lease: Lease) -> Result<(), Error> {
    // If this fails or is cancelled, the lease is dropped, and the lease tries again.
    lease.connection().client.batch_execute("ROLLBACK").await?;
    lease.release();
    Ok(())
}

/// Whether `error` may come from a statement that was prepared before the schema changed. If so, the statement is
/// forgotten, and the next attempt prepares it again.
async fn was_prepared_for_another_schema(connection: &Connection, sql: &str, error: &Error) -> bool {
    let Connection { statements, client, .. } = connection;
    if error.is_outdated_plan() {
        statements.forget(client, sql);
        return true;
    }
    // A statement that commits by itself may have done a part of its work, so it does not run again now. Its next run
    // knows the types.
    error.may_come_from_outdated_types()
        && statements.relearn(client, sql).await.unwrap_or(false)
        && !sql::commits_by_itself(sql)
}

/// True if the server answers a query.
pub async fn health(pool: &Pool) -> Result<Answer, Error> {
    let lease = pool.lease().await?;
    let result = lease.connection().client.simple_query("SELECT 1").await;
    settle(lease, result.map_err(Error::from)).map(|_| Answer::Truth(true))
}

/// Gives the connection back in the state in which the result left it.
fn settle<T>(lease: Lease, result: Result<T, Error>) -> Result<T, Error> {
    match result.as_ref().err().map_or(Left::Ready, Error::leaves) {
        Left::Ready => lease.release(),
        // The lease stops the query, as if the caller had cancelled it.
        Left::Busy => drop(lease),
        Left::Broken => lease.discard(),
    }
    result
}

async fn attempt(connection: &Connection, query: &Query) -> Result<Answer, Error> {
    let prepared = connection.statements.prepare(&connection.client, &query.sql).await?;
    // This happens before the statement runs: the columns must be convertible. The parameters are encoded already.
    let reader = Reader::new(query.want, || prepared.encoder(), || prepared.decoder())?;
    let sent = param::encode(&query.params, prepared.statement.params())?;
    let rows = connection.client.query_raw(&prepared.statement, &sent).await?;
    reader.read(rows).await
}

/// The wanted form of the rows, with the converters that it needs.
enum Reader {
    Json(Arc<RowEncoder>),
    Records(Arc<RowDecoder>),
    First(Arc<RowDecoder>, fn(Arc<RowDecoder>, Option<Row>) -> Answer),
    Count,
}

impl Reader {
    fn new(
        want: Want,
        encoder: impl FnOnce() -> Result<Arc<RowEncoder>, Error>,
        decoder: impl FnOnce() -> Result<Arc<RowDecoder>, Error>,
    ) -> Result<Self, Error> {
        Ok(match want {
            Want::Json => Self::Json(encoder()?),
            Want::Records => Self::Records(decoder()?),
            Want::FirstRecord => Self::First(decoder()?, Answer::Record),
            Want::FirstValue => Self::First(decoder()?, Answer::Value),
            Want::Count => Self::Count,
        })
    }

    /// Reads all rows, even those that are not kept: only then is the connection free.
    async fn read(self, rows: RowStream) -> Result<Answer, Error> {
        let mut rows = pin!(rows);
        match self {
            Self::Json(encoder) => {
                let mut json = JsonRows::default();
                while let Some(row) = rows.try_next().await? {
                    encoder.append(&row, &mut json)?;
                }
                Ok(Answer::Json(json))
            }
            Self::Records(decoder) => {
                let mut records = Records::new(decoder);
                while let Some(row) = rows.try_next().await? {
                    records.push(row);
                }
                Ok(Answer::Records(records))
            }
            Self::First(decoder, answer) => {
                let first = rows.try_next().await?;
                let mut has_more = first.is_some();
                while has_more {
                    has_more = rows.try_next().await?.is_some();
                }
                Ok(answer(decoder, first))
            }
            Self::Count => {
                while rows.try_next().await?.is_some() {}
                Ok(Answer::Count(rows.rows_affected().unwrap_or_default()))
            }
        }
    }
}
