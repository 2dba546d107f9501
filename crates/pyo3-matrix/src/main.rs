//! `cargo matrix`: does the bridge hold on every Python, Postgres and `PyO3` release? Parse, dispatch, exit code.

mod build;
mod cell;
mod cli;
mod config;
mod disk;
mod dispatch;
mod doctor;
mod error;
mod facts;
mod judge;
mod measure;
mod message;
mod outcome;
mod plan;
mod process;
mod provision;
mod record;
mod report;
mod run;

use clap::Parser;

fn main() -> std::process::ExitCode {
    if let Some(token) = process::guardian_token() {
        process::guard(&token);
        return std::process::ExitCode::SUCCESS;
    }
    dispatch::answer(cli::Cli::parse()).into()
}
