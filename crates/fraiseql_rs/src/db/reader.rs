//! In which form does the caller want the rows? The rows of one statement → the answer in that form.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use super::answer::Answer;
use super::arriving::Arriving;
use super::error::Error;
use super::json::{JsonRows, RowEncoder};
use super::python::{Records, RowDecoder};
use super::sieve::Messages;
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
    First(Arc<RowDecoder>, fn(Arc<RowDecoder>, Option<Vec<u8>>) -> Answer),
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

    /// How many rows it needs; `None` is all. The others need not be kept.
    pub fn row_limit(&self) -> Option<usize> {
        match self {
            Self::Json(_) | Self::Records(_) => None,
            Self::First(..) => Some(1),
            Self::Count => Some(0),
        }
    }

    /// Reads to the end of the answer, where the server's errors may be: only then is the connection free.
    pub async fn read(self, mut answer: Arriving) -> Result<Answer, Error> {
        match self {
            Self::Json(encoder) => json(&encoder, answer).await.map(Answer::Json),
            Self::Records(decoder) => records(decoder, answer).await.map(Answer::Records),
            Self::First(decoder, first) => {
                let row = first_row(decoder.width(), answer).await?;
                Ok(first(decoder, row))
            }
            Self::Count => {
                while answer.more().await?.is_some() {}
                Ok(Answer::Count(answer.rows_affected()))
            }
        }
    }
}

async fn json(encoder: &RowEncoder, mut answer: Arriving) -> Result<JsonRows, Error> {
    let (mut json, mut rows) = (JsonRows::default(), Messages::new(encoder.width()));
    while let Some(piece) = answer.more().await? {
        rows.add(piece)?;
        let mut slice = Slice::new();
        while let Some(row) = rows.next() {
            encoder.append(row, &mut json)?;
            if slice.is_over_after(1) {
                next_turn().await;
                slice = Slice::new();
            }
        }
    }
    Ok(json)
}

async fn records(decoder: Arc<RowDecoder>, mut answer: Arriving) -> Result<Records, Error> {
    let mut records = Records::new(decoder);
    while let Some(piece) = answer.more().await? {
        records.add(piece)?;
        let mut slice = Slice::new();
        while records.make_if_attached(&mut slice) {
            next_turn().await;
            slice = Slice::new();
        }
    }
    Ok(records)
}

/// The fields of the first row, if there is one.
async fn first_row(columns: usize, mut answer: Arriving) -> Result<Option<Vec<u8>>, Error> {
    let (mut first, mut rows) = (None, Messages::new(columns));
    while let Some(piece) = answer.more().await? {
        rows.add(piece)?;
        first = first.or_else(|| rows.next().map(|row| row.rest().to_vec()));
    }
    Ok(first)
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
