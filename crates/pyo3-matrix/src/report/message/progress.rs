//! What does a person read while the harness works? One event in, one line out; some take more.

use std::fmt::Write as _;

use pyo3_doctor::words::counted;

use super::first_line;
use crate::model::event::{Event, Found, Progress};
use crate::model::negative::{Ending, NegativeRecord};
use crate::model::record::{Outcome, Record, TestResult};
use crate::report::tone::Tone;

/// An event in words.
#[must_use]
pub fn progress(event: &Event<'_>) -> String {
    match event {
        Event::Fetching { what, with } => format!("fetching {what} with {with}"),
        Event::Installing { tool, python } => format!("installing {tool} with Python {python}"),
        Event::Asking { line, python } => format!("asking pyo3-ffi of line {line} about Python {python}"),
        Event::NoAnswer { reason } => format!("no answer: {reason}"),
        Event::Provisioned { found } => provisioned(found),
        Event::WheelBegins { id, at } => format!("{at} building wheel {id}"),
        Event::Compiling { id, done, of, name, took } => {
            let of = of.map(|of| format!(" of {of}")).unwrap_or_default();
            format!("building {id}: crate {done}{of} ({name}), {} s", took.as_secs())
        }
        Event::CompilingEnds => String::new(),
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
            progress(&Event::Compiling { id, done: 37, of, name, took })
        };
        assert_eq!(words(Some(112)), "building py3.12-pyo3_0.30: crate 37 of 112 (tokio), 41 s");
        assert_eq!(words(None), "building py3.12-pyo3_0.30: crate 37 (tokio), 41 s");
    }
}
