//! How did a cell end? How its process ended and what it left behind in, an [`Outcome`] and its reason out. Pure.

use std::collections::BTreeMap;
use std::path::Path;

use crate::model::record::{Loaded, Observed, Outcome, TestResult, Versions};
use crate::process::{Exit, signal_name};
use crate::verdict::measure::Evidence;
use crate::verdict::refusal::USAGE;
use crate::verdict::workers::{Died, Identity, Workers};

/// How many files that are not the wheel's are named.
const NAMED: usize = 5;

/// What a cell was asked to be.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    pub requested: &'a Versions,
    /// What the wheel's own build said of it.
    pub built: &'a BTreeMap<String, String>,
    /// The files of the wheel: path → SHA-256.
    pub members: &'a BTreeMap<String, String>,
}

/// The outcome of a stage, and why it is not `Passed`.
#[must_use]
pub fn outcome(exit: Exit, evidence: &Evidence, expected: Expected<'_>) -> (Outcome, Option<String>) {
    if let Some(reason) = mismatch(evidence, expected) {
        return (Outcome::Mismatch, Some(reason));
    }
    match exit {
        Exit::Interrupted => (Outcome::Lost, Some("interrupted before its end".to_owned())),
        Exit::TimedOut(limit) => {
            let reason = format!("still running after {} s{}", limit.as_secs(), during(evidence));
            (Outcome::Hung, Some(reason))
        }
        Exit::Signal(number) => crashed(number, evidence),
        Exit::Code(code) => match hidden_signal(code, evidence) {
            Some(number) => crashed(number, evidence),
            None => match evidence.workers.crashed() {
                Some((died, number)) => worker_crashed(died, number),
                None => finished(code, evidence),
            },
        },
    }
}

/// Everything in which the cell is not what it was asked to be, if there is anything: in the session's own process or in
/// a worker of it.
fn mismatch(evidence: &Evidence, expected: Expected<'_>) -> Option<String> {
    let none = BTreeMap::new();
    let own = evidence
        .observed
        .iter()
        .flat_map(|observed| differences(observed, evidence.installed.as_ref().unwrap_or(&none), expected));
    let workers = evidence.workers.observed.iter().flat_map(|(worker, Identity { observed, installed })| {
        let of_it = differences(observed, installed, expected).into_iter();
        of_it.map(move |difference| format!("worker {worker}: {difference}"))
    });
    let differing: Vec<String> = own.chain(workers).collect();
    (!differing.is_empty()).then(|| differing.join("; "))
}

/// Everything in which one process is not what it was asked to be.
fn differences(
    observed: &Observed,
    installed: &BTreeMap<String, String>,
    expected: Expected<'_>,
) -> Vec<String> {
    let mut differing = versions(observed, expected);
    differing.extend(files(installed, expected.members));
    differing.extend(loaded(observed.loaded.as_ref(), expected.members));
    differing
}

/// Requested beside observed, and what the module says of its build beside what the build said, where they differ.
fn versions(observed: &Observed, expected: Expected<'_>) -> Vec<String> {
    let Expected { requested, built, .. } = expected;
    let Observed { versions: observed, build_info, .. } = observed;
    let pairs =
        requested.iter().map(|(name, expected)| (name, expected, observed.get(name).unwrap_or("none")));
    let differing = pairs.filter(|(_, expected, got)| expected != got);
    let differing = differing.map(|(name, expected, got)| format!("{name}: expected {expected}, got {got}"));
    let said = build_info.iter().filter_map(|(key, said)| {
        besides(key, said, built).map(|what| format!("{key}: {what}, the module says {said}"))
    });
    // What was not requested so is told above.
    let measured = observed.iter().filter(|(key, got)| requested.get(key).is_none_or(|asked| asked == *got));
    let measured = measured.filter_map(|(key, got)| {
        besides(key, got, built).map(|what| format!("{key}: {what}, the cell says {got}"))
    });
    differing.chain(said).chain(measured).collect()
}

/// What cargo's messages say of a crate or another part of the build, where `said` is something else.
fn besides(key: &str, said: &str, built: &BTreeMap<String, String>) -> Option<String> {
    match built.get(key) {
        Some(built) if built == said => None,
        Some(built) => Some(format!("the wheel was built with {built}")),
        None if !built.is_empty() && Versions::is_companion(key, said) => {
            Some("the wheel was built without it".to_owned())
        }
        // Nothing else observes it, and nothing goes by it.
        None => None,
    }
}

/// Installed files that are not as the wheel has them.
fn files(installed: &BTreeMap<String, String>, members: &BTreeMap<String, String>) -> Vec<String> {
    if installed.is_empty() {
        return vec!["the cell names no file of the installed wheel".to_owned()];
    }
    let of_the_wheel = members.iter().filter_map(|(path, sha256)| match installed.get(path) {
        Some(there) if there == sha256 => None,
        Some(there) if there == "missing" => Some(format!("{path} of the wheel is gone")),
        Some(_) => Some(format!("{path} is not as the wheel has it")),
        None => Some(format!("{path} of the wheel is not installed")),
    });
    let besides = installed.keys().filter(|path| !members.contains_key(*path));
    let mut found: Vec<String> =
        of_the_wheel.chain(besides.map(|path| format!("{path} is no file of the wheel"))).collect();
    if found.len() > NAMED {
        let more = found.len() - NAMED;
        found.truncate(NAMED);
        found.push(format!("and {more} more files"));
    }
    found
}

/// The module under test, where it was loaded from a file that is none of the wheel's.
fn loaded(loaded: Option<&Loaded>, members: &BTreeMap<String, String>) -> Option<String> {
    let Some(Loaded { path, sha256 }) = loaded else {
        return Some("the cell does not name the shared object that it loaded".to_owned());
    };
    let suffix =
        |path: &str| Path::new(path).extension().and_then(|suffix| suffix.to_str()).map(str::to_owned);
    let is_object = |path: &str| matches!(suffix(path).as_deref(), Some("so" | "pyd"));
    let mut objects = members.iter().filter(|(path, _)| is_object(path));
    let known = objects.any(|(_, of_wheel)| of_wheel == sha256);
    (!known).then(|| format!("the module was loaded from {path}, which is no file of the wheel"))
}

/// tox turns a child that died of signal `n` into exit code 256 − n, and a shell turns it into 128 + n. If the session told
/// the same code, the code is pytest's own; if it told another code, the process died after its tests.
fn hidden_signal(code: i32, evidence: &Evidence) -> Option<i32> {
    match code {
        _ if evidence.session_code == Some(code) => None,
        192..=255 => Some(256 - code),
        129..=159 => Some(code - 128),
        _ => None,
    }
}

fn crashed(number: i32, evidence: &Evidence) -> (Outcome, Option<String>) {
    let signal = signal_name(number);
    let reason = format!("the test process was ended by {signal}{}", during(evidence));
    (Outcome::Crashed { signal }, Some(reason))
}

/// A worker of the session was ended by a signal. That the session went on without it changes nothing.
fn worker_crashed(died: &Died, number: i32) -> (Outcome, Option<String>) {
    let signal = signal_name(number);
    let reason = format!("worker {} was ended by {signal}{}", died.worker, inside(&died.during));
    (Outcome::Crashed { signal }, Some(reason))
}

/// ` in tests/a.py::test_b` for the test that was running. Workers run several at once.
fn during(evidence: &Evidence) -> String {
    inside(&evidence.workers.running())
}

fn inside<T: AsRef<str>>(tests: &[T]) -> String {
    match tests.split_first() {
        None => String::new(),
        Some((first, more)) => more
            .iter()
            .fold(format!(" in {}", first.as_ref()), |text, test| format!("{text} and in {}", test.as_ref())),
    }
}

/// A session that came to its own end, or never began.
fn finished(code: i32, evidence: &Evidence) -> (Outcome, Option<String>) {
    match fault(code, evidence) {
        Some(reason) => (Outcome::TestsFailed, Some(reason)),
        None => (Outcome::Passed, None),
    }
}

/// What to do about a shared object that is no module of the name it has, which CPython tells by a symbol's name.
fn init_hint(error: &str) -> String {
    let name = error.split_once("module export function (PyInit_").and_then(|(_, rest)| rest.split_once(')'));
    name.map_or_else(String::new, |(name, _)| {
        format!(
            "\nhint: no #[pymodule] of the crate is called {name}: rename it, give it #[pyo3(name = \"{name}\")], or correct \
             the module's name in pyproject.toml"
        )
    })
}

/// Why a session that ended by itself has not passed.
fn fault(code: i32, evidence: &Evidence) -> Option<String> {
    if let Some(file) = evidence.unreadable.first() {
        return Some(format!("the cell left a file that makes no sense: {file}"));
    }
    if let Some(error) = &evidence.observe_error {
        return Some(format!("the cell could not observe itself: {error}{}", init_hint(error)));
    }
    if let Some(refusal) = evidence.refusal.as_ref().filter(|_| refused(code, evidence)) {
        return Some(format!("exit code {USAGE} of pytest: {refusal}"));
    }
    if evidence.observed.is_none() {
        return Some(format!("exit code {code} before the cell observed itself; see output.log"));
    }
    if let Some(reason) = fault_of(&evidence.workers) {
        return Some(reason);
    }
    let count = |wanted: fn(TestResult) -> bool| evidence.tests.values().filter(|r| wanted(**r)).count();
    let not_run = count(|result| result == TestResult::NotRun);
    let red = count(TestResult::is_red) - not_run;
    let of = evidence.tests.len();
    if red > 0 {
        return Some(format!("{red} of {of} tests failed"));
    }
    let session = evidence.session_code;
    if code == 0 && session.is_none() {
        return Some(format!("the process ended before its tests did{}; see output.log", during(evidence)));
    }
    if not_run > 0 {
        let code = session.unwrap_or(code);
        return Some(format!(
            "{not_run} of {of} collected tests have no result; the session ended with code {code}"
        ));
    }
    if count(|result| result == TestResult::Passed) == 0 {
        return Some("no test ran".to_owned());
    }
    ended_badly(code, session)
}

/// Whether pytest took what it was told for an error, and so ran nothing.
fn refused(code: i32, evidence: &Evidence) -> bool {
    let ran = evidence.tests.values().any(|result| *result != TestResult::NotRun);
    evidence.session_code.unwrap_or(code) == USAGE && !ran
}

/// Why the workers of a session have not passed, whatever their tests did.
fn fault_of(workers: &Workers) -> Option<String> {
    if let Some(Died { worker, exit_code, during }) = workers.died.first() {
        let code = exit_code.map_or_else(String::new, |code| format!(" with code {code}"));
        return Some(format!("worker {worker} ended{code} before its tests did{}", inside(during)));
    }
    let unobserved = workers.unobserved();
    unobserved.first().map(|worker| format!("worker {worker} ran tests and never observed itself"))
}

/// Why a session whose tests all passed has not. tox may be told to hide the code that its session ended with.
fn ended_badly(code: i32, session: Option<i32>) -> Option<String> {
    let (what, code) = match session.filter(|own| *own != 0) {
        Some(own) => ("session", own),
        None if code != 0 => ("process", code),
        None => return None,
    };
    Some(format!("every test passed, but the {what} ended with code {code}; see output.log"))
}

#[cfg(test)]
mod tests;
