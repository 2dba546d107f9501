//! How does doctor ask another program something? It starts no process: its caller hands over a function that does.

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

/// One question to another program.
#[derive(Debug)]
pub struct Question<'a> {
    /// The program, found on PATH.
    pub program: &'a str,
    /// Its arguments.
    pub arguments: &'a [&'a OsStr],
    /// The folder in which it runs.
    pub folder: &'a Path,
    /// Environment variables beside those that are there.
    pub variables: &'a [(&'a str, &'a str)],
    /// How long it may take on the wall clock.
    pub limit: Duration,
}

/// What a program answered. It ended by itself.
#[derive(Debug)]
pub struct Answer {
    /// Whether its exit code is 0.
    pub success: bool,
    /// Its standard output.
    pub stdout: String,
    /// The last lines of both of its streams, as a message shows them.
    pub tail: String,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The user stopped the caller.
    #[error("interrupted")]
    Interrupted,
    /// The program could not be started, ran out of time, or was ended by a signal.
    #[error("{0}")]
    Failed(String),
}

/// Runs a program to its end.
pub type Ask<'a> = &'a (dyn Fn(&Question<'_>) -> Result<Answer, AskError> + Sync);
