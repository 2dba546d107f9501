//! In which form does the caller want the rows? The rows of one statement → the answer in that form.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use futures_util::TryStreamExt;
use tokio_postgres::{Row, RowStream};

use super::answer::Answer;
use super::error::Error;
use super::json::{JsonRows, RowEncoder};
use super::python::{Records, RowDecoder};
use crate::bridge::Slice;

/// The form of the result that the caller wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    Json,
    Records,
    FirstRecord,
    FirstValue,
    Count,
}

/// The wanted form of the rows, with the converters that it needs.
pub enum Reader {
    Json(Arc<RowEncoder>),
    Records(Arc<RowDecoder>),
    First(Arc<RowDecoder>, fn(Arc<RowDecoder>, Option<Row>) -> Answer),
    Count,
}

impl Reader {
    pub fn new(
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

    /// How many rows it needs; `None` is all. The others need not be decoded.
    pub fn row_limit(&self) -> Option<usize> {
        match self {
            Self::Json(_) | Self::Records(_) => None,
            Self::First(..) => Some(1),
            Self::Count => Some(0),
        }
    }

    /// Reads to the end of the answer, where the server's errors may be: only then is the connection free.
    pub async fn read(self, rows: RowStream) -> Result<Answer, Error> {
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
                let (mut records, mut slice) = (Records::new(decoder), Slice::new());
                while let Some(row) = rows.try_next().await? {
                    if records.push(row, &mut slice) {
                        next_turn().await;
                        slice = Slice::new();
                    }
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

/// Ends this poll of the task. The next one comes when other tasks, and perhaps the loop, have had their turns.
async fn next_turn() {
    let mut has_waited = false;
    poll_fn(|context| {
        if has_waited {
            return Poll::Ready(());
        }
        has_waited = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
