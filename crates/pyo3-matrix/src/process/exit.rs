//! How did a child end? The system's wait status in; a code, a signal, or a reason of the harness out.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use nix::sys::signal::Signal;

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Code(i32),
    Signal(i32),
    /// Its time on the wall clock ran out, and the whole tree was killed.
    TimedOut(Duration),
    /// The harness was told to stop, and the whole tree was killed.
    Interrupted,
}

impl From<ExitStatus> for Exit {
    fn from(status: ExitStatus) -> Exit {
        match status.signal() {
            Some(signal) => Exit::Signal(signal),
            None => Exit::Code(status.code().unwrap_or(-1)),
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exit::Code(code) => write!(f, "exited with code {code}"),
            Exit::Signal(number) => write!(f, "was ended by {}", signal_name(*number)),
            Exit::TimedOut(limit) => write!(f, "was still running after {} s", limit.as_secs()),
            Exit::Interrupted => write!(f, "was interrupted"),
        }
    }
}

/// Returns `SIGSEGV` for 11, or the number itself if it has no name.
#[must_use]
pub fn signal_name(number: i32) -> String {
    Signal::try_from(number).map_or_else(|_| format!("signal {number}"), |signal| signal.to_string())
}
