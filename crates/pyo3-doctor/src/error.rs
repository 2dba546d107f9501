//! What keeps `doctor` from an answer? One variant per way, with the path that it is about.

use std::io;
use std::path::PathBuf;

use crate::program::AskError;

/// Why nothing can be said of a path.
#[derive(Debug, thiserror::Error)]
pub enum DoctorError {
    /// Nothing there is cargo's.
    #[error("{} is not a Cargo project: no Cargo.toml and no Cargo.lock\nhint: name a folder that has one, or the file itself", .0.display())]
    NotAProject(PathBuf),
    /// A file that is needed cannot be read.
    #[error("{} cannot be read: {source}\nhint: {}", path.display(), readable(source))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is not what its name says.
    #[error("{} cannot be understood: {message}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What its parser said.
        message: String,
    },
    /// Cargo wrote a lock that cannot be read.
    #[error("cargo cannot resolve {}:\n{output}", path.display())]
    Resolve {
        /// The root of the workspace.
        path: PathBuf,
        /// What is wrong with the lock.
        output: String,
    },
    /// The copy in which cargo resolves cannot be made.
    #[error("{} cannot be copied for cargo to resolve: {source}", path.display())]
    Copy {
        /// What was being copied.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another program could not be asked.
    #[error(transparent)]
    Ask(#[from] AskError),
}

/// The advice for a file that cannot be read.
fn readable(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "name what is there; a relative path starts in the current folder",
        io::ErrorKind::PermissionDenied => "make it readable for this user",
        io::ErrorKind::InvalidData => "write it in UTF-8",
        _ => "see that it is a file that can be opened",
    }
}
