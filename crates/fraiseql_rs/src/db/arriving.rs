//! What has come of an answer, and is it over? The rows of the sieve, and the end that tokio-postgres sees.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::TryStream;
use tokio_postgres::RowStream;

use super::error::{Error, Kind};
use super::sieve::Rows;

/// The answer to one statement, while it comes.
pub struct Arriving {
    rows: Arc<Rows>,
    /// Its rows are in `rows`, so it tells the end alone.
    end: Pin<Box<RowStream>>,
    is_over: bool,
}

impl Arriving {
    pub fn new(rows: Arc<Rows>, end: RowStream) -> Self {
        Self { rows, end: Box::pin(end), is_over: false }
    }

    /// Waits for bytes of further rows. `None` is the end of the answer, before which the server's errors may come: only then
    /// is the connection free.
    pub async fn more(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let piece = poll_fn(|context| self.poll(context)).await?;
        Ok((!piece.is_empty()).then_some(piece))
    }

    /// The number in the command's tag, after the end.
    pub fn rows_affected(&self) -> u64 {
        self.end.rows_affected().unwrap_or_default()
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Vec<u8>, Error>> {
        // First the end, for no row comes behind it.
        if !self.is_over {
            match self.end.as_mut().try_poll_next(context) {
                Poll::Ready(Some(Ok(_))) => {
                    return Poll::Ready(Err(Error::new(Kind::Internal, "a row has come past the sieve")))
                }
                Poll::Ready(Some(Err(cause))) => return Poll::Ready(Err(cause.into())),
                Poll::Ready(None) => self.is_over = true,
                Poll::Pending => {}
            }
        }
        let piece = self.rows.take(context);
        if piece.is_empty() && !self.is_over {
            return Poll::Pending;
        }
        Poll::Ready(Ok(piece))
    }
}
