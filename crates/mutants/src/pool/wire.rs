//! What do three faults make of the bytes that a server sends? A socket that hands them on, except for what they break.

use std::io;
use std::pin::Pin;
use std::task::{ready, Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::connection::Socket;
use crate::fault::Fault;

/// A message of the server begins with one letter and the length of the rest.
const HEADER: usize = 5;

/// What the server says first where it asks for a login by SCRAM: `R`, a length, and the number 10.
const SCRAM: u32 = 10;

/// The socket under a connection with this fault.
pub fn under(socket: Box<dyn Socket>, fault: Fault) -> Box<dyn Socket> {
    match fault {
        Fault::EndUnnoticed | Fault::HeaderInOneRead | Fault::ScramUnknown => {
            Box::new(Wire { socket, fault, skipped: 0 })
        }
        _ => socket,
    }
}

struct Wire {
    socket: Box<dyn Socket>,
    fault: Fault,
    /// For `header-in-one-read`: how many bytes come before the next header.
    skipped: usize,
}

impl Socket for Wire {}

impl Wire {
    /// Follows the messages. An error says that a header is not whole.
    fn follow(&mut self, mut read: &[u8]) -> io::Result<()> {
        while self.skipped < read.len() {
            read = &read[self.skipped..];
            let header = read.first_chunk::<HEADER>();
            let [_, length @ ..] = header.ok_or_else(|| invalid("the header of a message is incomplete"))?;
            self.skipped = 1 + u32::from_be_bytes(*length) as usize;
        }
        self.skipped -= read.len();
        Ok(())
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(cx, into))?;
        let read = &into.filled()[before..];
        match self.fault {
            // Nothing wakes the connection but the next query.
            Fault::EndUnnoticed if read.is_empty() => return Poll::Pending,
            Fault::ScramUnknown if asks_for_scram(read) => {
                return Poll::Ready(Err(invalid("the login method 10 is unknown")));
            }
            Fault::HeaderInOneRead => self.follow(read)?,
            _ => {}
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

fn asks_for_scram(read: &[u8]) -> bool {
    read.first() == Some(&b'R') && read.get(HEADER..HEADER + 4) == Some(&SCRAM.to_be_bytes())
}

fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}
