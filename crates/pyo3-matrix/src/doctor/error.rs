//! What keeps `doctor` from an answer? One variant per way, with the path that it is about.

use std::io;
use std::path::PathBuf;

use crate::process::ProcessError;

#[derive(Debug, thiserror::Error)]
pub enum DoctorError {
    #[error("{} is not a Cargo project: no Cargo.toml and no Cargo.lock\nhint: name a folder that has one, or the file itself", .0.display())]
    NotAProject(PathBuf),
    #[error("{} cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} cannot be understood: {message}", path.display())]
    Broken { path: PathBuf, message: String },
    #[error("cargo cannot resolve {}:\n{output}", path.display())]
    Resolve { path: PathBuf, output: String },
    #[error("{} cannot be copied for cargo to resolve: {source}", path.display())]
    Copy { path: PathBuf, source: io::Error },
    #[error("processes cannot be started here: {0}")]
    Guardian(#[from] io::Error),
    #[error(transparent)]
    Process(#[from] ProcessError),
}
