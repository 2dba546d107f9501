//! What do PyO3's build scripts say of an interpreter? A4, A5, A10 and A11.

use super::{Log, between};
use crate::facts::{Acceptance, LINES};
use crate::finding::{Finding, Id, Step};
use crate::version::Python;

const NEWER: &str = "is newer than PyO3's maximum supported version (";
const OLDER: &str = "is lower than PyO3's minimum supported version (";
const FREE_THREADED: &str = "does not support the free-threaded build of CPython versions below ";

/// To 0.26 `the configured Python interpreter version (3.14) is newer`, from 0.27 `the configured Python version`.
pub fn python(log: &Log, at: usize) -> Option<Finding> {
    let text = log.text(at);
    // A free-threaded build's message goes on in the next line on some lines of PyO3.
    let (id, python, bound, side) = if let Some(bound) = between(text, NEWER, ")") {
        (Id::A4, between(text, "version (", ")")?.to_owned(), bound.to_owned(), "newest")
    } else if let Some(bound) = between(text, OLDER, ")") {
        (Id::A5, between(text, "version (", ")")?.to_owned(), bound.to_owned(), "oldest")
    } else {
        let (_, rest) = text.split_once(FREE_THREADED)?;
        let bound = rest.split([',', ' ']).next()?;
        let python = rest.split_once("version is ").map_or("", |(_, python)| python);
        (Id::A5, format!("{}t", python.trim_end_matches(['t', '.', ' '])), format!("{bound}t"), "oldest")
    };
    let parsed: Option<Python> = python.parse().ok();
    let line = log.line.map(|line| format!(" {line}")).unwrap_or_default();
    let why = format!("pyo3{line} builds for Python {bound} at the {side}");
    let accepting = parsed.and_then(|python| {
        let mut accepting = LINES.iter().filter(|facts| facts.accepts(python) == Acceptance::Accepted);
        if id == Id::A4 { accepting.next() } else { accepting.next_back() }
    });
    let instead = accepting.map(|facts| {
        let word = if id == Id::A4 { "from" } else { "up to" };
        format!(", or take a line that accepts {python}: {word} {}", facts.line)
    });
    let step =
        format!("build with Python {bound}, by PYO3_PYTHON=python{bound}{}", instead.unwrap_or_default());
    let finding = Finding::new(id, log.place(at), text.trim().trim_start_matches("error: "), why);
    Some(finding.says(text.trim()).mend([Step::advise(step)]))
}

/// What the scripts were told to read or run is not there, or is too old for the features.
pub fn configuration(log: &Log, at: usize) -> Option<Finding> {
    let text = log.text(at).trim().trim_start_matches("error: ");
    if text.starts_with("failed to run the Python interpreter at ")
        || text.contains("failed to open PyO3 config file")
    {
        let why = "PYO3_PYTHON, PYO3_CONFIG_FILE or the virtual environment names what is not there";
        let step = Step::advise(
            "unset the variable, or name an interpreter that runs; see also [env] in .cargo/config.toml",
        );
        return Some(Finding::new(Id::A10, log.place(at), text, why).says(text).mend([step]));
    }
    let floor = between(text, "cannot set a minimum Python version ", " higher")?;
    let why = "a feature abi3-py3… of pyo3 names a Python that is newer than the one that builds";
    let step = Step::advise(format!(
        "build with Python {floor} or newer and say so in requires-python, or choose an older abi3-py3… feature"
    ));
    Some(Finding::new(Id::A11, log.place(at), text, why).says(text).mend([step]))
}
