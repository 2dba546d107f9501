//! Every line of progress and every answer that is not a report. Values in, text out.

mod plan;

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use crate::build::lock::Refreshed;
use crate::build::wheel::Wheel;
use crate::error::Error;
use crate::model::cell::{CellId, Line, Postgres, Python, WheelId};
use crate::model::record::{Outcome, Record};
use crate::plan::Plan;
use crate::plan::foretold::{Ending, NegativeRecord};
use crate::plan::part::Part;
use crate::provision::python::Interpreter;
use crate::provision::tools::Tools;
use crate::report::grid::style;
use crate::run::prepare::{Prepared, Provided};
use crate::service::server::Server;
use pyo3_doctor::words::{counted, wrapped};

pub use plan::plan;

/// What became of a line's lock file.
#[must_use]
pub fn refreshed(line: Line, refreshed: &Refreshed) -> String {
    match refreshed {
        Refreshed::Unchanged { packages } => {
            format!("{line}  unchanged, {}\n", counted(*packages, "package"))
        }
        Refreshed::Made { packages } => format!("{line}  made, {}\n", counted(*packages, "package")),
        Refreshed::Written { packages, changes } => {
            let packages = counted(*packages, "package");
            let mut text = format!("{line}  written, {packages}, {}\n", counted(changes.len(), "change"));
            for change in changes {
                let _ = writeln!(text, "  {change}");
            }
            text
        }
    }
}

/// How a line's lock file is stale, if it is.
#[must_use]
pub fn stale(line: Line, faults: &[String]) -> String {
    if faults.is_empty() {
        return format!("{line}  up to date\n");
    }
    let mut text = format!("{line}  stale\n");
    for fault in faults {
        let _ = writeln!(text, "  {fault}");
    }
    let _ = writeln!(text, "  hint: cargo matrix lock {line}");
    text
}

/// One negative cell has failed, or has not.
#[must_use]
pub fn negative_ended(record: &NegativeRecord, (at, total): (usize, usize)) -> String {
    let what = match record.ending {
        Ending::AsForetold => "failed as foretold",
        Ending::Otherwise => "failed otherwise than foretold",
        Ending::Built => "builds, and must not",
        Ending::Lost => "lost",
    };
    format!("[{at}/{total}] {}  {what}, {:.1} s", record.id, record.seconds)
}

#[must_use]
pub fn negative_not_written(id: &str, error: &std::io::Error) -> String {
    format!("{id}: its record cannot be written: {error}")
}

/// `20 cells on 5 wheels: Python 3.9 … 3.13, Postgres 13 … 16, PyO3 0.30`.
#[must_use]
pub fn extent(plan: &Plan) -> String {
    let (cells, wheels) = (plan.cells.len(), plan.wheels());
    let excluded = cells - plan.live().count();
    let lines: std::collections::BTreeSet<_> = wheels.iter().map(|wheel| wheel.line).collect();
    if wheels.is_empty() {
        return format!("{}, none of which is built", counted(cells, "cell"));
    }
    let mut text = format!(
        "{} on {}: Python {}, Postgres {}, PyO3 {}",
        counted(cells, "cell"),
        counted(wheels.len(), "wheel"),
        list(plan.pythons()),
        list(plan.majors()),
        list(lines),
    );
    if excluded > 0 {
        let _ = write!(text, "; {excluded} skipped");
    }
    text
}

/// The plan as the shards of so many machines, each with its cells and the wheels that it needs.
#[must_use]
pub fn shards(plan: &Plan, shards: &[Vec<CellId>]) -> String {
    let mut text = format!("{}\n", wrapped(&format!("{}: {}", plan.preset, extent(plan)), "", "  "));
    for (at, cells) in shards.iter().enumerate() {
        let wheels: std::collections::BTreeSet<WheelId> = cells.iter().map(|cell| cell.wheel()).collect();
        let (cells_text, wheels_text) = (counted(cells.len(), "cell"), counted(wheels.len(), "wheel"));
        let _ = write!(text, "\nshard {}/{}: {cells_text} on {wheels_text}\n", at + 1, shards.len());
        for cell in cells {
            let _ = writeln!(text, "{cell}");
        }
    }
    text
}

/// The first line of a run.
#[must_use]
pub fn begins(plan: &Plan, part: Option<&Part>) -> String {
    let part = part.map(|part| format!(", {part}")).unwrap_or_default();
    format!("{}{part}: {}", plan.preset, extent(plan))
}

#[must_use]
pub fn nothing_failed(run: &str) -> String {
    format!("every cell of run {run} is green; nothing to run again")
}

/// Why a retry is judged by itself.
#[must_use]
pub fn not_merged(run: &str, changed: &[&str]) -> String {
    format!(
        "note      {} changed since run {run}: this verdict is about the cells run again alone\n          \
         `cargo matrix run` judges all of them anew",
        changed.join(" and ")
    )
}

/// The wheels that were built or kept, with their keys, and why others could not be.
#[must_use]
pub fn wheels(wheels: &Provided<WheelId, Wheel>) -> String {
    let mut text = String::new();
    for (id, had) in wheels {
        let _ = match had {
            Ok(wheel) => writeln!(text, "{:<20}{}", id.to_string(), wheel.path.display()),
            Err(failure) => writeln!(text, "{:<20}{}: {}", id.to_string(), failure.outcome, failure.reason),
        };
    }
    text
}

/// What ended the harness, for standard error: what is wrong, and what to do. What another program wrote stays as it was.
#[must_use]
pub fn error(error: &Error) -> String {
    let (text, hint) = (error.to_string(), error.hint().map(|hint| format!("hint: {hint}")));
    let mut lines = text.lines().chain(hint.as_deref());
    let first = wrapped(lines.next().unwrap_or_default(), "error: ", "       ");
    lines.fold(first, |text, line| {
        let is_ours = line.starts_with("hint: ");
        let line = if is_ours { wrapped(line, "", "      ") } else { line.to_owned() };
        text + "\n" + &line
    })
}

fn list<T: ToString>(values: impl IntoIterator<Item = T>) -> String {
    values.into_iter().map(|value| value.to_string()).collect::<Vec<_>>().join(" ")
}

/// What was found where, for the log of a run.
#[must_use]
pub fn found(tools: &Tools, prepared: &Prepared<'_>) -> Vec<String> {
    let interpreters = prepared.interpreters.values().flatten().map(interpreter);
    let servers = prepared.servers.values().flatten().map(server);
    std::iter::once(self::tools(tools)).chain(interpreters).chain(servers).collect()
}

/// What was found where, and what was not, as a person reads it while a run begins.
#[must_use]
pub fn provisioned(
    interpreters: &Provided<Python, Interpreter>,
    servers: &Provided<Postgres, Server<'_>>,
) -> String {
    let mut text = "found".to_owned();
    for (python, had) in interpreters {
        let _ = match had {
            Ok(found) => write!(text, "\n  {}", interpreter(found)),
            Err(failure) => write!(text, "\n  Python {python}: {}", first_line(&failure.reason)),
        };
    }
    for (major, had) in servers {
        let _ = match had {
            Ok(had) => write!(text, "\n  {}", server(had)),
            Err(failure) => write!(text, "\n  Postgres {major}: {}", first_line(&failure.reason)),
        };
    }
    text
}

fn tools(tools: &Tools) -> String {
    let version = |name| tools.version(name).unwrap_or("?");
    let (tox, maturin, uv) = (version("tox"), version("maturin"), version("uv"));
    format!("{:<16}tox {tox}, maturin {maturin}, uv {uv}, on Python {}", "tools", tools.python_version())
}

fn interpreter(interpreter: &Interpreter) -> String {
    let Interpreter { version, source, path, .. } = interpreter;
    format!("{:<16}{source}: {}", format!("Python {version}"), path.display())
}

fn server(server: &Server<'_>) -> String {
    format!("{:<16}{server}", format!("Postgres {}", server.version()))
}

/// The answer of `provision`: the same with the tools, and whole reasons for what is missing.
#[must_use]
pub fn provision(
    tools: &Tools,
    interpreters: &Provided<Python, Interpreter>,
    servers: &Provided<Postgres, Server<'_>>,
) -> String {
    let mut text = format!("{}\n  {}\n", provisioned(interpreters, servers), self::tools(tools));
    let failures = interpreters.values().filter_map(|had| had.as_ref().err());
    for failure in failures.chain(servers.values().filter_map(|had| had.as_ref().err())) {
        let _ = writeln!(text, "\n{}", failure.reason);
    }
    text
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

#[must_use]
pub fn wheel_begins(id: WheelId, (at, total): (usize, usize)) -> String {
    format!("[{at}/{total}] building wheel {id}")
}

#[must_use]
pub fn wheel_ends(id: WheelId, (at, total): (usize, usize), time: Duration) -> String {
    format!("[{at}/{total}] built wheel {id} in {:.1} s", time.as_secs_f64())
}

/// One cell's tests are over.
#[must_use]
pub fn cell_tested(record: &Record, (at, total): (usize, usize)) -> String {
    let style = style(&record.outcome);
    let width = total.to_string().len();
    let what = match &record.outcome {
        Outcome::Passed => counted(record.tests.len(), "test"),
        _ => record.reason.as_deref().map(first_line).unwrap_or_default().to_owned(),
    };
    let (id, seconds) = (record.cell.to_string(), record.durations.tests);
    format!("[{at:>width$}/{total}] {id:<23}{style}{}{style:#}  {what}, {seconds:.1} s", record.outcome)
}

/// One cell's benchmarks are over.
#[must_use]
pub fn cell_measured(record: &Record, (at, total): (usize, usize)) -> String {
    let width = total.to_string().len();
    let id = record.cell.to_string();
    let ratios = record.comparisons.iter().map(|c| format!("{} {:.2}x", c.name, c.speedup.ratio));
    let what = match &record.outcome {
        Outcome::Passed => ratios.collect::<Vec<_>>().join(", "),
        _ => record.reason.as_deref().map(first_line).unwrap_or_default().to_owned(),
    };
    format!("[{at:>width$}/{total}] {id:<23}measured  {what}")
}

#[must_use]
pub fn ledger_not_written(error: &std::io::Error) -> String {
    format!("where the time went cannot be written: {error}")
}

#[must_use]
pub fn record_not_written(cell: CellId, error: &std::io::Error) -> String {
    format!("{cell}: its record cannot be written: {error}")
}

/// Where the report is, and what the harness keeps on disk.
#[must_use]
pub fn kept(run: &Path, target: &Path, bytes: u64) -> String {
    format!(
        "report    {}\ncache     {} in {} (`cargo matrix clean` frees it)",
        shown(&run.join("report.json")),
        size(bytes),
        shown(target)
    )
}

#[must_use]
pub fn cleaned(bytes: u64) -> String {
    format!("freed {}", size(bytes))
}

/// A path as seen from here.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(path).display().to_string()
}

fn size(bytes: u64) -> String {
    let mib = bytes >> 20;
    if mib >= 10 * 1024 { format!("{} GiB", mib >> 10) } else { format!("{mib} MiB") }
}
