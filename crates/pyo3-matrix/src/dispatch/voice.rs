//! How does the harness speak? Answers on standard output, progress and errors on standard error, no secret in either.
//!
//! The only place that prints: `clippy.toml` holds the code to it.

#![expect(clippy::disallowed_methods, reason = "this is the place that prints")]

mod status;

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::error::Error;
use crate::model::secrets::{self, Kind};
use crate::report::message;
use status::Status;

/// The line that stands on the terminal for a while.
static STATUS: Mutex<Status> = Mutex::new(Status::new());

/// An answer, for standard output.
pub fn answer(text: &str) -> io::Result<()> {
    let _alone = alone();
    print(&mut anstream::stdout(), &secrets::redacted(text))
}

/// An answer that another program reads.
pub fn document(text: &str, kind: Kind) -> io::Result<()> {
    let _alone = alone();
    print(&mut anstream::stdout(), &secrets::redacted_document(text, kind))
}

/// Prints all of `text`. A reader such as `head` may go away once it has what it wants, which is no fault of the answer.
fn print(to: &mut impl Write, text: &str) -> io::Result<()> {
    match to.write_all(text.as_bytes()).and_then(|()| to.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}

/// A line of progress. It goes to standard error, so that standard output holds the answer alone.
pub fn say(line: &str) {
    let _alone = alone();
    // A terminal that is gone must not end the run.
    let _ = writeln!(anstream::stderr(), "{}", secrets::redacted(line));
}

/// How far the work called `name` is: one line that replaces the last one on a terminal, and a line now and then in a log.
pub fn status(name: &str, line: &str) {
    let line = secrets::redacted(line);
    let mut status = STATUS.lock().unwrap_or_else(PoisonError::into_inner);
    let mut to = io::stderr().lock();
    let _ = match columns() {
        Some(columns) => to.write_all(status.shown(&line, columns).as_bytes()),
        None if status.is_due(name, Instant::now()) => writeln!(to, "{line}"),
        None => Ok(()),
    };
}

/// Takes that line away.
pub fn no_status() {
    drop(alone());
}

/// The width of the terminal on standard error, if it is one where a line can be replaced.
fn columns() -> Option<usize> {
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    if is_dumb || !io::stderr().is_terminal() {
        return None;
    }
    let (terminal_size::Width(columns), _) = terminal_size::terminal_size_of(io::stderr())?;
    Some(columns.into())
}

/// Makes room for other lines, which nothing interrupts as long as this is held.
fn alone() -> MutexGuard<'static, Status> {
    let mut status = STATUS.lock().unwrap_or_else(PoisonError::into_inner);
    let _ = io::stderr().write_all(status.taken_away().as_bytes());
    status
}

/// What ended the harness.
pub fn fail(error: &Error) {
    let _alone = alone();
    // Before it is broken into lines: a secret with blanks in it would be broken too.
    let text = secrets::redacted(&error.to_string());
    // The exit code says it too.
    let _ = writeln!(anstream::stderr(), "{}", message::error(&text, error.hint().as_deref()));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream that fails in this way.
    struct Failing(io::ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_is_gone_is_no_fault_and_a_full_disk_is() {
        let printed = |kind| print(&mut Failing(kind), "text").map_err(|error| error.kind());
        assert_eq!(printed(io::ErrorKind::BrokenPipe), Ok(()));
        assert_eq!(printed(io::ErrorKind::StorageFull), Err(io::ErrorKind::StorageFull));
    }
}
