//! How is a running query stopped so that the connection serves the next one unharmed?
//!
//! PostgreSQL takes a cancel request on a second socket. A connection is clean only after two events. First, the server
//! has closed the second socket, which means that it has sent the signal. Second, the first socket has answered a
//! `Sync` that was sent later. tokio-postgres waits for neither.

use std::io;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::NoTls;

use super::connection::Connection;

/// If a query does not react to its cancellation within this time, its connection is closed.
pub const DEADLINE: Duration = Duration::from_secs(5);

/// How long the server may take before it is asked again. The time doubles with each attempt.
const PATIENCE: Duration = Duration::from_millis(25);

/// Stops the query that `connection` is running. Returns true once the server is ready for the next query and no
/// signal is on its way; false if the connection must not be used again.
pub async fn stop(connection: &Connection) -> bool {
    timeout(DEADLINE, ask_until_stopped(connection)).await.is_ok_and(|stopped| stopped.is_ok())
}

/// Asks repeatedly, because a backend forgets a signal that arrives between the messages of one query.
async fn ask_until_stopped(connection: &Connection) -> io::Result<()> {
    let mut patience = PATIENCE;
    loop {
        request_cancel(connection).await?;
        if let Ok(ready) = timeout(patience, ready(connection)).await {
            return ready;
        }
        patience *= 2;
    }
}

/// Sends the cancel request and waits until the server has acted on it.
async fn request_cancel(connection: &Connection) -> io::Result<()> {
    let mut socket = connection.peer.dial().await?;
    let token = connection.client().cancel_token();
    token.cancel_query_raw(&mut socket, NoTls).await.map_err(io::Error::other)?;
    match socket.read(&mut [0]).await {
        Err(error) if error.kind() != io::ErrorKind::ConnectionReset => Err(error),
        _ => Ok(()),
    }
}

/// Waits until the server has answered everything that was asked of it.
pub async fn ready(connection: &Connection) -> io::Result<()> {
    match connection.client().check_connection().await {
        // The signal hit the `Sync` itself, so it is used up.
        Err(error) if error.code() == Some(&SqlState::QUERY_CANCELED) => Ok(()),
        other => other.map_err(io::Error::other),
    }
}
