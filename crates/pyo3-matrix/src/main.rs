//! `cargo matrix`: does the bridge hold on every Python, Postgres and `PyO3` release? Parse, dispatch, exit code.

mod basis;
mod build;
mod cell;
mod cli;
mod config;
mod cost;
mod disk;
mod dispatch;
mod error;
#[cfg_attr(not(test), expect(dead_code, reason = "plan and doctor, the next changes, read it"))]
mod facts;
mod github;
mod judge;
mod measure;
mod merge;
mod message;
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
        process::guard(&token);
        return std::process::ExitCode::SUCCESS;
    }
    dispatch::answer(cli::Cli::parse()).into()
}
