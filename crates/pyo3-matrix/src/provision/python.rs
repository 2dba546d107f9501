//! Which interpreter runs the cells of one Python? One of this machine, else one that uv fetches, else an error that
//! lists what was tried.

use std::env;
use std::path::PathBuf;

use super::probe::Answer;
use super::tools::Tools;
use super::whereabouts::{self, Candidate, Places};
use super::{Context, ProvisionError, Tried};
use crate::model::cell::Python;
use crate::model::event::{self, Event};
use crate::process::Command;

pub use super::whereabouts::Source;

/// An interpreter that was run, and answered that it is the requested Python.
#[derive(Debug, Clone)]
pub struct Interpreter {
    pub path: PathBuf,
    /// `3.12.1`
    pub version: String,
    /// `cpython-312-x86_64-linux-gnu`
    pub soabi: String,
    pub source: Source,
}

/// Finds an interpreter that is already on this machine.
pub fn find(python: Python, context: &Context) -> Result<Interpreter, ProvisionError> {
    let variable = whereabouts::variable(python);
    if let Some(path) = env::var_os(&variable).filter(|path| !path.is_empty()) {
        return named(python, variable, path.into(), context);
    }
    let (candidates, mut tried) = Places::of(context).candidates(python);
    let mut fitting = Vec::new();
    for (candidate, answer) in asked(candidates, context) {
        match fits(python, answer) {
            Ok(answer) => fitting.push((candidate.source, answer)),
            Err(reason) => {
                let place = format!("{} {}", candidate.source, candidate.path.display());
                tried.push(Tried { place, reason });
            }
        }
    }
    context.not_interrupted()?;
    // A release in any place is preferred to a pre-release in a better place.
    let chosen = fitting.iter().position(|(_, answer)| answer.released).unwrap_or(0);
    match fitting.into_iter().nth(chosen) {
        Some((source, answer)) => Ok(interpreter(answer, source)),
        None => Err(ProvisionError::NoPython { python, variable, tried }),
    }
}

/// Finds an interpreter on this machine, or has uv install one.
pub fn provide(python: Python, tools: &Tools, context: &Context) -> Result<Interpreter, ProvisionError> {
    let (variable, mut tried) = match find(python, context) {
        Err(ProvisionError::NoPython { variable, tried, .. }) => (variable, tried),
        found => return found,
    };
    if let Err(failure) = fetch(python, tools, context) {
        context.not_interrupted()?;
        tried.push(Tried::new("uv python install", failure));
        return Err(ProvisionError::NoPython { python, variable, tried });
    }
    find(python, context)
}

/// Returns interpreters that could run the tools: first the Pythons of the config from the newest on, then all others
/// on PATH.
pub(super) fn for_tools(context: &Context) -> (Vec<Interpreter>, Vec<Tried>) {
    let old = Python { major: 3, minor: 9, free_threaded: false };
    let (mut found, mut tried) = (Vec::new(), Vec::new());
    let mut listed: Vec<_> = context.config.pythons().filter(|p| !p.free_threaded).collect();
    listed.sort_unstable_by(|a, b| b.cmp(a));
    for python in listed.into_iter().filter(|python| *python >= old) {
        match find(python, context) {
            Ok(interpreter) => found.push(interpreter),
            Err(error) => tried.push(Tried::new("Python", error)),
        }
    }
    for (candidate, answer) in asked(Places::of(context).unversioned(), context) {
        match answer {
            Ok(answer) if found.iter().any(|known| known.path == answer.path) => {}
            Ok(answer) if answer.python >= old => found.push(interpreter(answer, candidate.source)),
            Ok(answer) => tried.push(Tried::new(candidate.path.display(), format!("is {}", answer.version))),
            Err(reason) => tried.push(Tried::new(candidate.path.display(), reason)),
        }
    }
    (found, tried)
}

/// Checks the interpreter that a variable names. If it does not fit, the user gets an error: to ignore the variable
/// would run the cell on another Python than the user meant.
fn named(
    python: Python,
    variable: String,
    path: PathBuf,
    context: &Context,
) -> Result<Interpreter, ProvisionError> {
    match fits(python, context.probes.ask(&path, context)) {
        Ok(answer) => Ok(interpreter(answer, Source::Environment)),
        Err(reason) => {
            context.not_interrupted()?;
            Err(ProvisionError::NotUsable { named: variable, path, reason })
        }
    }
}

/// Runs the candidates at the same time. The answers have the order of the candidates.
fn asked(candidates: Vec<Candidate>, context: &Context) -> Vec<(Candidate, Result<Answer, String>)> {
    std::thread::scope(|scope| {
        let ask = |candidate: Candidate| {
            let path = candidate.path.clone();
            (candidate, scope.spawn(move || context.probes.ask(&path, context)))
        };
        let running: Vec<_> = candidates.into_iter().map(ask).collect();
        let joined = |(candidate, thread): (_, std::thread::ScopedJoinHandle<'_, _>)| {
            (candidate, thread.join().unwrap_or_else(|_| Err("the question broke off".into())))
        };
        running.into_iter().map(joined).collect()
    })
}

fn fits(python: Python, answer: Result<Answer, String>) -> Result<Answer, String> {
    match answer? {
        answer if answer.python == python => Ok(answer),
        answer if answer.python.free_threaded => Err(format!("is {}, free-threaded", answer.version)),
        answer => Err(format!("is {}", answer.version)),
    }
}

fn interpreter(answer: Answer, source: Source) -> Interpreter {
    let Answer { version, path, soabi, .. } = answer;
    Interpreter { path, version, soabi, source }
}

/// Makes uv install `python`. The user's own `UV_*` variables still choose mirrors and places.
fn fetch(python: Python, tools: &Tools, context: &Context) -> Result<(), ProvisionError> {
    let mut command = Command::new(tools.uv()).args(["python", "install", &python.to_string()]);
    if env::var_os("UV_PYTHON_INSTALL_DIR").is_none_or(|folder| folder.is_empty()) {
        command = command.env("UV_PYTHON_INSTALL_DIR", whereabouts::own(context));
    }
    // Without this, uv would also put a `python3.12` on the user's PATH.
    command = command.env("UV_PYTHON_INSTALL_BIN", "0").folder(&context.config.root);
    let fetching = Event::Fetching { what: &format!("Python {python}"), with: "uv" };
    let command = command.limit(context.config.budgets.fetch);
    let done = event::during(context.tell, &fetching, || command.check(context.processes));
    done.map(drop).map_err(ProvisionError::failed(
        format!("cannot fetch Python {python}"),
        "without a network, point UV_PYTHON_DOWNLOADS_JSON_URL or UV_PYTHON_INSTALL_MIRROR at a mirror",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_version_and_another_threading_are_passed_over_by_name() {
        let asked: Python = "3.13".parse().expect("a version");
        let answer = |python: &str| Answer {
            python: python.parse().expect("a version"),
            version: "3.13.0".into(),
            released: true,
            path: "/p".into(),
            soabi: String::new(),
        };
        assert!(fits(asked, Ok(answer("3.13"))).is_ok());
        assert_eq!(fits(asked, Ok(answer("3.12"))), Err("is 3.13.0".into()));
        assert_eq!(fits(asked, Ok(answer("3.13t"))), Err("is 3.13.0, free-threaded".into()));
    }
}
