//! What does a plan look like on a terminal? What it covers, what it will take, what is not plainly legal, and its cells.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::extent;
use crate::model::cell::CellId;
use crate::plan::coverage::{Coverage, Pairs};
use crate::plan::estimate::Estimate;
use crate::plan::forecast::Forecast;
use crate::plan::legality::{Legality, Source, State};
use crate::plan::{Plan, Planned};
use pyo3_doctor::words::{counted, width, wrapped};

/// Where the text beside a label goes on.
const COLUMN: &str = "          ";

/// The plan as a list of cells, under what it covers, what it will take, and what is not plainly legal.
#[must_use]
pub fn plan(forecast: &Forecast) -> String {
    let Forecast { plan, coverage, estimate, .. } = forecast;
    let mut text = format!("{}\n", wrapped(&format!("{}: {}", plan.preset, extent(plan)), "", "  "));
    text.push_str(&pairs(coverage, plan.live().count()));
    text.push_str(&legality(plan));
    text.push_str(&rehearsed(plan));
    text.push_str(&foretold_failures(plan));
    text.push_str(&estimated(estimate.as_ref()));
    text.push('\n');
    text.push_str(&cells(plan));
    text
}

/// Each cell with what its wheel is built from, or why it is left out. Where that is too wide, the crates of each line stand once
/// above the cells.
fn cells(plan: &Plan) -> String {
    let ids: Vec<String> = plan.cells.iter().map(|planned| planned.cell.to_string()).collect();
    let column = ids.iter().map(String::len).max().unwrap_or_default() + 2;
    let mut of_line = BTreeMap::new();
    for planned in plan.cells.iter().filter(|planned| planned.excluded.is_none()) {
        of_line.entry(planned.cell.line).or_insert_with(|| crates(plan, planned));
    }
    let fits = of_line.values().all(|crates| column + crates.chars().count() <= width());
    let mut text = String::new();
    if !fits {
        for (line, crates) in &of_line {
            let _ = writeln!(text, "{}", wrapped(crates, &format!("{:<10}", format!("line {line}")), COLUMN));
        }
        text.push('\n');
    }
    for (planned, id) in plan.cells.iter().zip(&ids) {
        let first = format!("{id:<column$}");
        let _ = match (&planned.excluded, of_line.get(&planned.cell.line).filter(|_| fits)) {
            (Some(reason), _) => {
                writeln!(text, "{}", wrapped(&format!("skipped: {reason}"), &first, "    "))
            }
            (None, Some(crates)) => writeln!(text, "{first}{crates}"),
            (None, None) => writeln!(text, "{id}"),
        };
    }
    text
}

/// `pyo3 0.30.1, pyo3-async-runtimes 0.30.0`: what the wheel of a cell is built from.
fn crates(plan: &Plan, planned: &Planned) -> String {
    let of_a_crate =
        |name: &str| name != "python" && plan.services.values().all(|service| service.name != name);
    let crates = planned.requested.iter().filter(|(name, _)| of_a_crate(name));
    crates
        .map(|(name, version)| format!("{} {version}", name.replace('_', "-")))
        .collect::<Vec<_>>()
        .join(", ")
}

fn pairs(coverage: &Coverage, cells: usize) -> String {
    let each = coverage.axes.iter().map(|axes| {
        let Pairs { first, second, covered, of } = axes;
        format!("{first} x {second} {covered}/{of}")
    });
    let each = each.collect::<Vec<_>>().join(", ");
    let pairs = format!("{} of {}: {each}", coverage.covered, coverage.of);
    let mut text = format!("{}\n", wrapped(&pairs, "pairs     ", COLUMN));
    if coverage.covered == coverage.of {
        let _ =
            writeln!(text, "          {cells} cells; no set of fewer than {} covers them", coverage.fewest);
    }
    text
}

/// How many cells are legal, experimental and impossible, and each reason for the last two once.
fn legality(plan: &Plan) -> String {
    let foretold = |state| {
        let live = plan.cells.iter().filter(|planned| planned.excluded.is_none());
        live.filter_map(|planned| Some((&planned.cell, planned.legality.as_ref()?)))
            .filter(move |(_, legality)| legality.state == state)
    };
    let probed = foretold(State::Legal).filter(|(_, legality)| legality.source == Source::Probe).count();
    let legal = foretold(State::Legal).count();
    let counts = format!(
        "{legal} legal ({probed} by probe, {} by table), {} experimental, {} impossible",
        legal - probed,
        foretold(State::Experimental).count(),
        foretold(State::Impossible).count()
    );
    let mut text = wrapped(&counts, "legality  ", COLUMN) + "\n";
    for (word, state) in [("experimental", State::Experimental), ("impossible", State::Impossible)] {
        let mut by_reason: BTreeMap<[Option<&String>; 3], Vec<&CellId>> = BTreeMap::new();
        for (cell, Legality { reason, message, fix, .. }) in foretold(state) {
            by_reason.entry([reason.as_ref(), message.as_ref(), fix.as_ref()]).or_default().push(cell);
        }
        for (why, cells) in by_reason {
            let _ = writeln!(text, "  {word}: {}{}", named(&cells), reason(why));
        }
    }
    text
}

/// Why, in the build's own words where they are known, and what to do, each on lines of its own.
fn reason([reason, message, fix]: [Option<&String>; 3]) -> String {
    let parts = [reason.cloned(), message.cloned(), fix.map(|fix| format!("fix: {fix}"))];
    parts.into_iter().flatten().fold(String::new(), |text, part| text + "\n" + &indented(&part))
}

fn named(cells: &[&CellId]) -> String {
    match cells {
        [] => String::new(),
        [one] => one.to_string(),
        [one, rest @ ..] => format!("{one} and {} more", rest.len()),
    }
}

/// Which lines the verdict leaves out.
fn rehearsed(plan: &Plan) -> String {
    let lines: Vec<String> = plan.rehearsed().iter().map(ToString::to_string).collect();
    if lines.is_empty() {
        return String::new();
    }
    let text =
        format!("PyO3 {}, which the manifest does not ask for: no part of the verdict", lines.join(", "));
    format!("{}\n", wrapped(&text, "rehearsed ", COLUMN))
}

fn foretold_failures(plan: &Plan) -> String {
    if plan.negatives.is_empty() {
        return String::new();
    }
    let mut text = format!("negative  {} that must fail\n", counted(plan.negatives.len(), "cell"));
    for planned in &plan.negatives {
        let foretold = planned.legality.as_ref();
        let message = foretold.and_then(|legality| legality.message.clone());
        let message = message.unwrap_or_else(|| "nothing speaks against it: the run will be red".to_owned());
        let _ = writeln!(text, "  {}\n{}", planned.id, indented(&message));
    }
    text
}

fn estimated(estimate: Option<&Estimate>) -> String {
    let Some(estimate) = estimate else {
        return "estimate  none: no earlier run here ran these tests\n".to_owned();
    };
    let Estimate { runs, wheels, tests, benchmarks } = estimate;
    let text = format!(
        "{}: wheels {} if none is kept, tests {}, benchmarks {}; by {}",
        minutes(estimate.total()),
        minutes(*wheels),
        minutes(*tests),
        minutes(*benchmarks),
        counted(*runs, "earlier run")
    );
    format!("{}\n", wrapped(&text, "estimate  ", COLUMN))
}

fn minutes(seconds: f64) -> String {
    if seconds < 90.0 { format!("{seconds:.0} s") } else { format!("{:.0} min", seconds / 60.0) }
}

fn indented(text: &str) -> String {
    wrapped(text, "      ", "      ")
}
