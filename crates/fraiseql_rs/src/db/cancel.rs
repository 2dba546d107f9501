//! How is a running query stopped so that the connection serves the next one unharmed?
//!
//! PostgreSQL takes a cancel request on a second socket and signals the backend, whatever it is doing by then. So a
//! connection is clean only after both: the server has closed the second socket (it has sent the signal), and the
//! first one has answered a `Sync` sent later (the backend has taken the signal, and the query's `ReadyForQuery` lies
//! behind). tokio-postgres waits for neither.

use std::io;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::NoTls;

use super::connection::Connection;

/// A query that does not react to its cancellation within this time loses its connection.
const DEADLINE: Duration = Duration::from_secs(5);

/// How long the server has to get ready before the request is sent again; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Stops whatever `connection` is doing. True once the server is ready for the next query and no signal is on its
/// way; false if the connection must not be used again.
pub async fn stop(connection: &Connection) -> bool {
    timeout(DEADLINE, stop_again(connection)).await.is_ok_and(|stopped| stopped.is_ok())
}

/// A request that overtakes its query finds an idle backend and is spent on nothing: so it is repeated until the
/// server is ready. Each repetition is followed by a `Sync` of its own, which takes its signal.
async fn stop_again(connection: &Connection) -> io::Result<()> {
    let mut pause = FIRST_PAUSE;
    loop {
        request_cancel(connection).await?;
        if let Ok(answered) = timeout(pause, ready(connection)).await {
            return answered;
        }
        pause *= 2;
    }
}

/// Sends the cancel request and waits until the server has acted on it.
async fn request_cancel(connection: &Connection) -> io::Result<()> {
    let mut socket = connection.peer.dial_again().await?;
    let token = connection.client.cancel_token();
    token.cancel_query_raw(&mut socket, NoTls).await.map_err(io::Error::other)?;
    // The server answers nothing; it closes the socket when the signal is sent (libpq's PQcancel waits for the same).
    match socket.read(&mut [0]).await {
        Err(error) if error.kind() != io::ErrorKind::ConnectionReset => Err(error),
        _ => Ok(()),
    }
}

/// Waits until the server has answered everything that was asked of it.
async fn ready(connection: &Connection) -> io::Result<()> {
    match connection.client.check_connection().await {
        // The signal met the `Sync` itself: it is spent.
        Err(error) if error.code() == Some(&SqlState::QUERY_CANCELED) => Ok(()),
        other => other.map_err(io::Error::other),
    }
}
