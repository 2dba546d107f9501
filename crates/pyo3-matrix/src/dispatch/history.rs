//! Who keeps the history of runs? Reports in; they are added to the history's file, and its page is written beside it.

use std::path::{Path, PathBuf};

use super::{reports, voice};
use crate::error::{Ending, Error};
use crate::model::secrets::Kind;
use crate::report::history::{self, History};
use crate::report::{Report, html, json, message};
use crate::store::folder::versioned;

/// Why a history cannot be made or added to. Its file is as it was then.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    #[error("cannot read the history {}{}", .0, hint(.0, "nothing was changed; --into names another file"))]
    Unreadable(String),
    #[error("cannot read the report {}{}", .0, hint(.0, "history takes a run's folder or its report.json"))]
    Report(String),
    #[error("there is no history {}, and no report to begin it with", .0.display())]
    Missing(PathBuf),
    #[error(
        "run {run} is {part}, and not the whole of `{preset}`\nhint: merge the parts, and add the merged run"
    )]
    Part { run: String, part: String, preset: String },
}

/// What to do, where the fault itself does not say.
fn hint(fault: &str, what: &str) -> String {
    if fault.contains("\nhint: ") { String::new() } else { format!("\nhint: {what}") }
}

/// Adds the runs of `given` to the history `into`, and writes its page to `page`.
pub fn add(given: &[PathBuf], into: &Path, page: Option<&Path>) -> Result<Ending, Error> {
    let unreadable = |error: std::io::Error| HistoryError::Unreadable(error.to_string());
    let known: Option<History> = versioned(into).map_err(unreadable)?;
    if known.is_none() && given.is_empty() {
        return Err(HistoryError::Missing(into.to_owned()).into());
    }
    // All of them before anything is written.
    let given = given.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    let mut history = known.unwrap_or_default();
    let adds = !given.is_empty();
    for report in given {
        history.add(report);
    }
    if adds {
        reports::write(into, &history::json(&history)?, Kind::Json)?;
    }
    voice::answer(&message::history(&history, into))?;
    if let Some(page) = page {
        // The page of the newest run, where it stands beside this one.
        let beside = page.with_file_name(html::FILE);
        let report = (beside != page && beside.is_file()).then_some(html::FILE);
        reports::write(page, &html::history::render(&history, report), Kind::Html)?;
        voice::say(&message::written(page));
    }
    Ok(Ending::Green)
}

/// The report of a whole run: a file, or the one in a run's folder.
fn read(path: &Path) -> Result<Report, HistoryError> {
    let file = if path.is_dir() { path.join(json::FILE) } else { path.to_owned() };
    let unreadable = |error: std::io::Error| HistoryError::Report(error.to_string());
    let gone = || HistoryError::Report(format!("{}: there is none", file.display()));
    let report: Report = versioned(&file).map_err(unreadable)?.ok_or_else(gone)?;
    match &report.part {
        Some(part) => Err(HistoryError::Part { run: report.run, part: part.clone(), preset: report.preset }),
        None => Ok(report),
    }
}
