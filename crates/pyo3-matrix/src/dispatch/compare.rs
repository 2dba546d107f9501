//! Who answers what is different between two runs? Two names in; both reports are read, and their difference is printed.

use super::{reports, voice};
use crate::cli::ComparisonFormat;
use crate::config::Config;
use crate::error::{Ending, Error};
use crate::model::secrets::{self, Kind};
use crate::process::Processes;
use crate::provision::revision;
use crate::report::compare::{self, Compared};
use crate::report::{Report, json};
use crate::store::folder::versioned;
use crate::store::named::{self, Named};

/// Why two runs cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    #[error(
        "run {before} and run {after} have no cell in common\nhint: compare runs of one preset, or of presets that share cells"
    )]
    Strangers { before: String, after: String },
    #[error(
        "cannot read the report {0}\nhint: compare takes a run's id or folder, a report.json, or a commit that was run"
    )]
    Unreadable(String),
}

/// Says what is different in the run `after`.
pub fn compare(
    before: &str,
    after: &str,
    format: ComparisonFormat,
    strict: bool,
    config: &Config,
) -> Result<Ending, Error> {
    let (before, after) = (read(before, config)?, read(after, config)?);
    let compared = Compared::of(&before, &after);
    if compared.difference.common() == 0 {
        return Err(CompareError::Strangers { before: before.run, after: after.run }.into());
    }
    match format {
        ComparisonFormat::Text => voice::answer(&compare::terminal::render(&compared))?,
        ComparisonFormat::Markdown => voice::answer(&compare::markdown::render(&compared))?,
        ComparisonFormat::Json => voice::document(&compare::json(&compared)?, Kind::Json)?,
    }
    let difference = &compared.difference;
    let is_red = if strict { difference.is_worse() } else { difference.is_regression() };
    Ok(if is_red { Ending::Red } else { Ending::Green })
}

/// The report of what `asked` names. One of a run's folder is made anew from its records.
fn read(asked: &str, config: &Config) -> Result<Report, Error> {
    let hash_of = |name: &str| {
        let processes = Processes::start(secrets::redacted).ok()?;
        revision::resolved(&config.root, name, &processes)
    };
    match named::find(&config.target(), asked, json::FILE, hash_of)? {
        Named::Run(folder) => Ok(reports::read(&folder)?.report),
        Named::Report(path) => {
            let unreadable = |error: std::io::Error| CompareError::Unreadable(error.to_string());
            let gone = || CompareError::Unreadable(format!("{}: it is gone", path.display()));
            Ok(versioned(&path).map_err(unreadable)?.ok_or_else(gone)?)
        }
    }
}
