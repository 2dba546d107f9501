//! How does any thread wake a loop without the GIL? It sends a byte through a socket that the loop watches.

use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};

/// Wakes one loop. Many calls before the loop reacts cost one byte.
pub struct Wakeup {
    /// True while a byte is in the socket.
    is_sent: AtomicBool,
    sender: UnixStream,
    receiver: UnixStream,
}

impl Wakeup {
    pub fn new() -> io::Result<Self> {
        let (sender, receiver) = UnixStream::pair()?;
        sender.set_nonblocking(true)?;
        receiver.set_nonblocking(true)?;
        Ok(Self { is_sent: AtomicBool::new(false), sender, receiver })
    }

    /// The descriptor that the loop has to watch.
    pub fn descriptor(&self) -> RawFd {
        self.receiver.as_raw_fd()
    }

    /// Wakes the loop, unless it is about to be woken already.
    pub fn send(&self) {
        if !self.is_sent.swap(true, Ordering::SeqCst) {
            // The write fails only if the other end is closed. Both ends live equally long, so then no loop listens
            // any more.
            let _ = (&self.sender).write(&[1]);
        }
    }

    /// The woken loop calls this before it looks what there is to do. A later [`Self::send`] wakes it again.
    pub fn receive(&self) {
        // The byte itself says nothing.
        let _ = (&self.receiver).read(&mut [0; 8]);
        self.is_sent.store(false, Ordering::SeqCst);
    }
}
