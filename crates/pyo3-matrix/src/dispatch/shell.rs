//! What answers `cargo matrix shell`? A cell's environment and services, handed over to the user's terminal.

use std::ffi::OsString;
use std::path::Path;

use super::startup::{self, Inside};
use super::{foreground, handed_over, tell, with};
use crate::config::{Config, pass_env};
use crate::error::{Ending, Error};
use crate::model::secrets;
use crate::plan::{self, Request};
use crate::process::Processes;
use crate::provision::{Context, tools};
use crate::run;
use crate::run::clock::Clock;
use crate::run::prepare::{OfCell, Preparation};
use crate::service;
use crate::store::checkout::CheckoutLock;

/// Runs `command`, or the user's shell, in the cell `asked`.
pub fn inside(asked: &str, command: &[OsString], config: &Config) -> Result<Ending, Error> {
    let cell = plan::cell(config, asked)?;
    let plan = plan::plan(config, &Request { cells: vec![asked.to_owned()], ..Request::default() })?;
    let processes = Processes::start(secrets::redacted)?;
    let context = Context::new(config, &processes, &tell);
    let lock = CheckoutLock::acquire(&config.target())?;
    let tools = tools::provide(&context)?;
    let preparation = Preparation { plan: &plan, tools: &tools, context: &context, workers: 1 };
    let prepared = run::prepare(&preparation, &mut Clock::start());
    // From here on only the environment is used, not made: a run may go on beside this shell.
    drop(lock);
    let OfCell { environment, services } = prepared.for_cell(&cell, config)?;
    let held = service::hold(&services, "shell", None)?;
    let services = services.iter().filter_map(|(_, service)| service.bin());
    let bins: Vec<&Path> = std::iter::once(environment.bin()).chain(services).collect();
    let Inside { command, folder } = match command {
        [] => startup::shell(&bins, &processes)?,
        _ => Inside { command: handed_over(command), folder: None },
    };
    let passed = pass_env::of(&config.suite.pass_env, std::env::vars_os());
    let command = passed.iter().fold(command, |command, (name, value)| command.env(name, value));
    let command = with(command, held.env());
    let choices = config.choices(&cell).flat_map(|choice| &choice.env);
    let command = choices.fold(command, |command, (name, value)| command.env(name, value));
    let command =
        environment.variables().iter().fold(command, |command, (key, value)| command.env(key, value));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = bins.iter().map(|bin| bin.to_path_buf()).chain(std::env::split_paths(&path));
    let path = std::env::join_paths(all).unwrap_or(path);
    let virtual_env =
        environment.bin().parent().map(|folder| folder.as_os_str().to_owned()).unwrap_or_default();
    let command =
        command.env("PATH", path).env("VIRTUAL_ENV", virtual_env).env("PYO3_MATRIX_CELL", cell.to_string());
    let ended = foreground(command.folder(&config.root), &processes);
    drop(folder);
    ended
}
