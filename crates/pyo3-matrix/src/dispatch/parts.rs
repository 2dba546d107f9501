//! Who answers the verbs that run, and that put runs together?

use std::path::PathBuf;

use super::reports::{self, show};
use super::{ending, explain, jobs, tell, voice};
use crate::build::knowledge::{self, Which};
use crate::build::wheel;
use crate::cli::{Manner, Partial};
use crate::config::Config;
use crate::error::{Ending, Error};
use crate::model::cell::CellId;
use crate::model::origin::{self, Origin};
use crate::model::record::{Outcome, Thoroughness};
use crate::model::secrets;
use crate::plan::forecast;
use crate::plan::part::Part;
use crate::plan::{self, Plan, Request};
use crate::process::Processes;
use crate::provision::{Context, host, revision};
use crate::report::Report;
use crate::report::live::Expected;
use crate::report::message;
use crate::report::terminal;
use crate::run::cell::Benchmarks;
use crate::run::{self, Options};
use crate::store::basis::Basis;
use crate::store::checkout::CheckoutLock;
use crate::store::costs;
use crate::store::folder::RunFolder;
use crate::store::intent::{Intent, Terms};
use crate::store::merge::{self, Goal, Piece};
use crate::store::retention;

/// Runs what is asked for, all of it or a part, and judges it.
pub fn run(
    request: &Request,
    partial: &Partial,
    manner: &Manner,
    pytest: &[String],
    config: &Config,
) -> Result<Ending, Error> {
    if let Some(earlier) = &partial.failed {
        return retry(earlier, manner, pytest, config);
    }
    let options = manner.options(Benchmarks::Quick);
    let (plan, part) = narrowed(plan::plan(config, request)?, partial, config)?;
    let config = &asked(&plan, pytest, config);
    let (mut folder, mut interrupted) = run_plan(plan, part, Basis::of(config)?, options, config)?;
    if manner.explain && !interrupted {
        (folder, interrupted) = explain::further(folder, options, config)?;
    }
    let report = show(&folder, config)?;
    Ok(if interrupted { Ending::Interrupted } else { strictly(&report, manner.strict) })
}

/// The config with what the plan's preset and the command line add to pytest's arguments, in this order.
fn asked(plan: &Plan, pytest: &[String], config: &Config) -> Config {
    let config = config.of_preset(&plan.preset);
    if pytest.is_empty() { config } else { config.with_pytest(pytest) }
}

/// How a run ends, where a red rehearsal may count too.
fn strictly(report: &Report, strict: bool) -> Ending {
    let cells = &report.verdict.rehearsals;
    // A rehearsal of which nothing ran has shown nothing.
    let ran = cells.is_empty() || cells.iter().any(|cell| cell.passed > 0);
    let rehearsed = ran && cells.iter().all(|cell| cell.outcome.is_green());
    if strict && !rehearsed { Ending::Red } else { ending(report) }
}

impl Manner {
    /// How to run, with these benchmarks where none were asked for.
    fn options(&self, default: Benchmarks) -> Options {
        let benchmarks = self.benchmarks.unwrap_or(default);
        Options { benchmarks, jobs: jobs(self.jobs), retries: usize::from(self.retries) }
    }
}

/// The part of `plan` that is asked for, or all of it.
fn narrowed(plan: Plan, partial: &Partial, config: &Config) -> Result<(Plan, Option<Part>), Error> {
    let (plan, part) = if let Some(shard) = partial.shard {
        let costs = partial.costs.as_deref().map(|asked| costs::read(config, asked)).transpose()?;
        Part::shard(plan, shard, costs.as_ref())?
    } else if partial.only.is_empty() {
        return Ok((plan, None));
    } else {
        let cells =
            partial.only.iter().map(|asked| plan::cell(config, asked)).collect::<Result<Vec<_>, _>>()?;
        Part::named(plan, &cells)?
    };
    Ok((plan, Some(part)))
}

/// Runs `plan`, and says whether that was interrupted.
pub(super) fn run_plan(
    plan: Plan,
    part: Option<Part>,
    basis: Basis,
    options: Options,
    config: &Config,
) -> Result<(RunFolder, bool), Error> {
    let processes = Processes::start(secrets::redacted)?;
    let context = Context::new(config, &processes, &tell);
    // Before anything is made: what is checked out now is what is built.
    let origin = origin(options, config, &processes);
    // A probe writes the line's project, from which another run may be building.
    let lock = CheckoutLock::acquire(&config.target())?;
    let mut known = knowledge::gather(&plan, config);
    known.rustc = knowledge::rustc(&wheel::toolchain(&context)?);
    knowledge::probe(&plan, Which::Doubtful, &mut known, &context)?;
    let plan = forecast::foretell(plan, config, &known);
    voice::say(&message::begins(&plan, part.as_ref()));
    let terms = Terms::of(config, options.stages(config));
    let intent = Intent { origin, part, ..Intent::of(plan, terms, basis) };
    let watch = voice::watch(|| expected(&intent.plan, options, config));
    let folder = run::run(intent, options, &lock, &context)?;
    drop(watch);
    if let Some(line) = message::pruned(&retention::prune(config, &folder, &lock)) {
        voice::say(&line);
    }
    Ok((folder, processes.interrupted()))
}

/// What a run of `plan` will do, with what earlier runs show of it.
fn expected(plan: &Plan, options: Options, config: &Config) -> Expected {
    let cells: Vec<CellId> = plan.live().cloned().collect();
    let stages = options.stages(config);
    let known = costs::known(config, &cells, stages);
    Expected { cells, jobs: options.jobs, measured: stages != Thoroughness::Tests, known }
}

/// What a run that begins now is made with.
fn origin(options: Options, config: &Config, processes: &Processes) -> Origin {
    let Options { jobs, retries, .. } = options;
    let (benchmarks, pytest) = (options.stages(config), config.added.clone());
    Origin {
        harness: Some(env!("CARGO_PKG_VERSION").to_owned()),
        commit: revision::checked_out(&config.root, &config.target, processes),
        host: Some(host::describe(processes)),
        options: Some(origin::Manner { benchmarks, jobs, retries, pytest }),
    }
}

/// Runs again what did not pass, and judges it together with what did.
fn retry(earlier: &str, manner: &Manner, pytest: &[String], config: &Config) -> Result<Ending, Error> {
    let earlier = Piece::read(RunFolder::open(&config.target(), Some(earlier))?.path)?;
    let Intent { run, plan, terms, part, basis, .. } = earlier.contents.intent.clone();
    let config = &asked(&plan, pytest, config);
    // As thorough as the run that is retried: a retry that leaves out a stage answers nothing.
    let options = manner.options(Benchmarks::of(terms.thoroughness));
    let verdict = reports::read(&earlier.folder)?.report.verdict;
    // A rehearsal is tried again where it counts.
    let rehearsed = verdict.rehearsals.iter().filter(|_| manner.strict);
    let red = verdict.cells.iter().chain(rehearsed).filter(|cell| !verdict.flaky.is_green(&cell.outcome));
    let cells: Vec<CellId> = red.map(|cell| cell.cell.clone()).collect();
    let negatives = verdict.negatives.iter().filter(|negative| !negative.ending.is_green());
    let negatives: Vec<String> = negatives.map(|negative| negative.id.clone()).collect();
    if cells.is_empty() && negatives.is_empty() {
        voice::say(&message::nothing_failed(&run));
        return Ok(ending(&show(&earlier.folder, config)?));
    }
    let now = Basis::of(config)?;
    let changed = basis.differences(&now);
    let whole = part.as_ref().map_or(&plan, |part| &part.whole);
    let (mut retried, retry) = Part::retry(whole.clone(), run.clone(), &cells, &negatives);
    if !changed.is_empty() {
        // The same cells as matrix.toml has them now.
        retried = plan::renewed(config, &retried)?;
    }
    let (folder, interrupted) = run_plan(retried, Some(retry), now, options, config)?;
    if interrupted {
        voice::answer(&terminal::render(&reports::read(&folder)?.report))?;
        return Ok(Ending::Interrupted);
    }
    if !changed.is_empty() {
        // What passed before passed on other sources, and says nothing of these.
        folder.becomes_latest(&config.target())?;
        let report = show(&folder, config)?;
        voice::answer(&(message::not_merged(&run, &changed) + "\n"))?;
        return Ok(ending(&report));
    }
    let pieces = [earlier, Piece::read(folder.path)?];
    let folder = merge::merge(&pieces, Goal { plan, part }, &config.target())?;
    Ok(strictly(&show(&folder, config)?, manner.strict))
}

/// Judges the parts of one run as that run.
pub fn merge(runs: &[PathBuf], strict: bool, config: &Config) -> Result<Ending, Error> {
    let pieces = merge::gather(runs)?;
    let goal = Goal::whole(&pieces)?;
    let folder = merge::merge(&pieces, goal, &config.target())?;
    Ok(strictly(&show(&folder, config)?, strict))
}

/// Builds, or finds, the wheels of what is asked for.
pub fn build(request: &Request, config: &Config) -> Result<Ending, Error> {
    let plan = plan::plan(config, request)?;
    let processes = Processes::start(secrets::redacted)?;
    let context = Context::new(config, &processes, &tell);
    let watch = voice::watch(Expected::default);
    let wheels = run::wheels(&plan, &context)?;
    drop(watch);
    voice::answer(&message::wheels(&wheels))?;
    let failed =
        |outcome: &Outcome| wheels.values().any(|had| had.as_ref().is_err_and(|f| f.outcome == *outcome));
    Ok(if processes.interrupted() {
        Ending::Interrupted
    } else if failed(&Outcome::BuildFailed) {
        Ending::Red
    } else if wheels.values().all(Result::is_ok) {
        Ending::Green
    } else {
        Ending::Failed
    })
}
