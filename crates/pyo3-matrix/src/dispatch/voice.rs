//! How does the harness speak? Answers on standard output, progress and errors on standard error, no secret in either.
//!
//! The only place that prints: `clippy.toml` holds the code to it.

#![expect(clippy::disallowed_macros, reason = "this is the place that prints")]

use std::io::Write as _;

use crate::error::Error;
use crate::model::secrets::{self, Kind};
use crate::report::message;

/// An answer, for standard output.
pub fn answer(text: &str) {
    anstream::print!("{}", secrets::redacted(text));
}

/// An answer that another program reads.
pub fn document(text: &str, kind: Kind) {
    anstream::print!("{}", secrets::redacted_document(text, kind));
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
    anstream::eprintln!("{}", message::error(&text, error.hint()));
}
