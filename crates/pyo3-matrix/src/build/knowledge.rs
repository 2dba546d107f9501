//! What is known about a plan before anything is compiled? Locks, earlier probes and variables at once; the
//! compiler's version and new probes only if they are requested.

use crate::build::check::TAINTS;
use crate::build::probe::{self, ProbeError};
use crate::build::stable;
use crate::config::Config;
use crate::model::cell::{Line, WheelId};
use crate::model::event::{self, Event};
use crate::plan::Plan;
use crate::plan::legality::{Knowledge, Source, State, legality};
use crate::provision::Context;
use pyo3_doctor::lockfile::Lockfile;

/// Reads what the disk and the environment show. It starts no process.
#[must_use]
pub fn gather(plan: &Plan, config: &Config) -> Knowledge {
    let mut known = Knowledge { stable: stable::foretell(config), ..Knowledge::default() };
    for wheel in wheels(plan) {
        let lock = known.locks.entry(wheel.line).or_insert_with(|| lock(wheel.line, config));
        let kept = lock.as_ref().ok().and_then(|lock| probe::kept(config, wheel.python, lock));
        known.probed.extend(kept.map(|probed| (wheel, probed)));
    }
    if config.extension.locks.is_none() {
        // They are made before a build. What is there now may be of an earlier state of the project.
        known.locks.clear();
    }
    let set = |name: &&&str| std::env::var_os(name).is_some_and(|value| value == "1");
    known.taints = TAINTS.iter().filter(set).map(|name| (*name).to_owned()).collect();
    known
}

/// Which (Python, line) pairs are probed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    All,
    /// The pairs that are not plainly legal by the known facts.
    Doubtful,
}

/// Asks `pyo3-ffi` about every pair that has no answer yet.
pub fn probe(
    plan: &Plan,
    which: Which,
    known: &mut Knowledge,
    context: &Context<'_>,
) -> Result<(), ProbeError> {
    let open: Vec<WheelId> = wheels(plan)
        .into_iter()
        .filter(|wheel| !known.probed.contains_key(wheel) && is_open(*wheel, which, known, context.config))
        .collect();
    for wheel in open {
        let asking = Event::Asking { line: wheel.line, python: wheel.python };
        match event::during(context.tell, &asking, || probe::probe(wheel, context)) {
            Ok(probed) => drop(known.probed.insert(wheel, probed)),
            // A run continues with the known facts; its build will show the rest.
            Err(error) if which == Which::Doubtful && !context.processes.interrupted() => {
                (context.tell)(&Event::NoAnswer { reason: &error.to_string() });
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether the probe of `wheel` could change its forecast. It cannot if the lock, the pairing or the toolchain is
/// wrong.
fn is_open(wheel: WheelId, which: Which, known: &Knowledge, config: &Config) -> bool {
    let Some(spec) = config.line(wheel.line) else { return false };
    let foretold = legality(spec, wheel.python, known);
    match foretold.source {
        Source::Lock | Source::Pairing | Source::Toolchain => false,
        _ => which == Which::All || foretold.state != State::Legal,
    }
}

/// Returns every (Python, line) that the plan runs, or builds on purpose to see it fail.
fn wheels(plan: &Plan) -> Vec<WheelId> {
    let negatives = plan.negatives.iter().map(|planned| &planned.negative);
    let negatives = negatives.filter_map(|n| Some(WheelId { python: n.python?, line: n.line }));
    let mut wheels: Vec<WheelId> =
        plan.live().map(crate::model::cell::CellId::wheel).chain(negatives).collect();
    wheels.sort();
    wheels.dedup();
    wheels
}

fn lock(line: Line, config: &Config) -> Result<Lockfile, String> {
    let path = config.line_lock(line);
    let text = std::fs::read_to_string(&path);
    let shown = path.strip_prefix(&config.root).unwrap_or(&path).display();
    let text = text.map_err(|error| format!("{shown}: {error}"))?;
    Lockfile::parse(&text).map_err(|error| format!("{shown}: {error}"))
}

/// `1.95` of `rustc 1.95.0 (…)`.
#[must_use]
pub fn rustc(toolchain: &str) -> Option<(u16, u16)> {
    let version = toolchain.strip_prefix("rustc ")?.split_whitespace().next()?;
    let mut numbers = version.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_compiler_says_its_version_first() {
        assert_eq!(super::rustc("rustc 1.95.0 (59807616e 2026-04-14)\nbinary: rustc\n"), Some((1, 95)));
        assert_eq!(super::rustc("rustc 1.97.0-nightly (x)"), Some((1, 97)));
        assert_eq!(super::rustc("clang 19"), None);
    }
}
