//! How does the harness speak? Answers on standard output, progress and errors on standard error, no secret in either.
//!
//! The only place that prints: `clippy.toml` holds the code to it.

#![expect(clippy::disallowed_methods, reason = "this is the place that prints")]

use std::io::{self, Write};

use crate::error::Error;
use crate::model::secrets::{self, Kind};
use crate::report::message;

/// An answer, for standard output.
pub fn answer(text: &str) -> io::Result<()> {
    print(&mut anstream::stdout(), &secrets::redacted(text))
}

/// An answer that another program reads.
pub fn document(text: &str, kind: Kind) -> io::Result<()> {
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
    // A terminal that is gone must not end the run.
    let _ = writeln!(anstream::stderr(), "{}", secrets::redacted(line));
}

/// What ended the harness.
pub fn fail(error: &Error) {
    // Before it is broken into lines: a secret with blanks in it would be broken too.
    let text = secrets::redacted(&error.to_string());
    // The exit code says it too.
    let _ = writeln!(anstream::stderr(), "{}", message::error(&text, error.hint()));
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
