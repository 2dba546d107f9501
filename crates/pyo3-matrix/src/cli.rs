//! What can be asked on the command line? Flags in, a [`Request`] or another verb out; nothing is done here.

pub mod axes;
mod formats;

use std::ffi::OsString;
use std::path::PathBuf;

use axes::Axes;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
pub use formats::{ComparisonFormat, Notation, PlanFormat, ReportFormat};
use pyo3_doctor::words::width;

use crate::config::ConfigError;
use crate::model::program;
use crate::plan::Request;
use crate::plan::shard::Shard;
use crate::report::history;
use crate::run::cell::Benchmarks;

/// Runs a PyO3 async extension on every Python, PyO3 and service release that it supports.
///
/// Exit codes: 0 the verdict is green; 1 it is not; 2 the request is wrong; 3 the harness or the machine failed; 130
/// interrupted.
#[derive(Debug, Parser)]
#[command(name = "cargo matrix", bin_name = "cargo matrix", version)]
pub struct Cli {
    /// The file that lists the versions [default: the nearest matrix.toml upwards]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[command(subcommand)]
    pub verb: Verb,
}

impl Cli {
    /// Reads the command line: the program's name, then what was typed. An error says what is wrong with `matrix.toml`,
    /// without which an option is not known.
    pub fn read(arguments: &[OsString]) -> Result<Cli, ConfigError> {
        let learned = axes::learn(arguments);
        let command = Cli::command().bin_name(program::name());
        let parsed = command.term_width(width()).try_get_matches_from(arguments);
        match (parsed.and_then(|matches| Cli::from_arg_matches(&matches)), learned) {
            (Ok(cli), _) => Ok(cli),
            // Without a file the axes are those of every matrix.
            (Err(error), Err(unreadable))
                if error.kind() == ErrorKind::UnknownArgument
                    && !matches!(unreadable, ConfigError::Missing(_)) =>
            {
                Err(unreadable)
            }
            (Err(error), _) => with_near_verb(error).exit(),
        }
    }
}

/// An error about a verb that there is not, with the one that was meant: clap does not take letters that changed places
/// for near.
fn with_near_verb(mut error: clap::Error) -> clap::Error {
    let Some(ContextValue::String(asked)) = error.get(ContextKind::InvalidSubcommand) else { return error };
    if error.get(ContextKind::SuggestedSubcommand).is_some() {
        return error;
    }
    let command = Cli::command();
    let near = |verb: &&str| strsim::damerau_levenshtein(verb, asked) <= asked.len().div_ceil(3);
    let verbs = command.get_subcommands().map(clap::Command::get_name).filter(near);
    let verbs: Vec<String> = verbs.map(str::to_owned).collect();
    if !verbs.is_empty() {
        error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(verbs));
    }
    error
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List the cells of a preset: what they cover, and which can be built
    Plan {
        #[command(flatten)]
        selection: Selection,
        /// Ask pyo3-ffi itself about each Python that it was not asked about yet
        #[arg(long)]
        probe: bool,
        /// How the plan is written
        #[arg(long, value_enum, default_value_t = PlanFormat::Text)]
        format: PlanFormat,
        /// Cut the plan into this many parts for as many machines
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
        shards: Option<u16>,
        /// Balance the shards by what cells took in RUN: an id, a folder or a costs.json [default: by count]
        #[arg(long, value_name = "RUN", requires = "shards")]
        costs: Option<String>,
        /// Say what was inferred where there is no matrix.toml, each value with its source
        #[arg(long)]
        explain: bool,
    },
    /// Write what is inferred without a matrix.toml as one, to be corrected
    Init,
    /// Make or refresh the lock files of PyO3 lines, or say which are stale
    Lock {
        /// Lines, such as 0.30 [default: all]
        #[arg(value_name = "LINE")]
        lines: Vec<String>,
        /// Change nothing; exit with 1 if one is stale
        #[arg(long, conflicts_with = "upgrade")]
        check: bool,
        /// Move every package to the newest release that the manifest's rust-version takes
        #[arg(long)]
        upgrade: bool,
    },
    /// Find or fetch the tools, interpreters and servers that the cells need
    Provision {
        #[command(flatten)]
        selection: Selection,
    },
    /// Build the wheels that the cells need, and keep them for later runs
    Build {
        #[command(flatten)]
        selection: Selection,
    },
    /// Build, test and measure the cells, and judge what came out
    Run {
        #[command(flatten)]
        selection: Selection,
        #[command(flatten)]
        partial: Partial,
        #[command(flatten)]
        manner: Manner,
        /// Further arguments of pytest, such as -k NAME -x
        #[arg(last = true, value_name = "PYTEST", conflicts_with = "failed")]
        pytest: Vec<String>,
    },
    /// Judge the partial runs of any machines as one
    Merge {
        /// Runs' folders, or folders that hold some
        #[arg(required = true, value_name = "RUN")]
        runs: Vec<PathBuf>,
        /// Exit with 1 where a cell of a rehearsed line is red as well
        #[arg(long)]
        strict: bool,
    },
    /// Show what a run meant, from its records
    Report {
        /// A run's id or folder [default: the latest]
        run: Option<String>,
        /// How the report is written
        #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
        format: ReportFormat,
        /// Write it to FILE, whole or not at all, and not to standard output
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Open it in the browser, as HTML: FILE, else the one in the run's folder
        #[arg(long, conflicts_with = "format")]
        open: bool,
    },
    /// Say what is different in run B: what regressed, what is fixed, what costs more
    ///
    /// A run is named by its id, its folder, its report.json, or by a commit (a
    /// branch, a tag, HEAD~1) of which a run with a clean tree is kept.
    /// Exit codes: 0 nothing regressed, 1 a cell or a test did, 2 no such run.
    Compare {
        /// The run to compare with
        #[arg(value_name = "A")]
        before: String,
        /// The run in question
        #[arg(value_name = "B")]
        after: String,
        /// How the comparison is written
        #[arg(long, value_enum, default_value_t = ComparisonFormat::Text)]
        format: ComparisonFormat,
        /// Exit with 1 also where cells became slower, fatter or flaky
        #[arg(long)]
        strict: bool,
    },
    /// Add runs to a history: what changed, and the trend of each criterion and cell
    ///
    /// The newest 90 runs stay, and a run that is in it already is replaced.
    /// Exit codes: 0 whatever the runs say, 2 a file cannot be used; the history is
    /// as it was then.
    History {
        /// Reports to add: a report.json, or the folder of a run
        #[arg(value_name = "REPORT", required_unless_present = "html")]
        reports: Vec<PathBuf>,
        /// The history, which is made where there is none
        #[arg(long, value_name = "FILE", default_value = history::FILE)]
        into: PathBuf,
        /// Write the history as a page for people to FILE as well
        #[arg(long, value_name = "FILE")]
        html: Option<PathBuf>,
    },
    /// Run the matrix of the project with planted faults, and show which check caught each
    Mutants {
        /// Only these cells
        #[arg(long = "cell", value_name = "CELL")]
        cells: Vec<String>,
        /// Arguments of pytest, such as -k fork-hangs
        #[arg(last = true, value_name = "PYTEST")]
        pytest: Vec<String>,
    },
    /// Print the commands that run one cell again: as it is, in Docker, in Nix
    Repro {
        /// A cell's id, such as py3.12-pg16-pyo3_0.30
        cell: String,
    },
    /// Open a shell in a cell's environment beside its server, or run one command there
    Shell {
        /// A cell's id, such as py3.12-pg16-pyo3_0.30
        cell: String,
        /// A program and its arguments [default: your shell]
        #[arg(last = true)]
        command: Vec<OsString>,
    },
    /// Start a throwaway server and run a command with its PG* variables
    Postgres {
        /// A major of matrix.toml, such as 16
        major: String,
        /// A program and its arguments [default: your shell]
        #[arg(last = true)]
        command: Vec<OsString>,
    },
    /// Find what is wrong with any PyO3 project, or explain a build that failed
    ///
    /// Examines a crate, a workspace, a lock file or a manifest alone (that one is
    /// resolved in a temporary copy). Exit codes: 0 clean, 1 findings, 2 not a
    /// Cargo project, 3 no findings, but not all could be looked at.
    Doctor {
        /// A folder, a Cargo.toml or a lock file
        #[arg(default_value = ".")]
        path: PathBuf,
        /// Explain this log of cargo or rustc instead (`-` for standard input)
        #[arg(long, value_name = "FILE", conflicts_with = "path")]
        log: Option<PathBuf>,
        /// How findings are written
        #[arg(long, value_enum, default_value_t = Notation::Text)]
        format: Notation,
    },
    /// Remove what the harness keeps on disk
    Clean {
        /// Only the folders of earlier runs
        #[arg(long)]
        runs: bool,
    },
}

impl Verb {
    /// Whether it looks at the sources of the project, and not only at what is kept of it.
    #[must_use]
    pub fn needs_checkout(&self) -> bool {
        match self {
            Verb::Plan { explain, .. } => !explain,
            Verb::Lock { .. }
            | Verb::Provision { .. }
            | Verb::Build { .. }
            | Verb::Run { .. }
            | Verb::Shell { .. } => true,
            Verb::Init
            | Verb::Merge { .. }
            | Verb::Report { .. }
            | Verb::Compare { .. }
            | Verb::History { .. }
            | Verb::Mutants { .. }
            | Verb::Repro { .. }
            | Verb::Postgres { .. }
            | Verb::Doctor { .. }
            | Verb::Clean { .. } => false,
        }
    }
}

/// Which cells.
#[derive(Debug, Args)]
pub struct Selection {
    /// A named set of cells in matrix.toml [default: the one marked `default`]
    #[arg(long, value_name = "NAME", conflicts_with = "cells")]
    preset: Option<String>,
    /// One cell, such as py3.12-pg16-pyo3_0.30; may be given again
    #[arg(long = "cell", value_name = "ID")]
    cells: Vec<String>,
    #[command(flatten)]
    axes: Axes,
    /// With the cells of these lines that must not build
    #[arg(long)]
    negative: bool,
}

/// How they are run.
#[derive(Debug, Args)]
pub struct Manner {
    /// How thorough the benchmarks are [default: quick, or as in the run that --failed names]
    #[arg(long, value_enum)]
    pub benchmarks: Option<Benchmarks>,
    /// How many cells to test at the same time [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// How often the tests of a cell run again where they failed; one that passes then is flaky
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub retries: u16,
    /// Exit with 1 where a cell of a rehearsed line is red as well
    #[arg(long)]
    pub strict: bool,
    /// Where several causes would explain a failure, run the cells that tell them apart
    #[arg(long, conflicts_with_all = ["only", "shard", "failed"])]
    pub explain: bool,
}

/// Which of them, where they are shared with other machines or were run before.
#[derive(Debug, Default, Args)]
pub struct Partial {
    /// Only these cells of the selection, as a part of it for `merge`
    #[arg(long, value_name = "LIST", value_delimiter = ',', conflicts_with = "shard")]
    pub only: Vec<String>,
    /// The Ith of N balanced parts of the selection, for `merge`
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// Balance the shards by what cells took in RUN; the same for each of them [default: by count]
    #[arg(long, value_name = "RUN", requires = "shard")]
    pub costs: Option<String>,
    /// Only the cells that did not pass in RUN [default: the latest], then judge both runs together
    #[arg(
        long,
        value_name = "RUN",
        num_args = 0..=1,
        default_missing_value = "latest",
        conflicts_with_all = ["preset", "cells", axes::GROUP, "negative", "only", "shard"]
    )]
    pub failed: Option<String>,
}

impl From<Selection> for Request {
    fn from(selection: Selection) -> Request {
        let Selection { preset, cells, axes: Axes(axes), negative } = selection;
        Request { preset, cells, axes, negative }
    }
}
