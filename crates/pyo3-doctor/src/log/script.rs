//! What do PyO3's build scripts say of an interpreter? A4, A5, A10 and A11.

use super::{Log, between};
use crate::facts::{Acceptance, Implementation, LINES, LineFacts};
use crate::finding::{Finding, Id, Step};
use crate::version::Python;

const NEWER: &str = "is newer than PyO3's maximum supported version (";
const OLDER: &str = "is lower than PyO3's minimum supported version (";
const FREE_THREADED: &str = "does not support the free-threaded build of CPython versions below ";

/// A build script's refusal of an interpreter.
struct Refusal {
    id: Id,
    implementation: Implementation,
    /// The version that was configured, and the bound that it is beyond.
    python: String,
    bound: String,
}

/// To 0.26 `the configured Python interpreter version (3.14) is newer`, from 0.27 `the configured Python version`; `PyPy`
/// and `GraalPy` stand in the place of Python, but for the oldest versions from 0.30 on.
fn refusal(text: &str) -> Option<Refusal> {
    let told = |id, bound: &str| {
        let python = between(text, "version (", ")")?.to_owned();
        Some(Refusal { id, implementation: implementation(text, id, bound), python, bound: bound.to_owned() })
    };
    if let Some(bound) = between(text, NEWER, ")") {
        return told(Id::A4, bound);
    }
    if let Some(bound) = between(text, OLDER, ")") {
        return told(Id::A5, bound);
    }
    // A free-threaded build's message goes on in the next line on some lines of PyO3.
    let (_, rest) = text.split_once(FREE_THREADED)?;
    let bound = rest.split([',', ' ']).next()?;
    let python = rest.split_once("version is ").map_or("", |(_, python)| python);
    let python = format!("{}t", python.trim_end_matches(['t', '.', ' ']));
    Some(Refusal { id: Id::A5, implementation: Implementation::CPython, python, bound: format!("{bound}t") })
}

/// Where the message names none, the oldest version tells it: no line of PyO3 began at `CPython` 3.10 or 3.11.
fn implementation(text: &str, id: Id, bound: &str) -> Implementation {
    if text.contains("configured PyPy ") || (id == Id::A5 && bound == "3.11") {
        Implementation::PyPy
    } else if text.contains("configured GraalPy ") || (id == Id::A5 && bound == "3.10") {
        Implementation::GraalPy
    } else {
        Implementation::CPython
    }
}

/// An interpreter that is too new or too old for the line.
pub fn python(log: &Log, at: usize) -> Option<Finding> {
    let text = log.text(at);
    let refusal = refusal(text)?;
    let Refusal { id, implementation, python, bound } = &refusal;
    let name = implementation.name();
    let (side, word) = if *id == Id::A4 { ("newest", "from") } else { ("oldest", "up to") };
    let line = log.line.map(|line| format!(" {line}")).unwrap_or_default();
    let why = format!("pyo3{line} builds for {name} {bound} at the {side}");
    let instead = accepting(&refusal).map(|facts| {
        let python =
            if *implementation == Implementation::CPython { python } else { &format!("{name} {python}") };
        format!(", or take a line that accepts {python}: {word} {}", facts.line)
    });
    let step = format!(
        "build with {name} {bound}, by PYO3_PYTHON={}{}",
        implementation.program(bound),
        instead.unwrap_or_default()
    );
    let finding = Finding::new(*id, log.place(at), text.trim().trim_start_matches("error: "), why);
    Some(finding.says(text.trim()).mend([Step::advise(step)]))
}

/// The nearest line that accepts the interpreter which was refused.
fn accepting(refusal: &Refusal) -> Option<&'static LineFacts> {
    let python: Python = refusal.python.parse().ok()?;
    let accepts = |facts: &&LineFacts| match refusal.implementation {
        Implementation::CPython => facts.accepts(python) == Acceptance::Accepted,
        other => {
            let (oldest, newest) = facts.minors(other);
            python.major == 3 && (oldest..=newest).contains(&python.minor)
        }
    };
    let mut accepting = LINES.iter().filter(accepts);
    if refusal.id == Id::A4 { accepting.next() } else { accepting.next_back() }
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
