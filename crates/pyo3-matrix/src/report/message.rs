//! Every line of progress and every answer that is not a report. Values in, text out.

mod inferred;
mod plan;
mod progress;

use std::fmt::Write as _;
use std::path::Path;

use crate::build::lock::Refreshed;
use crate::build::wheel::Wheel;
use crate::model::cell::{CellId, Line, Release, WheelId};
use crate::model::event::Found;
use crate::model::failure::Provided;
use crate::model::program;
use crate::model::rehearsal::Edit;
use crate::plan::Plan;
use crate::plan::part::Part;
use crate::report::history::History;
use crate::report::model::numbers::size;
use crate::report::{compare, html};
use crate::store::disk::Cleaned;
use crate::store::retention::Pruned;
use pyo3_doctor::words::{counted, wrapped};

pub use inferred::{explained, inferred, initiated};
pub use plan::plan;
use progress::provisioned;
pub use progress::{building, is_red, phase, progress};

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

/// What `lock --check` says where the project keeps no locks of lines.
pub const NOT_KEPT: &str =
    "nothing to check: [extension] names no `locks`, so a run makes them from Cargo.lock\n";

/// That a line's lock was made from the project's own.
#[must_use]
pub fn derived(line: Line, packages: usize) -> String {
    format!("{line}  made from the project's Cargo.lock, {}\n", counted(packages, "package"))
}

/// The requirements that a line does not go with: a lock never changes them without a word.
#[must_use]
pub fn edited(edits: &[Edit]) -> String {
    let mut text =
        String::from("  the manifest does not ask for this line: its cells rehearse an upgrade that takes\n");
    for edit in edits {
        let _ = writeln!(text, "    {edit}");
    }
    text
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
    let _ = writeln!(text, "  hint: {} lock {line}", program::command());
    text
}

/// `20 cells on 5 wheels: Python 3.9 … 3.13, NATS 2.9 2.10, PyO3 0.30`.
#[must_use]
pub fn extent(plan: &Plan) -> String {
    let (cells, wheels) = (plan.live().count(), plan.wheels());
    let excluded = plan.cells.len() - cells;
    let builds = plan.builds().len();
    let lines: std::collections::BTreeSet<_> = wheels.iter().map(|wheel| wheel.line).collect();
    if wheels.is_empty() {
        return format!("{}, none of which is built", counted(cells, "cell"));
    }
    // A stable ABI that no wheel of this plan shares changes nothing that is counted here.
    let stable = Some(list(&plan.stable)).filter(|_| builds < wheels.len());
    let mut text = format!(
        "{} on {}{}: Python {}",
        counted(cells, "cell"),
        counted(builds, "wheel"),
        stable.map(|tags| format!(" ({tags})")).unwrap_or_default(),
        list(plan.pythons()),
    );
    let releases = plan.releases();
    let mut tags: Vec<&String> = releases.iter().map(|release| &release.tag).collect();
    tags.dedup();
    for tag in tags {
        let numbers = releases.iter().filter(|release| release.tag == *tag).map(Release::number);
        let _ =
            write!(text, ", {} {}", plan.services.get(tag).map_or(tag, |named| &named.title), list(numbers));
    }
    let _ = write!(text, ", PyO3 {}", list(lines));
    for values in choices(plan) {
        let _ = write!(text, ", {}", list(values));
    }
    if excluded > 0 {
        let _ = write!(text, "; {excluded} skipped");
    }
    text
}

/// The values of each free axis, as the plan first names them.
fn choices(plan: &Plan) -> Vec<Vec<&String>> {
    let mut axes: Vec<Vec<&String>> = Vec::new();
    for cell in plan.live() {
        axes.resize(axes.len().max(cell.choices.len()), Vec::new());
        for (axis, value) in axes.iter_mut().zip(&cell.choices) {
            if !axis.contains(&value) {
                axis.push(value);
            }
        }
    }
    axes
}

/// The plan as the shards of so many machines, each with its cells and the wheels that it needs.
#[must_use]
pub fn shards(plan: &Plan, shards: &[Vec<CellId>]) -> String {
    let mut text = format!("{}\n", wrapped(&format!("{}: {}", plan.preset, extent(plan)), "", "  "));
    let builders = plan.builders();
    let builder = |cell: &CellId| builders.get(&cell.wheel()).copied().unwrap_or_else(|| cell.wheel());
    for (at, cells) in shards.iter().enumerate() {
        let wheels: std::collections::BTreeSet<WheelId> = cells.iter().map(builder).collect();
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

/// What more runs for the sake of an explanation.
#[must_use]
pub fn explains(cells: &[CellId]) -> String {
    let names: Vec<String> = cells.iter().map(ToString::to_string).collect();
    wrapped(&format!("to tell what explains the failures: {}", names.join(", ")), "", "  ")
}

/// Why no further cell explains anything.
#[must_use]
pub fn not_explained(run: &str, changed: &[&str]) -> String {
    let changed = changed.join(" and ");
    wrapped(
        &format!("{changed} changed since run {run}: further cells would not explain it, and none is run"),
        "",
        "  ",
    )
}

/// Why a retry is judged by itself.
#[must_use]
pub fn not_merged(run: &str, changed: &[&str]) -> String {
    format!(
        "note      {} changed since run {run}: this verdict is about the cells run again alone\n          \
         `{} run` judges all of them anew",
        changed.join(" and "),
        program::command()
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
pub fn error(text: &str, hint: Option<&str>) -> String {
    let hint = hint.map(|hint| format!("hint: {hint}"));
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

/// The answer of `provision`: what was found, and whole reasons for what is missing.
#[must_use]
pub fn provision(tools: &Found, found: &[Found]) -> String {
    let mut text = format!("{}\n  {tools}\n", provisioned(found));
    for reason in found.iter().filter_map(|found| found.place.as_ref().err()) {
        let _ = writeln!(text, "\n{reason}");
    }
    text
}

/// The first line of a text that may have hints below it.
fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// What a history holds, and what its newest run changed.
#[must_use]
pub fn history(history: &History, file: &Path) -> String {
    let runs = counted(history.runs.len(), "run");
    let mut text = format!("{}: {runs}", file.display());
    if let Some(run) = history.runs.last() {
        let cells = counted(run.of, "cell");
        let _ = write!(text, ", the newest {}: {}/{cells} green", run.name(), run.green_cells);
    }
    text.push('\n');
    if let Some(compared) = history.changed() {
        let _ = writeln!(text, "since the run before: {}", compare::model::Model::of(&compared).verdict);
    }
    text
}

/// Where a report was written.
#[must_use]
pub fn written(file: &Path) -> String {
    format!("written   {}", shown(file))
}

/// Where the report is, and what the harness keeps on disk.
#[must_use]
pub fn kept(run: &Path, target: &Path, bytes: u64) -> String {
    format!(
        "report    {}\ncache     {} in {} (`{} clean` frees it)",
        shown(&run.join(html::FILE)),
        size(bytes),
        shown(target),
        program::command()
    )
}

#[must_use]
pub fn cleaned(cleaned: &Cleaned) -> String {
    let mut text = format!("freed {}", size(cleaned.bytes));
    for cache in &cleaned.in_use {
        let _ = write!(text, "\nleft {}: a harness uses it at this moment", cache.display());
    }
    if !cleaned.in_use.is_empty() {
        let clean = format!("{} clean", program::command());
        let _ = write!(text, "\nhint: `{clean}` empties it once that harness has ended");
    }
    if let Some((folder, bytes)) = &cleaned.shared {
        let (folder, bytes) = (folder.display(), size(*bytes));
        let _ = write!(text, "\nleft {folder}, {bytes}: all your projects share these tools");
        let _ = write!(text, "\nhint: `rm -r {folder}` removes them, while no harness runs");
    }
    text
}

/// What was removed at the end of a run, and why it was.
#[must_use]
pub fn pruned(pruned: &Pruned) -> Option<String> {
    let counts = [(pruned.runs, "earlier run"), (pruned.wheels, "wheel")];
    let what: Vec<String> =
        counts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| counted(*n, what)).collect();
    let removed = (!what.is_empty()).then(|| {
        let freed = size(pruned.bytes);
        format!("removed {}, {freed}: [keep] in matrix.toml says how many stay", what.join(" and "))
    });
    let failed =
        pruned.failed.as_ref().map(|error| format!("an earlier run or wheel cannot be removed: {error}"));
    let lines: Vec<String> = removed.into_iter().chain(failed).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// A path as seen from here.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_after_a_clean_is_named_with_the_way_to_remove_it() {
        let folder = || "/home/x/.cache/pyo3-matrix/tools".into();
        let left = Cleaned { bytes: 1024, in_use: vec![], shared: Some((folder(), 2048)) };
        let expected = "freed 1.0 KiB\nleft /home/x/.cache/pyo3-matrix/tools, 2.0 KiB: all your projects share these tools\n\
                        hint: `rm -r /home/x/.cache/pyo3-matrix/tools` removes them, while no harness runs";
        assert_eq!(cleaned(&left), expected);
        assert_eq!(cleaned(&Cleaned::default()), "freed 0 B");
    }
}
