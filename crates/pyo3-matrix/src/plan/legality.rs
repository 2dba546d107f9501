//! Can this cell be built at all? The lock, the table of facts, the probe and the environment in; *legal*,
//! *experimental* or *impossible*, with the reason and a fix, out. Pure: it compiles nothing.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::LineSpec;
use crate::model::cell::{Line, Python, WheelId};
use crate::model::program;
use crate::model::stable::Stable;
use pyo3_doctor::facts::{Acceptance, LineFacts};
use pyo3_doctor::lockfile::Lockfile;

/// What is foretold of a cell before anything of it is compiled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Legality {
    pub state: State,
    pub source: Source,
    /// Why it is not plainly legal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What to do about it, in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// What the build will say, where it will fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Whether a cell can be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It builds, and everything that it is built from stands behind it.
    Legal,
    /// It builds, but something that it is built from does not promise that it works.
    Experimental,
    Impossible,
}

/// Who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The line's lock file, which is missing or cannot be read.
    Lock,
    /// The line's lock file, which locks another pairing than the line's.
    Pairing,
    /// The compiler's version beside the line's oldest.
    Toolchain,
    /// A variable that is set where the harness runs.
    Environment,
    /// The table of what each published line accepts.
    Facts,
    /// The line's own `pyo3-ffi`, asked with a made-up interpreter.
    Probe,
    /// Neither the table nor a probe knows the line.
    Nobody,
}

/// What `pyo3-ffi` answered for one Python.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Probed {
    Accepted,
    /// Accepted, with what it warns of.
    Experimental(String),
    /// Refused, with the message of its build script.
    Refused(String),
}

/// Everything that is known before a plan is judged.
#[derive(Debug, Clone, Default)]
pub struct Knowledge {
    /// Each line's lock, or the reason why there is none.
    pub locks: BTreeMap<Line, Result<Lockfile, String>>,
    pub probed: BTreeMap<WheelId, Probed>,
    /// The compiler as (major, minor), where it was asked.
    pub rustc: Option<(u16, u16)>,
    /// What the tags of the wheels will promise, as far as the manifests tell.
    pub stable: Vec<Stable>,
    /// Variables that switch `PyO3`'s check of the interpreter off.
    pub taints: Vec<String>,
}

/// Returns the forecast of one (Python, line).
#[must_use]
pub fn legality(spec: &LineSpec, python: Python, known: &Knowledge) -> Legality {
    let wheel = WheelId { python, line: spec.name };
    let first = of_lock(spec, known).or_else(|| of_toolchain(spec.name, known));
    if let Some(impossible) = first {
        return impossible;
    }
    let facts = LineFacts::of(spec.name).map(|facts| of_facts(spec, facts, python));
    let probed = known.probed.get(&wheel).map(|probed| of_probe(spec.name, python, probed));
    let verdict = match (facts, probed) {
        (Some(facts), Some(probed)) => agreed(&facts, probed),
        (_, Some(probed)) => probed,
        (Some(facts), None) => facts,
        (None, None) => Legality {
            state: State::Experimental,
            source: Source::Nobody,
            reason: Some(format!("PyO3 {} is newer than this harness", spec.name)),
            fix: Some(format!("`{} plan --probe` asks its pyo3-ffi", program::command())),
            message: None,
        },
    };
    match verdict.state {
        State::Legal => {
            let doubt = of_release(spec).or_else(|| of_threads(python)).or_else(|| of_taints(known));
            doubt.unwrap_or(verdict)
        }
        State::Experimental | State::Impossible => verdict,
    }
}

/// Returns the forecast of how cargo resolves a pairing.
#[must_use]
pub fn of_pairing(pyo3: &str, pyo3_async_runtimes: &str) -> Legality {
    let minor = |version: &str| version.rsplit_once('.').map(|(line, _)| line.to_owned());
    if minor(pyo3) == minor(pyo3_async_runtimes) {
        return legal(Source::Facts);
    }
    Legality {
        state: State::Impossible,
        source: Source::Facts,
        reason: Some(format!("pyo3-async-runtimes {pyo3_async_runtimes} does not take pyo3 {pyo3}")),
        fix: Some("pair releases of the same minor".to_owned()),
        message: Some("failed to select a version for `pyo3`".to_owned()),
    }
}

fn legal(source: Source) -> Legality {
    Legality { state: State::Legal, source, reason: None, fix: None, message: None }
}

fn impossible(source: Source, reason: String, fix: String) -> Legality {
    Legality { state: State::Impossible, source, reason: Some(reason), fix: Some(fix), message: None }
}

fn experimental(source: Source, reason: String, fix: String) -> Legality {
    Legality { state: State::Experimental, source, reason: Some(reason), fix: Some(fix), message: None }
}

fn of_lock(spec: &LineSpec, known: &Knowledge) -> Option<Legality> {
    let fix = || format!("{} lock {}", program::command(), spec.name);
    match known.locks.get(&spec.name)? {
        Err(reason) => Some(impossible(Source::Lock, reason.clone(), fix())),
        Ok(lock) => match lock.beside_pairing(spec.pairing())[..] {
            [] => None,
            ref differences => Some(impossible(Source::Pairing, differences.join("; "), fix())),
        },
    }
}

fn of_toolchain(line: Line, known: &Knowledge) -> Option<Legality> {
    let (rustc, facts) = (known.rustc?, LineFacts::of(line)?);
    let text = |(major, minor): (u16, u16)| format!("{major}.{minor}");
    (rustc < facts.rust).then(|| {
        let reason = format!("PyO3 {line} needs rustc {}, this is {}", text(facts.rust), text(rustc));
        impossible(Source::Toolchain, reason, "rustup update stable".to_owned())
    })
}

fn of_facts(spec: &LineSpec, facts: &LineFacts, python: Python) -> Legality {
    match facts.accepts(python) {
        Acceptance::Accepted if python.minor > facts.promised => experimental(
            Source::Facts,
            format!("PyO3 {} takes Python {python} before that was final", spec.name),
            "use a newer PyO3 line, or take the cell for a preview".to_owned(),
        ),
        Acceptance::Accepted => legal(Source::Facts),
        acceptance => {
            let (message, fix) = refusal(facts, python, acceptance);
            refused(Source::Facts, spec.name, python, message, fix)
        }
    }
}

/// Returns the message of `pyo3-ffi`'s build script, and what the user can do.
fn refusal(facts: &LineFacts, python: Python, acceptance: Acceptance) -> (String, String) {
    let bare = Python { free_threaded: false, ..python };
    match acceptance {
        Acceptance::TooOld(oldest) if python.free_threaded => {
            let oldest = Python { free_threaded: false, ..oldest };
            // Before 0.29 the helper of the build script knew the limit, and panicked.
            let message = match facts.line.minor {
                ..29 => format!("free-threaded build on Python versions earlier than {oldest}, found {bare}"),
                _ => format!("does not support the free-threaded build of CPython versions below {oldest}"),
            };
            (message, format!("use Python {oldest}t, or an older PyO3 line"))
        }
        Acceptance::TooOld(oldest) => {
            let message = format!(
                "the configured Python interpreter version ({bare}) is lower than PyO3's minimum supported version ({oldest})"
            );
            (message, format!("use Python {oldest} or newer, or an older PyO3 line"))
        }
        _ => {
            // The sentence changed with 0.27.
            let what = if facts.line.minor < 27 { "Python interpreter version" } else { "Python version" };
            let newest = Python { minor: facts.promised, ..bare };
            let message = format!(
                "configured {what} ({bare}) is newer than PyO3's maximum supported version ({newest})"
            );
            (message, format!("use Python {newest} or older, or a newer PyO3 line"))
        }
    }
}

fn refused(source: Source, line: Line, python: Python, message: String, fix: String) -> Legality {
    Legality {
        message: Some(message),
        ..impossible(source, format!("PyO3 {line} refuses Python {python}"), fix)
    }
}

fn of_probe(line: Line, python: Python, probed: &Probed) -> Legality {
    match probed {
        Probed::Accepted => legal(Source::Probe),
        Probed::Experimental(warning) => experimental(
            Source::Probe,
            warning.clone(),
            "use a newer PyO3 line, or take the cell for a preview".to_owned(),
        ),
        Probed::Refused(message) => {
            let fix = LineFacts::of(line).map(|facts| refusal(facts, python, facts.accepts(python)).1);
            let fix = fix.unwrap_or_else(|| "use a Python that the line takes".to_owned());
            refused(Source::Probe, line, python, message.clone(), fix)
        }
    }
}

/// The probe decides. If the table disagrees, the result says so.
fn agreed(facts: &Legality, probed: Legality) -> Legality {
    if facts.state == probed.state {
        return probed;
    }
    let word = |state| match state {
        State::Legal => "legal",
        State::Experimental => "experimental",
        State::Impossible => "impossible",
    };
    let said = probed.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    let reason = format!(
        "the probe finds it {}{said}; the harness's own table says {}",
        word(probed.state),
        word(facts.state)
    );
    // The cell is at least experimental, because the table or the probe is wrong.
    let state = probed.state.max(State::Experimental);
    let fix = probed.fix.clone().unwrap_or_else(|| "trust the probe, and correct facts.rs".to_owned());
    Legality { state, reason: Some(reason), fix: Some(fix), ..probed }
}

/// A yanked release still builds from a lock.
fn of_release(spec: &LineSpec) -> Option<Legality> {
    let facts = LineFacts::of(spec.name)?;
    facts.yanked.contains(&spec.pyo3.as_str()).then(|| {
        let (name, command) = (spec.name, program::command());
        let fix = format!("name a later pyo3 {name} in matrix.toml, then {command} lock {name}");
        experimental(Source::Facts, format!("pyo3 {} was yanked", spec.pyo3), fix)
    })
}

/// CPython itself calls its free-threaded build an experiment until 3.14 (PEP 779).
fn of_threads(python: Python) -> Option<Legality> {
    let early = python.free_threaded && (python.major, python.minor) < (3, 14);
    early.then(|| {
        let reason = format!(
            "CPython calls its free-threaded build an experiment in {}.{}",
            python.major, python.minor
        );
        experimental(Source::Facts, reason, "use Python 3.14t".to_owned())
    })
}

fn of_taints(known: &Knowledge) -> Option<Legality> {
    let variable = known.taints.first()?;
    let reason = format!("{variable} is set: PyO3's check of the interpreter is off");
    Some(experimental(Source::Environment, reason, format!("unset {variable}")))
}

#[cfg(test)]
mod tests;
