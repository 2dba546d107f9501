//! How do rows come to their caller without an object for each? They are taken out of the bytes that the server sends,
//! before tokio-postgres reads them.
//!
//! tokio-postgres makes an object of every row, wakes its reader for it, and cannot skip rows and still report an error that
//! comes later. So its socket is a [`Sieve`], which looks at the headers of the messages and nothing else. Rows go straight
//! to the statement that wants them ([`Rows`]), and surplus ones nowhere.

mod messages;
mod rows;
mod strainer;

use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{ready, Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

pub use self::messages::Messages;
pub use self::rows::{Recipient, Rows};
use self::strainer::Strainer;
use super::encoding::Reports;
use super::status::Status;

/// How many bytes are read at once while rows are taken out.
const CHUNK: usize = 64 * 1024;

/// How many chunks of nothing but rows are read before other work gets its turn.
const CHUNKS_PER_TURN: usize = 16;

/// A socket to the server, without the rows that do not go to tokio-postgres.
pub struct Sieve<S> {
    socket: S,
    strainer: Strainer,
    /// Empty unless rows are taken out. The reader's own buffer may be small, since the reader takes it for full.
    chunk: Vec<u8>,
    /// The bytes of `chunk` that are still to be read.
    kept: Range<usize>,
}

impl<S> Sieve<S> {
    /// Wraps a socket from which nothing has been read.
    pub fn new(socket: S, recipient: Arc<Recipient>, reports: Reports, status: Status) -> Self {
        Self { socket, strainer: Strainer::new(recipient, reports, status), chunk: Vec::new(), kept: 0..0 }
    }

    /// Moves kept bytes to the reader. Returns false if there are none.
    fn deliver(&mut self, buffer: &mut ReadBuf<'_>) -> bool {
        if self.kept.is_empty() {
            return false;
        }
        let count = self.kept.len().min(buffer.remaining());
        let end = self.kept.start + count;
        buffer.put_slice(&self.chunk[self.kept.start..end]);
        self.kept.start = end;
        true
    }
}

impl<S: AsyncRead + Unpin> Sieve<S> {
    /// Reads straight into the reader's buffer. What comes begins with a byte that is kept.
    fn read_rows(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.chunk = Vec::new();
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(context, buffer))?;
        let kept = self.strainer.strain(&mut buffer.filled_mut()[before..]);
        buffer.set_filled(before + kept);
        Poll::Ready(Ok(()))
    }

    /// Reads the next chunk while rows are taken out. Returns the number of bytes, 0 at the end of the stream.
    fn read_chunk(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.chunk.resize(CHUNK, 0);
        let mut chunk = ReadBuf::new(&mut self.chunk);
        ready!(Pin::new(&mut self.socket).poll_read(context, &mut chunk))?;
        let count = chunk.filled().len();
        self.kept = 0..self.strainer.strain(chunk.filled_mut());
        Poll::Ready(Ok(count))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Sieve<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        for _ in 0..CHUNKS_PER_TURN {
            if self.deliver(buffer) {
                return Poll::Ready(Ok(()));
            }
            if !self.strainer.takes_rows() {
                return self.read_rows(context, buffer);
            }
            if ready!(self.read_chunk(context))? == 0 {
                return Poll::Ready(Ok(()));
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Sieve<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}
