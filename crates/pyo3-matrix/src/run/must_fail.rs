//! What do the negative cells say? Each is built, or resolved, in a folder of its own, and its record is kept beside the
//! cells'.

use std::io;
use std::path::Path;
use std::time::Instant;

use fs_err as fs;

use crate::build::check::{self, CheckError, What};
use crate::build::derived;
use crate::build::lock::{self, LockError};
use crate::model::cell::Python;
use crate::model::document;
use crate::model::event::{Event, Phase, Progress};
use crate::model::negative::NegativeRecord;
use crate::model::record;
use crate::plan::{Plan, PlannedNegative};
use crate::process::ProcessError;
use crate::provision::Context;
use crate::store::folder::RunFolder;

/// Builds every negative cell of the plan, one after another: cargo uses every core for one.
pub fn run(plan: &Plan, folder: &RunFolder, context: &Context<'_>) {
    (context.tell)(&Event::Begins(Phase::Negatives { of: plan.negatives.len() }));
    for (at, planned) in plan.negatives.iter().enumerate() {
        if context.processes.interrupted() {
            return;
        }
        (context.tell)(&Event::NegativeBegins { id: &planned.id });
        let begun = Instant::now();
        let folder = folder.negative(&planned.id);
        let built = fs::create_dir_all(&folder)
            .map_err(NegativeError::from)
            .and_then(|()| build(planned, &folder.join("output.log"), context));
        let (built, text) = match built {
            Err(error) if error.interrupted() => return,
            Ok(built) => built,
            // The machine failed; that is not the failure that was foretold, and shows as what it is.
            Err(error) => (false, format!("error: {error}")),
        };
        let seconds = begun.elapsed().as_secs_f64();
        let record = NegativeRecord { seconds, ..NegativeRecord::of(planned, built, &text) };
        let at = Progress { at: at + 1, of: plan.negatives.len() };
        (context.tell)(&Event::NegativeEnded { record: &record, at });
        if let Err(error) = document::write(&folder.join(record::FILE), &record) {
            (context.tell)(&Event::NegativeNotWritten { id: &record.id, error: &error });
        }
    }
}

/// Why a negative cell could not even be tried.
#[derive(Debug, thiserror::Error)]
enum NegativeError {
    #[error(transparent)]
    Check(#[from] CheckError),
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl NegativeError {
    fn interrupted(&self) -> bool {
        matches!(
            self,
            NegativeError::Check(CheckError::Process(ProcessError::Interrupted))
                | NegativeError::Lock(LockError::Process(ProcessError::Interrupted))
        )
    }
}

/// Whether it built, and what cargo said.
fn build(
    planned: &PlannedNegative,
    log: &Path,
    context: &Context<'_>,
) -> Result<(bool, String), NegativeError> {
    match (planned.negative.python, &planned.negative.pyo3_async_runtimes) {
        (Some(python), _) => extension(planned, python, log, context),
        (None, Some(version)) => pairing(planned, version, log, context),
        (None, None) => Ok((true, String::new())),
    }
}

fn extension(
    planned: &PlannedNegative,
    python: Python,
    log: &Path,
    context: &Context<'_>,
) -> Result<(bool, String), NegativeError> {
    let project = derived::project(planned.negative.line, context)?;
    let checked = check::check(What::Extension, python, &project, log, context)?;
    Ok((checked.built, checked.text))
}

/// Resolves the pairing from the line's own lock: without the network, and with it where that gave another answer, for
/// cargo offline knows only what was fetched before.
fn pairing(
    planned: &PlannedNegative,
    version: &str,
    log: &Path,
    context: &Context<'_>,
) -> Result<(bool, String), NegativeError> {
    let line = planned.negative.line;
    let spec = context.config.line(line).unwrap_or_else(|| unreachable!("a checked config"));
    let spec = spec.with("pyo3-async-runtimes", version);
    let start = fs::read_to_string(context.config.line_lock(line)).ok();
    let resolved = |offline| match lock::resolve(&spec, start.as_deref(), offline, context) {
        Ok(_) => Ok((true, "resolved".to_owned())),
        Err(error @ LockError::Unresolved { .. }) => Ok((false, error.to_string())),
        Err(error) => Err(error),
    };
    let (mut built, mut text) = resolved(true)?;
    if !NegativeRecord::of(planned, built, &text).ending.is_green() {
        (built, text) = resolved(false)?;
    }
    document::write_text(log, &text)?;
    Ok((built, text))
}
