//! What happens to one query between the pool and its answer?

use std::pin::pin;

use futures_util::TryStreamExt;
use tokio_postgres::types::ToSql;

use super::answer::Answer;
use super::connection::Connection;
use super::error::Error;
use super::json::{JsonRows, RowEncoder};
use super::lease::Lease;
use super::pool::Pool;

/// Runs `sql` and gives each row as JSON text.
pub async fn json_rows(pool: &Pool, sql: &str) -> Result<Answer, Error> {
    let lease = pool.lease().await?;
    let result = read_json(lease.connection(), sql).await;
    settle(lease, result).map(Answer::Json)
}

/// True if the server answers a query.
pub async fn health(pool: &Pool) -> Result<Answer, Error> {
    let lease = pool.lease().await?;
    let result = lease.connection().client.simple_query("SELECT 1").await;
    settle(lease, result.map_err(Error::from)).map(|_| Answer::Truth(true))
}

/// Gives the connection back if the server has finished with it; an error of our own making leaves rows unread, and
/// then the lease stops the query as it is dropped.
fn settle<T>(lease: Lease, result: Result<T, Error>) -> Result<T, Error> {
    if result.as_ref().err().is_none_or(Error::leaves_nothing_unread) {
        lease.release();
    }
    result
}

async fn read_json(connection: &Connection, sql: &str) -> Result<JsonRows, Error> {
    let statement = connection.prepare(sql).await?;
    let encoder = RowEncoder::new(statement.columns())?;
    let no_parameters: [&(dyn ToSql + Sync); 0] = [];
    let mut rows = pin!(connection.client.query_raw(&statement, no_parameters).await?);
    let mut json = JsonRows::default();
    while let Some(row) = rows.try_next().await? {
        encoder.append(&row, &mut json)?;
    }
    Ok(json)
}
