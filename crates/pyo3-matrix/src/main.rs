//! `cargo matrix`: does the bridge hold on every Python, `PyO3` line and service release? Parse, dispatch, exit code.

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

fn main() -> std::process::ExitCode {
    if let Some(token) = process::guardian_token() {
        if process::guard(&token) == process::Ended::Killed {
            service::sweep_after_kill();
        }
        return std::process::ExitCode::SUCCESS;
    }
    if let Some((terminal_size::Width(columns), _)) = terminal_size::terminal_size_of(std::io::stdout()) {
        pyo3_doctor::words::fit(columns.into());
    }
    dispatch::answer(cli::Cli::read()).into()
}
