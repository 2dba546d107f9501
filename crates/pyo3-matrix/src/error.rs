//! What ended the harness early, and with which exit code? One variant per stage.

use std::io;
use std::process::ExitCode;

use pyo3_doctor::error::DoctorError;
use pyo3_doctor::program::AskError;

use crate::build::check::CheckError;
use crate::build::lock::LockError;
use crate::build::probe::ProbeError;
use crate::config::ConfigError;
use crate::dispatch::{CompareError, HistoryError};
use crate::infer::InferError;
use crate::store::costs::CostError;
use crate::store::disk::DiskError;

use crate::model::failure::Failure;
use crate::model::program;
use crate::model::record::Outcome;
use crate::plan::PlanError;
use crate::plan::part::PartError;
use crate::process::ProcessError;
use crate::provision::ProvisionError;
use crate::run::RunError;
use crate::store::checkout::CheckoutError;
use crate::store::folder::FolderError;
use crate::store::merge::MergeError;
use crate::store::named::NamedError;

/// Everything that can end the harness before it has an answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Infer(#[from] InferError),
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    Probe(#[from] ProbeError),
    #[error(transparent)]
    Part(#[from] PartError),
    #[error(transparent)]
    Cost(#[from] CostError),
    #[error(transparent)]
    Merge(#[from] MergeError),
    #[error(transparent)]
    Provision(#[from] ProvisionError),
    #[error("{}", .0.reason)]
    Prepare(Failure),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Checkout(#[from] CheckoutError),
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    Named(#[from] NamedError),
    #[error(transparent)]
    Compare(#[from] CompareError),
    #[error(transparent)]
    History(#[from] HistoryError),
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error(transparent)]
    Disk(#[from] DiskError),
    #[error(transparent)]
    Doctor(#[from] DoctorError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// How the harness ends. The numbers are documented in the README and in `--help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The verdict is green, or the question was answered.
    Green,
    /// The verdict is not green.
    Red,
    /// The request is wrong: usage or configuration.
    BadRequest,
    /// The harness or the machine failed.
    Failed,
    /// The harness was told to stop.
    Interrupted,
    /// What a command that was run for the user ended with.
    Command(u8),
}

impl Error {
    /// The exit code's meaning for this error.
    #[must_use]
    pub fn ending(&self) -> Ending {
        match self {
            Error::Infer(error) if error.is_of_the_project() => Ending::BadRequest,
            Error::Merge(MergeError::Io(_))
            | Error::Cost(CostError::Io(_))
            | Error::Named(NamedError::Io(_)) => Ending::Failed,
            Error::Config(_)
            | Error::Plan(_)
            | Error::Lock(LockError::Unresolved { .. } | LockError::Moved { .. })
            | Error::Folder(FolderError::Unknown { .. })
            | Error::Part(_)
            | Error::Cost(_)
            | Error::Merge(_)
            | Error::Named(_)
            | Error::Compare(_)
            | Error::History(_)
            | Error::Doctor(
                DoctorError::NotAProject(_) | DoctorError::Broken { .. } | DoctorError::Read { .. },
            ) => Ending::BadRequest,
            Error::Process(ProcessError::Interrupted)
            | Error::Doctor(DoctorError::Ask(AskError::Interrupted))
            | Error::Lock(LockError::Process(ProcessError::Interrupted))
            | Error::Probe(ProbeError::Check(CheckError::Process(ProcessError::Interrupted)))
            | Error::Provision(ProvisionError::Interrupted)
            | Error::Run(RunError::Provision(ProvisionError::Interrupted)) => Ending::Interrupted,
            Error::Prepare(failure) if failure.outcome == Outcome::Lost => Ending::Interrupted,
            Error::Provision(_)
            | Error::Infer(_)
            | Error::Lock(_)
            | Error::Probe(_)
            | Error::Prepare(_)
            | Error::Run(_)
            | Error::Checkout(_)
            | Error::Folder(_)
            | Error::Process(_)
            | Error::Disk(_)
            | Error::Doctor(_)
            | Error::Io(_) => Ending::Failed,
        }
    }

    /// What to do, where the error itself does not say.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Error::Io(error)
            | Error::Run(RunError::Io(error) | RunError::Checkout(CheckoutError::Io(error))) => {
                let full = error.kind() == io::ErrorKind::StorageFull;
                full.then(|| {
                    format!("the disk is full; `{} clean` frees what the harness keeps", program::command())
                })
            }
            _ => None,
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Error::Prepare(failure)
    }
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> ExitCode {
        ExitCode::from(match ending {
            Ending::Green => 0,
            Ending::Red => 1,
            Ending::BadRequest => 2,
            Ending::Failed => 3,
            Ending::Interrupted => 130,
            Ending::Command(code) => code,
        })
    }
}
