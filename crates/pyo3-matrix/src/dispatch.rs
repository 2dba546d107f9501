//! Who answers which verb? Each function takes a request to its stages and prints what came out.

mod compare;
mod explain;
mod history;
mod mutants;
mod parts;
mod plans;
mod postgres;
mod project;
mod reports;
mod shell;
mod startup;
mod voice;

use std::ffi::{OsStr, OsString};
use std::path::Path;

use pyo3_doctor::program::{Answer, AskError, Question};

use crate::build::lock::How;
use crate::cli::{Cli, Notation, Verb};
use crate::config::{Config, ConfigError, pass_env};
use crate::error::{Ending, Error};
use crate::model::cell::CellId;
use crate::model::event::{Event, Phase};
use crate::model::program;
use crate::model::secrets::{self, Kind};
use crate::plan::{self, Request};
use crate::process::{self, Command, Exit, ProcessError, Processes};
use crate::provision::{Context, tools};
use crate::report::Report;
use crate::report::live::Expected;
use crate::report::message;
use crate::report::repro::{self, Offers};
use crate::run::prepare::{Preparation, found};
use crate::store::checkout::CheckoutLock;
use crate::store::disk;
pub use compare::CompareError;
pub use history::HistoryError;
use project::Asked;
use voice::tell;

/// Answers the command line, and says how that ended.
#[must_use]
pub fn answer(cli: Result<Cli, ConfigError>) -> Ending {
    secrets::learn_all(std::env::vars_os());
    process::before_abrupt_end(voice::leave);
    if let Ok(Cli { config: Some(config), .. }) = &cli {
        program::asked_with(config);
    }
    let answered = match cli {
        Err(error) => Err(Error::from(error)),
        // Any project can be examined, also one without a matrix.toml.
        Ok(Cli { verb: Verb::Doctor { path, log, format }, .. }) => doctor(&path, log.as_deref(), format),
        // Reports may come from anywhere.
        Ok(Cli { verb: Verb::History { reports, into, html }, .. }) => {
            history::add(&reports, &into, html.as_deref())
        }
        Ok(Cli { verb: Verb::Init, .. }) => project::init(),
        Ok(Cli { verb: asked, config }) => project::load(config.as_deref()).and_then(|mut project| {
            if asked.needs_checkout() {
                project.config = project::with_checkout(project.config)?;
            }
            project.config.names().for_each(secrets::spare);
            if let Some(inferred) = &project.inferred {
                voice::say(&message::inferred(&inferred.root, &project.config.target));
            }
            verb(asked, &project)
        }),
    };
    answered.unwrap_or_else(|error| {
        voice::fail(&error);
        error.ending()
    })
}

fn verb(verb: Verb, project: &Asked) -> Result<Ending, Error> {
    let config = &project.config;
    match verb {
        Verb::Plan { explain: true, .. } => {
            voice::answer(&explained(project))?;
            Ok(Ending::Green)
        }
        Verb::Plan { selection, probe, format, shards, costs, .. } => {
            plans::plan(&selection.into(), probe, format, (shards, costs.as_deref()), config)
        }
        Verb::Lock { lines, check: true, .. } => plans::stale(&lines, config),
        Verb::Lock { lines, upgrade, .. } => {
            plans::lock(&lines, if upgrade { How::Upgrade } else { How::Keep }, config)
        }
        Verb::Provision { selection } => provision(&selection.into(), config),
        Verb::Build { selection } => parts::build(&selection.into(), config),
        Verb::Run { selection, partial, manner, pytest } => {
            parts::run(&selection.into(), &partial, &manner, &pytest, config)
        }
        Verb::Merge { runs, strict } => parts::merge(&runs, strict, config),
        Verb::Compare { before, after, format, strict } => {
            compare::compare(&before, &after, format, strict, config)
        }
        Verb::History { reports, into, html } => history::add(&reports, &into, html.as_deref()),
        Verb::Report { run, format, output, open } => {
            let report = reports::answer(run.as_deref(), format, output.as_deref(), open, config)?;
            Ok(ending(&report))
        }
        Verb::Mutants { cells, pytest } => mutants::run(cells, &pytest, config),
        Verb::Repro { cell } => again(&cell, config),
        Verb::Shell { cell, command } => shell::inside(&cell, &command, config),
        Verb::Postgres { major, command } => postgres::beside(&major, &command, config),
        Verb::Doctor { path, log, format } => doctor(&path, log.as_deref(), format),
        Verb::Init => project::init(),
        Verb::Clean { runs } => {
            let what = if runs { disk::What::Runs } else { disk::What::Everything };
            voice::answer(&(message::cleaned(&disk::clean(config, what)?) + "\n"))?;
            Ok(Ending::Green)
        }
    }
}

/// The commands that run a cell again.
fn again(asked: &str, config: &Config) -> Result<Ending, Error> {
    let cell = plan::cell(config, asked)?;
    // Refused here where its commands would be.
    plan::plan(config, &Request { cells: vec![asked.to_owned()], ..Request::default() })?;
    voice::answer(&repro::render(&cell, offers(&cell, config)))?;
    Ok(Ending::Green)
}

/// What was inferred, and what of the user's shell the tests would see.
fn explained(project: &Asked) -> String {
    let facts = project.inferred.as_ref().map(|inferred| inferred.facts.as_slice());
    let named = &project.config.suite.pass_env;
    let set = pass_env::of(named, std::env::vars_os());
    message::explained(facts, named, &set.keys().map(String::as_str).collect::<Vec<_>>())
}

/// What the project offers for a cell. The image, the compose file and the flake hold nothing that is `extra`.
fn offers(cell: &CellId, config: &Config) -> Offers {
    let read = |names: &[&str]| {
        names.iter().find_map(|name| std::fs::read_to_string(config.root.join(name)).ok()).unwrap_or_default()
    };
    let compose = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];
    if plan::is_extra(config, cell) {
        return Offers::default();
    }
    Offers::of(&read(&compose), &read(&["flake.nix"]))
}

fn provision(request: &Request, config: &Config) -> Result<Ending, Error> {
    let plan = plan::plan(config, request)?;
    let processes = Processes::start(secrets::redacted)?;
    let context = Context::new(config, &processes, &tell);
    let _lock = CheckoutLock::acquire(&config.target())?;
    let _watch = voice::watch(Expected::default);
    tell(&Event::Begins(Phase::Provision));
    let tools = tools::provide(&context)?;
    let preparation = Preparation { plan: &plan, tools: &tools, context: &context, workers: jobs(None) };
    let interpreters = preparation.interpreters();
    let services = preparation.services();
    let complete = interpreters.values().all(Result::is_ok) && services.values().all(Result::is_ok);
    voice::answer(&message::provision(&tools.found(), &found(&interpreters, &services, config)))?;
    if processes.interrupted() {
        return Ok(Ending::Interrupted);
    }
    Ok(if complete { Ending::Green } else { Ending::Failed })
}

fn ending(report: &Report) -> Ending {
    if report.verdict.green { Ending::Green } else { Ending::Red }
}

/// What is wrong with a project, or with the build that left a log.
fn doctor(path: &Path, log: Option<&Path>, format: Notation) -> Result<Ending, Error> {
    let diagnosis = if let Some(log) = log {
        pyo3_doctor::explain(log)?
    } else {
        let processes = Processes::start(secrets::redacted)?;
        pyo3_doctor::examine(path, &|question| ask(question, &processes))?
    };
    match format {
        Notation::Text => voice::answer(&pyo3_doctor::report::text::render(&diagnosis))?,
        Notation::Json => voice::document(&pyo3_doctor::report::json::render(&diagnosis)?, Kind::Json)?,
        Notation::Github => voice::commands(&pyo3_doctor::report::github::render(&diagnosis))?,
    }
    Ok(match (diagnosis.findings.is_empty(), diagnosis.unseen.is_empty()) {
        (false, _) => Ending::Red,
        (true, false) => Ending::Failed,
        (true, true) => Ending::Green,
    })
}

/// Runs a program for doctor, which starts none by itself.
fn ask(question: &Question<'_>, processes: &Processes) -> Result<Answer, AskError> {
    let command = Command::new(question.program).args(question.arguments);
    let command = question.variables.iter().fold(command, |command, (key, value)| command.env(key, value));
    let failed = |error: &ProcessError| AskError::Failed(error.to_string());
    let ran = command.folder(question.folder).limit(question.limit).run(processes);
    let ran = ran.map_err(|error| failed(&error))?;
    match ran.exit {
        Exit::Code(code) => Ok(Answer { success: code == 0, stdout: ran.stdout, tail: ran.tail }),
        Exit::Interrupted => Err(AskError::Interrupted),
        _ => match ran.check() {
            Err(error) => Err(failed(&error)),
            Ok(ran) => Ok(Answer { success: true, stdout: ran.stdout, tail: ran.tail }),
        },
    }
}

/// A command with these variables too.
fn with(command: Command, variables: Vec<(String, String)>) -> Command {
    variables.into_iter().fold(command, |command, (name, value)| command.env(name, value))
}

/// The user's command, or the user's shell.
fn handed_over(command: &[OsString]) -> Command {
    match command {
        [] => Command::new(users_shell()),
        [program, arguments @ ..] => Command::new(program).args(arguments),
    }
}

fn users_shell() -> OsString {
    std::env::var_os("SHELL").unwrap_or_else(|| OsStr::new("/bin/sh").to_owned())
}

fn foreground(command: Command, processes: &Processes) -> Result<Ending, Error> {
    voice::rest();
    Ok(match command.foreground(processes)? {
        Exit::Code(code) => Ending::Command(u8::try_from(code).unwrap_or(1)),
        Exit::Signal(number) => Ending::Command(u8::try_from(128 + number).unwrap_or(1)),
        Exit::TimedOut(_) | Exit::Interrupted => Ending::Interrupted,
    })
}

fn jobs(asked: Option<u16>) -> usize {
    asked.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from)
}
