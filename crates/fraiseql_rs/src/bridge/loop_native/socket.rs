//! How does a connection read and write without a thread of its own? The thread that drives the reactor does it.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::Arc;
use std::task::{ready, Context, Poll};

use futures_util::task::AtomicWaker;
use mio::event::Event;
use mio::net::{TcpStream, UnixStream};
use mio::Token;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::either::Either;

use super::reactor::Reactor;

/// A stream that Tokio's runtime has connected.
type Connected = Either<tokio::net::TcpStream, tokio::net::UnixStream>;

/// A connected stream that the reactor watches.
pub struct Socket {
    reactor: &'static Reactor,
    stream: Stream,
    token: Token,
    readiness: Arc<Readiness>,
}

enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// The state of a socket, as far as it is known without asking the system.
pub struct Readiness {
    read: Side,
    write: Side,
}

/// One direction of a socket: whether it may be ready, and which task waits for it.
struct Side {
    /// How many events the system has reported for this direction.
    reported: AtomicUsize,
    /// The value of `reported` when the system last had nothing more. An event that arrives during that attempt makes
    /// `reported` greater again.
    used_up: AtomicUsize,
    /// True once the other end sends no more. The system reports this only once, and bytes sent earlier may still be
    /// unread.
    is_closed: AtomicBool,
    waiter: AtomicWaker,
}

impl Side {
    /// A new side counts as ready until the system says otherwise.
    fn new() -> Self {
        Self {
            reported: AtomicUsize::new(1),
            used_up: AtomicUsize::new(0),
            is_closed: AtomicBool::new(false),
            waiter: AtomicWaker::new(),
        }
    }

    fn report(&self, is_closed: bool) {
        self.is_closed.fetch_or(is_closed, Ordering::SeqCst);
        self.reported.fetch_add(1, Ordering::SeqCst);
        self.waiter.wake();
    }

    fn reported(&self) -> usize {
        self.reported.load(Ordering::SeqCst)
    }

    fn is_ready(&self) -> bool {
        self.reported() != self.used_up.load(Ordering::SeqCst)
    }

    fn poll(&self, context: &Context<'_>) -> Poll<()> {
        if !self.is_ready() {
            self.waiter.register(context.waker());
            // An event may have come between the look and the registration.
            if !self.is_ready() {
                return Poll::Pending;
            }
        }
        Poll::Ready(())
    }

    /// Does `work` now, or as soon as the system allows it.
    fn attempt<T>(
        &self,
        context: &Context<'_>,
        mut work: impl FnMut() -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        loop {
            ready!(self.poll(context));
            let reported = self.reported();
            match work() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.exhausted(reported),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
                done => return Poll::Ready(done),
            }
        }
    }

    /// Records that everything up to `reported`, the count before the last attempt, is used up.
    fn exhausted(&self, reported: usize) {
        self.used_up.store(reported, Ordering::SeqCst);
    }
}

impl Readiness {
    pub fn report(&self, event: &Event) {
        let is_over = event.is_error();
        if event.is_readable() || event.is_read_closed() || is_over {
            self.read.report(event.is_read_closed() || is_over);
        }
        if event.is_writable() || event.is_write_closed() || is_over {
            self.write.report(event.is_write_closed() || is_over);
        }
    }
}

impl Socket {
    /// Takes over a stream that Tokio has connected.
    pub fn adopt(connected: Connected) -> io::Result<Self> {
        let reactor = Reactor::get()?;
        let mut stream = match connected {
            Either::Left(tcp) => Stream::Tcp(TcpStream::from_std(tcp.into_std()?)),
            Either::Right(unix) => Stream::Unix(UnixStream::from_std(unix.into_std()?)),
        };
        let readiness = Arc::new(Readiness { read: Side::new(), write: Side::new() });
        let token = match &mut stream {
            Stream::Tcp(tcp) => reactor.watch(tcp, &readiness),
            Stream::Unix(unix) => reactor.watch(unix, &readiness),
        }?;
        Ok(Self { reactor, stream, token, readiness })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        match &mut self.stream {
            Stream::Tcp(tcp) => self.reactor.forget(tcp, self.token),
            Stream::Unix(unix) => self.reactor.forget(unix, self.token),
        }
    }
}

impl Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(tcp) => tcp.read(into),
            Self::Unix(unix) => unix.read(into),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(tcp) => tcp.write(bytes),
            Self::Unix(unix) => unix.write(bytes),
        }
    }

    fn shut_down(&self) -> io::Result<()> {
        match self {
            Self::Tcp(tcp) => tcp.shutdown(Shutdown::Write),
            Self::Unix(unix) => unix.shutdown(Shutdown::Write),
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { stream, readiness, .. } = &mut *self;
        // The buffer is filled with zeros only when there may be something to read into it.
        let read = || stream.read(buffer.initialize_unfilled());
        let reported = readiness.read.reported();
        let count = ready!(readiness.read.attempt(context, read))?;
        // If the read did not fill the buffer, no more bytes were there, and later bytes are a new event. But the end
        // of the stream may have come with the same event.
        let has_end = readiness.read.is_closed.load(Ordering::SeqCst);
        if count > 0 && count < buffer.remaining() && !has_end {
            readiness.read.exhausted(reported);
        }
        buffer.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Self { stream, readiness, .. } = &mut *self;
        readiness.write.attempt(context, || stream.write(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.stream.shut_down())
    }
}
