//! `cargo matrix`: does the bridge hold on every Python, `PyO3` line and service release? Parse, dispatch, exit code.
//!
//! The library has one public function, for its two programs; everything else is private.

use std::ffi::OsString;
use std::process::ExitCode;

mod build;
mod cli;
mod config;
mod dispatch;
mod error;
mod infer;
mod model;
mod plan;
mod process;
mod provision;
mod report;
mod run;
mod service;
mod store;
mod verdict;

/// Does what the command line asks. `arguments` begin with the program's own name, as in [`std::env::args_os`].
#[must_use]
pub fn main(arguments: &[OsString]) -> ExitCode {
    if let Some(token) = process::guardian_token(arguments) {
        if process::guard(&token) == process::Ended::Killed {
            service::sweep_after_kill();
        }
        return ExitCode::SUCCESS;
    }
    let [package, path] = ["CARGO_PKG_NAME", "PATH"].map(std::env::var_os);
    let word = arguments.first().map(OsString::as_os_str).unwrap_or_default();
    model::program::started(word, package.as_deref(), path.as_deref());
    if let Some((terminal_size::Width(columns), _)) = terminal_size::terminal_size_of(std::io::stdout()) {
        pyo3_doctor::words::fit(columns.into());
    }
    dispatch::answer(cli::Cli::read(arguments)).into()
}
