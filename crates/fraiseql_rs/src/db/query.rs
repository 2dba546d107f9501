//! What happens to one query between the pool and its answer? Lease → prepare → encode the parameters → read the rows
//! in the form that was asked for → give the connection back.

use super::answer::Answer;
use super::arriving::Arriving;
use super::connection::Connection;
use super::error::{Error, Left};
use super::failure::Failure;
use super::lease::Lease;
use super::param::{self, Param};
use super::pool::Pool;
use super::reader::{Reader, Want};
use super::reset;
use super::sieve::Rows;
use super::sql;

/// A statement with its parameters.
#[derive(Debug)]
pub struct Query {
    pub sql: String,
    pub params: Vec<Param>,
    pub want: Want,
}

/// Runs the query on a connection of the pool.
pub async fn run(pool: &Pool, query: &Query) -> Result<Answer, Error> {
    if let Some(word) = sql::transaction_control(&query.sql) {
        return Err(Error::transaction_control(word));
    }
    let lease = pool.lease().await?;
    let connection = lease.connection();
    let mut result = if connection.changes.is_due() {
        // On the heap, so that a reset does not make every query's future larger.
        Box::pin(reset::ahead_of(connection, attempt(connection, query))).await
    } else {
        attempt(connection, query).await
    };
    if let Err(failure) = &result {
        if Box::pin(may_run_again(connection, &query.sql, failure)).await {
            result = Box::pin(attempt(connection, query)).await;
        }
    }
    match result {
        Ok(answer) if sql::deallocates(&query.sql) => {
            lease.discard();
            Ok(answer)
        }
        Ok(answer) => settle(lease, Left::Ready, Ok(answer)),
        // Such a statement may have changed the session and then failed. The server reports a change after the error.
        Err(failure) if failure.leaves() == Left::Ready && sql::commits_by_itself(&query.sql) => {
            let synced = Box::pin(connection.client.check_connection()).await;
            let left = synced.map_or_else(|cause| Error::from(cause).leaves(), |()| Left::Ready);
            settle(lease, left, Err(failure.error))
        }
        Err(failure) => settle(lease, failure.leaves(), Err(failure.error)),
    }
}

/// Runs the query on a connection that is held, whose session is as its caller left it.
pub async fn once(connection: &Connection, query: &Query) -> Result<Answer, Error> {
    // In a transaction nothing can run again: the failure has ended it.
    let may_repeat = connection.status.is_idle();
    let mut result = attempt(connection, query).await;
    if let Err(failure) = &result {
        if may_repeat && Box::pin(may_run_again(connection, &query.sql, failure)).await {
            result = Box::pin(attempt(connection, query)).await;
        }
    }
    result.map_err(|failure| failure.error)
}

/// Forgets the statement if it was prepared before the schema changed: its next run prepares it again. Returns true if
/// that run may be now, because the statement has done nothing yet.
async fn may_run_again(connection: &Connection, sql: &str, failure: &Failure) -> bool {
    let Connection { statements, client, .. } = connection;
    let Failure { error, .. } = failure;
    let is_outdated = if error.is_outdated_plan() {
        statements.forget(client, sql);
        true
    } else {
        error.may_come_from_outdated_types() && statements.relearn(client, sql).await.unwrap_or(false)
    };
    is_outdated && failure.allows_another_attempt()
}

/// True if the server answers a query.
pub async fn health(pool: &Pool) -> Result<Answer, Error> {
    let lease = pool.lease().await?;
    let result = lease.connection().client.simple_query("SELECT 1").await;
    let result = result.map(|_| Answer::Truth(true)).map_err(Error::from);
    let left = result.as_ref().err().map_or(Left::Ready, Error::leaves);
    settle(lease, left, result)
}

/// Gives the connection back in the state in which the result left it.
fn settle(lease: Lease, left: Left, result: Result<Answer, Error>) -> Result<Answer, Error> {
    match left {
        Left::Ready => lease.release(),
        // The lease stops the query, as if the caller had cancelled it.
        Left::Busy => drop(lease),
        Left::Broken => lease.discard(),
    }
    result
}

async fn attempt(connection: &Connection, query: &Query) -> Result<Answer, Failure> {
    let (reader, answer) = begin(connection, query).await.map_err(Failure::before_it_ran)?;
    reader.read(answer).await.map_err(Failure::while_it_ran)
}

/// Sends the statement. Returns once the server has bound the parameters and runs it.
async fn begin(connection: &Connection, query: &Query) -> Result<(Reader, Arriving), Error> {
    let prepared = connection.statements.prepare(&connection.client, &query.sql).await?;
    // This happens before the statement runs: the columns must be convertible. The parameters are encoded already.
    let reader = Reader::new(query.want, || prepared.encoder(), || prepared.decoder())?;
    let sent = param::encode(&query.params, prepared.statement.params())?;
    connection.changes.note(prepared.keeps_session);
    // tokio-postgres waits for `BindComplete` here. An error of a statement that runs comes with the rows.
    let rows = Rows::new(reader.row_limit());
    let _addressed = connection.recipient.set(&rows);
    let end = connection.client.query_raw(&prepared.statement, &sent).await?;
    Ok((reader, Arriving::new(rows, end)))
}
