//! Does a line accept a Python? Its own `pyo3-ffi` is asked about a made-up interpreter, and the answer is kept on
//! disk.

use std::path::PathBuf;

use fs_err as fs;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::build::check::{self, CheckError, What};
use crate::build::derived;
use crate::build::lock::LockError;
use crate::config::Config;
use crate::model::cell::{Python, WheelId};
use crate::model::document;
use crate::model::record;
use crate::plan::legality::Probed;
use crate::process::{Exit, ProcessError};
use crate::provision::Context;
use pyo3_doctor::lockfile::Lockfile;

/// The version of the question. If the question changes, or the way in which its answer is read, this number must
/// change.
const QUESTION: u32 = 1;

/// The warning of `pyo3-ffi`'s build script if it accepts a Python that is not final.
const WARNING: &str = "Using experimental support for the ";

/// The beginning of cargo's message if a build script refused.
const REFUSED: &str = "failed to run custom build command for `pyo3-";

/// One answer, as it is kept.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Kept {
    schema_version: u32,
    probed: Probed,
}

/// The reason why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    Check(#[from] CheckError),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Returns the answer of an earlier probe of the locked `pyo3-ffi`.
#[must_use]
pub fn kept(config: &Config, python: Python, lock: &Lockfile) -> Option<Probed> {
    document::read::<Kept>(&path(config, python, lock)?).ok().flatten().map(|kept| kept.probed)
}

/// Asks, and keeps the answer on disk.
pub fn probe(wheel: WheelId, context: &Context<'_>) -> Result<Probed, ProbeError> {
    let project = derived::project(wheel.line, context)?;
    let folder = check::folder(context);
    fs::create_dir_all(&folder)?;
    let log = folder.join(format!("{wheel}.log"));
    let checked = check::check(What::Ffi, wheel.python, &project, &log, context)?;
    let Some(probed) = read(checked.built, &checked.text) else {
        let tail: Vec<&str> = checked.text.lines().rev().take(25).collect();
        let tail = tail.into_iter().rev().collect::<Vec<_>>().join("\n");
        let command = "cargo check --package pyo3-ffi".to_owned();
        return Err(CheckError::from(ProcessError::Failed { command, exit: Exit::Code(101), tail }).into());
    };
    if let Some(path) = path(context.config, wheel.python, &project.locked) {
        document::write(&path, &Kept { schema_version: record::SCHEMA_VERSION, probed: probed.clone() })?;
    }
    Ok(probed)
}

fn path(config: &Config, python: Python, lock: &Lockfile) -> Option<PathBuf> {
    let ffi = lock.version("pyo3-ffi")?;
    let name = format!("{QUESTION}-pyo3-ffi_{ffi}-py{python}.json");
    Some(config.target().join("probes").join(name))
}

/// Reads cargo's answer. None if the answer is about something else, such as a network failure.
fn read(built: bool, text: &str) -> Option<Probed> {
    if built {
        let warning = text.lines().find_map(|line| line.find(WARNING).map(|at| &line[at..]));
        return Some(warning.map_or(Probed::Accepted, |warning| {
            let sentence = warning.split_once(". ").map_or(warning, |(sentence, _)| sentence);
            Probed::Experimental(sentence.trim_end().to_owned())
        }));
    }
    if !text.contains(REFUSED) {
        return None;
    }
    // Cargo indents the script's own output. An old script panics instead of printing `error:`.
    let said = |line: &str| {
        let own = line.strip_prefix("  ")?;
        own.strip_prefix("error: ")
            .or_else(|| own.starts_with("called `Result::").then_some(own))
            .map(str::to_owned)
    };
    text.lines().find_map(said).map(Probed::Refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_accepted_experimental_or_refused_with_its_message() {
        assert_eq!(read(true, "   Checking pyo3-ffi v0.30.1\n"), Some(Probed::Accepted));
        let warned = "[pyo3-ffi 0.28.3] cargo:warning=Using experimental support for the Python 3.15 ABI. Build \
                      artifacts may not be compatible\n";
        let expected = "Using experimental support for the Python 3.15 ABI".to_owned();
        assert_eq!(read(true, warned), Some(Probed::Experimental(expected)));
        let refused = "error: failed to run custom build command for `pyo3-ffi v0.30.1`\n\n  --- stderr\n  \
                       error: the configured Python version (3.17) is newer\n  = help: this\n";
        assert_eq!(
            read(false, refused),
            Some(Probed::Refused("the configured Python version (3.17) is newer".into()))
        );
        assert_eq!(read(false, "error: failed to download from the registry\n"), None);
    }
}
