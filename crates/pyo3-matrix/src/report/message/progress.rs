//! What does a person read while the harness works? One event in, one line out; some take more, some none.

use std::fmt::Write as _;

use pyo3_doctor::words::counted;

use super::first_line;
use crate::model::cell::WheelId;
use crate::model::event::{Event, Found, Phase, Progress};
use crate::model::negative::{Ending, NegativeRecord};
use crate::model::record::{Outcome, Record, TestResult};
use crate::report::tone::Tone;

/// An event in words. None where it only moves what is shown of the work under way.
#[must_use]
pub fn progress(event: &Event<'_>) -> Option<String> {
    Some(match event {
        Event::Begins(_)
        | Event::Over(_)
        | Event::CellStage { .. }
        | Event::CellStopped { .. }
        | Event::NegativeBegins { .. } => return None,
        Event::Fetching { what, with } => format!("fetching {what} with {with}"),
        Event::Installing { tool, python } => format!("installing {tool} with Python {python}"),
        Event::Asking { line, python } => format!("asking pyo3-ffi of line {line} about Python {python}"),
        Event::NoAnswer { reason } => format!("no answer: {reason}"),
        Event::Provisioned { found } => provisioned(found),
        Event::WheelBegins { id, at } => format!("{at} building wheel {id}"),
        Event::Compiling { id, done, of, name, took } => {
            format!("{}, {} s", building(*id, Some((*done, *of, name))), took.as_secs())
        }
        Event::WheelEnds { id, at, took } => format!("{at} built wheel {id} in {:.1} s", took.as_secs_f64()),
        Event::WheelServes { id, wheel } => format!("{id} takes {wheel}, whose tag promises that Python"),
        Event::NotAudited { id, reason } => format!("wheel {id}: not audited: {reason}"),
        Event::CellTested { record, at } => tested(record, *at),
        Event::TriedAgain { record, again, of } => {
            let why = record.reason.as_deref().map(first_line).unwrap_or_default();
            format!("{}: {why}; retry {again} of {of}", record.cell)
        }
        Event::NotTriedAgain { cell, error } => format!("{cell}: not tried again: {error}"),
        Event::CellMeasured { record, at } => measured(record, *at),
        Event::DatabaseNotRemoved { name, reason } => {
            format!("database {name} and its role cannot be removed: {reason}")
        }
        Event::ServerLogNotKept { path, error } => {
            format!("the server's log cannot be kept as {}: {error}", path.display())
        }
        Event::NegativeEnded { record, at } => negative(record, *at),
        Event::RecordNotWritten { cell, error } => format!("{cell}: its record cannot be written: {error}"),
        Event::NegativeNotWritten { id, error } => format!("{id}: its record cannot be written: {error}"),
        Event::LedgerNotWritten { error } => format!("where the time went cannot be written: {error}"),
    })
}

/// How far the build of a wheel is: crates done, of how many, and the last one.
#[must_use]
pub fn building(id: WheelId, crates: Option<(usize, Option<usize>, &str)>) -> String {
    let crates = crates.map(|(done, of, name)| {
        let of = of.map(|of| format!(" of {of}")).unwrap_or_default();
        format!(": crate {done}{of} ({name})")
    });
    format!("building {id}{}", crates.unwrap_or_default())
}

/// The title of what is told in a phase.
#[must_use]
pub fn phase(phase: Phase) -> String {
    match phase {
        Phase::Provision => "interpreters and services".to_owned(),
        Phase::Wheels => "environments and wheels".to_owned(),
        Phase::Negatives { of } => counted(of, "negative cell"),
        Phase::Cells { of } => counted(of, "cell"),
        Phase::Benchmarks { of } => format!("benchmarks of {}", counted(of, "cell")),
    }
}

/// Whether an event tells of something red, or of a record that is lost.
#[must_use]
pub fn is_red(event: &Event<'_>) -> bool {
    match event {
        Event::CellTested { record, .. } | Event::CellMeasured { record, .. } => {
            Tone::from(&record.outcome) == Tone::Bad
        }
        Event::NegativeEnded { record, .. } => !record.ending.is_green(),
        Event::RecordNotWritten { .. }
        | Event::NegativeNotWritten { .. }
        | Event::LedgerNotWritten { .. } => true,
        _ => false,
    }
}

/// What was found where, and what was not.
pub(super) fn provisioned(found: &[Found]) -> String {
    let mut text = "found".to_owned();
    for found in found {
        let _ = match &found.place {
            Ok(_) => write!(text, "\n  {found}"),
            Err(reason) => write!(text, "\n  {}: {}", found.name, first_line(reason)),
        };
    }
    text
}

/// One cell's tests are over.
fn tested(record: &Record, at: Progress) -> String {
    let style = Tone::from(&record.outcome).style();
    let what = match &record.outcome {
        Outcome::Passed | Outcome::Flaky => tests(record),
        _ => record.reason.as_deref().map(first_line).unwrap_or_default().to_owned(),
    };
    let (id, seconds) = (record.cell.to_string(), record.durations.tests);
    format!("{at} {id:<22} {style}{}{style:#}  {what}, {seconds:.1} s", record.outcome)
}

/// `40 tests`, or `1 of 4 tests, 2 skipped, 1 expected to fail`.
fn tests(record: &Record) -> String {
    let (passed, all) = (record.count(TestResult::Passed), record.tests.len());
    let apart = [(TestResult::Skipped, "skipped"), (TestResult::Xfailed, "expected to fail")];
    let apart = apart.map(|(result, word)| (record.count(result), word));
    let apart = apart.iter().filter(|(count, _)| *count > 0);
    let apart = apart.map(|(count, word)| format!(", {count} {word}")).collect::<Vec<_>>().concat();
    if passed == all { counted(all, "test") } else { format!("{passed} of {}{apart}", counted(all, "test")) }
}

/// One cell's benchmarks are over.
fn measured(record: &Record, at: Progress) -> String {
    let id = record.cell.to_string();
    let ratios = record.comparisons.iter().map(|c| format!("{} {:.2}x", c.name, c.speedup.ratio));
    let what = match &record.outcome {
        Outcome::Passed | Outcome::Flaky => ratios.collect::<Vec<_>>().join(", "),
        _ => record.reason.as_deref().map(first_line).unwrap_or_default().to_owned(),
    };
    format!("{at} {id:<22} measured  {what}")
}

/// One negative cell has failed, or has not.
fn negative(record: &NegativeRecord, at: Progress) -> String {
    let what = match record.ending {
        Ending::AsForetold => "failed as foretold",
        Ending::Otherwise => "failed otherwise than foretold",
        Ending::Built => "builds, and must not",
        Ending::Lost => "lost",
    };
    format!("{at} {}  {what}, {:.1} s", record.id, record.seconds)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_build_names_the_last_crate_and_of_how_many_where_that_is_known() {
        let id = "py3.12-pyo3_0.30".parse::<crate::model::cell::CellId>().expect("a cell").wheel();
        let words = |of| {
            let (name, took) = ("tokio", Duration::from_millis(41_700));
            progress(&Event::Compiling { id, done: 37, of, name, took }).expect("words")
        };
        assert_eq!(words(Some(112)), "building py3.12-pyo3_0.30: crate 37 of 112 (tokio), 41 s");
        assert_eq!(words(None), "building py3.12-pyo3_0.30: crate 37 (tokio), 41 s");
    }
}
