//! What keeps `doctor` from an answer? One variant per way, with the path that it is about.

use std::io;
use std::path::PathBuf;

use crate::program::AskError;

#[derive(Debug, thiserror::Error)]
pub enum DoctorError {
    #[error("{} is not a Cargo project: no Cargo.toml and no Cargo.lock\nhint: name a folder that has one, or the file itself", .0.display())]
    NotAProject(PathBuf),
    #[error("{} cannot be read: {source}\nhint: {}", path.display(), readable(source))]
    Read { path: PathBuf, source: io::Error },
    #[error("{} cannot be understood: {message}", path.display())]
    Broken { path: PathBuf, message: String },
    #[error("cargo cannot resolve {}:\n{output}", path.display())]
    Resolve { path: PathBuf, output: String },
    #[error("{} cannot be copied for cargo to resolve: {source}", path.display())]
    Copy { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Ask(#[from] AskError),
}

/// What makes a file that cannot be read one that can.
fn readable(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "name what is there; a relative path starts in the current folder",
        io::ErrorKind::PermissionDenied => "make it readable for this user",
        io::ErrorKind::InvalidData => "write it in UTF-8",
        _ => "see that it is a file that can be opened",
    }
}
