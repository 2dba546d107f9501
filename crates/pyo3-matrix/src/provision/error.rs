//! Why is an interpreter, a tool or a server missing? The error names what was tried and what the user can do.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::model::cell::Python;
use crate::model::program;
use crate::process::ProcessError;

/// A place where the harness looked, and the reason why it did not use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    pub place: String,
    pub reason: String,
}

/// The thing that could not be provided.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    #[error(
        "no Python {python} found{}\nhint: install it with `uv python install {python}` or `pyenv install {python}`, or name one in {variable}",
        listed(tried)
    )]
    NoPython { python: Python, variable: String, tried: Vec<Tried> },
    #[error(
        "no Python for the tools found (3.9 or newer, with venv and ensurepip){}\nhint: install one, on Debian and Ubuntu together with the package python3-venv",
        listed(tried)
    )]
    NoToolsPython { tried: Vec<Tried> },
    #[error("no {what} found{}\nhint: {hint}", listed(tried))]
    NoService { what: String, tried: Vec<Tried>, hint: String },
    #[error("{named} names {} and that cannot be used: {reason}\nhint: correct it, or take it away to have one found", path.display())]
    NotUsable { named: String, path: PathBuf, reason: String },
    #[error("{named} names a server that cannot be used, {place}: {reason}\nhint: {hint}")]
    NoServer { named: String, place: String, reason: String, hint: String },
    #[error(
        "{what} has the wrong checksum, and was removed\n  expected {expected}\n  got      {got}\nhint: the registry or something between served another file than the one pinned in matrix.toml; do not use it"
    )]
    Checksum { what: String, expected: String, got: String },
    #[error("{what} is not a package as expected: {reason}")]
    Archive { what: String, reason: String },
    #[error("{what}: {source}\nhint: {hint}")]
    Failed { what: String, source: ProcessError, hint: String },
    /// The hint is that of the program that could not reach it.
    #[error("{what}: {source}")]
    Offline { what: String, source: ProcessError },
    #[error("{what} {}: {source}{}", path.display(), disk_hint(source))]
    Disk { what: &'static str, path: PathBuf, source: io::Error },
    #[error("{what} {reason}{}\nhint: {hint}", indented(tail))]
    Server { what: String, reason: String, tail: String, hint: &'static str },
    #[error("{what} refused to {to}: {reason}")]
    Refused { what: String, to: String, reason: String },
    #[error("the operating system gives no randomness, which passwords and names are made of: {0}")]
    NoRandomness(io::Error),
    #[error("interrupted")]
    Interrupted,
}

impl ProvisionError {
    pub fn disk(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ProvisionError {
        move |source| ProvisionError::Disk { what, path: path.to_owned(), source }
    }

    pub fn failed(what: String, hint: &str) -> impl FnOnce(ProcessError) -> ProvisionError {
        move |source| match source {
            ProcessError::Interrupted => ProvisionError::Interrupted,
            source @ ProcessError::Offline { .. } => ProvisionError::Offline { what, source },
            source => ProvisionError::Failed { what, source, hint: hint.into() },
        }
    }
}

impl Tried {
    pub fn new(place: impl fmt::Display, reason: impl fmt::Display) -> Self {
        Tried { place: place.to_string(), reason: reason.to_string() }
    }
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason: Vec<_> = self.reason.lines().collect();
        write!(f, "{}: {}", self.place, reason.join("\n    "))
    }
}

fn listed(tried: &[Tried]) -> String {
    tried.iter().flat_map(|tried| ["\n  ".to_owned(), tried.to_string()]).collect()
}

fn indented(tail: &str) -> String {
    tail.lines().flat_map(|line| ["\n    ", line]).collect()
}

fn disk_hint(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            format!("\nhint: the disk is full; `{} clean` removes what the harness keeps", program::command())
        }
        io::ErrorKind::PermissionDenied => {
            "\nhint: make that path readable and writable for this user".to_owned()
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_lists_each_thing_tried_and_ends_with_a_hint() {
        let error = ProvisionError::NoPython {
            python: "3.12".parse().expect("a version"),
            variable: "PYO3_MATRIX_PYTHON_3_12".into(),
            tried: vec![Tried::new("PATH /usr/bin/python3", "is 3.11.2"), Tried::new("uv", "one\ntwo")],
        };
        let text = error.to_string();
        let expected = "no Python 3.12 found\n  PATH /usr/bin/python3: is 3.11.2\n  uv: one\n    two\nhint: ";
        assert!(text.starts_with(expected), "{text}");
        assert!(text.ends_with("or name one in PYO3_MATRIX_PYTHON_3_12"), "{text}");
    }

    #[test]
    fn a_full_disk_is_answered_with_what_frees_it() {
        let full = ProvisionError::disk("cannot write", Path::new("/x"))(io::ErrorKind::StorageFull.into());
        assert!(full.to_string().contains("cargo matrix clean"), "{full}");
    }
}
