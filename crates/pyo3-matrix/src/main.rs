//! `cargo matrix`: does the bridge hold on every Python, Postgres and `PyO3` release? Parse, dispatch, exit code.

mod basis;
mod build;
mod cell;
mod cli;
mod config;
mod cost;
mod coverage;
mod disk;
mod dispatch;
mod error;
mod estimate;
mod forecast;
mod github;
mod judge;
mod legality;
mod measure;
mod merge;
mod message;
mod negative;
mod outcome;
mod part;
mod plan;
mod process;
mod provision;
mod record;
mod report;
mod repro;
mod run;
mod shard;

use clap::Parser;

fn main() -> std::process::ExitCode {
    if let Some(token) = process::guardian_token() {
        if process::guard(&token) == process::Ended::Killed {
            provision::external::sweep_after_kill();
        }
        return std::process::ExitCode::SUCCESS;
    }
    dispatch::answer(cli::Cli::parse()).into()
}
