//! The whole of a run: a plan in, a folder of records out. Provision, build, install, test in parallel, measure alone.

mod attempt;
pub mod cell;
pub mod clock;
mod must_fail;
mod noise;
pub mod pool;
pub mod prepare;
mod rehearse;
mod wheels;

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fs_err as fs;

use crate::build::environment::{Environment, Locked};
use crate::build::wheel::{Origin, Wheel};
use crate::config::Config;
use crate::model::cell::WheelId;
use crate::model::document;
use crate::model::event::{Event, Phase, Progress};
use crate::model::failure::{Failure, Provided};
use crate::model::ledger::Ledger;
use crate::model::record::{self, Attempt, Durations, Outcome, Record, Thoroughness};
use crate::plan::part::Cut;
use crate::plan::{Plan, Planned};
use crate::provision::tools;
use crate::provision::{Context, ProvisionError};
use crate::store::alive::Alive;
use crate::store::checkout::{CheckoutError, CheckoutLock};
use crate::store::folder::RunFolder;
use crate::store::intent::Intent;
use attempt::Tries;
use cell::{Benchmarks, Ready};
use clock::Clock;
use prepare::{OfCell, Preparation, Prepared};

/// How to run.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub benchmarks: Benchmarks,
    /// How many cells are tested at the same time.
    pub jobs: usize,
    /// How often the tests of a cell run again where they failed.
    pub retries: usize,
}

impl Options {
    /// The stages that every cell of a run has to come through.
    #[must_use]
    pub fn stages(&self, config: &Config) -> Thoroughness {
        let nothing = config.suite.benchmarks.is_empty() && config.suite.kit.is_none();
        if nothing { Thoroughness::Tests } else { self.benchmarks.stages() }
    }
}

/// Why a run could not be made. A cell that fails is no such reason.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Checkout(#[from] CheckoutError),
    #[error(transparent)]
    Provision(#[from] ProvisionError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Runs what `intent` plans, while the caller holds the checkout. Interrupted, it returns early with what there is.
pub fn run(
    intent: Intent,
    options: Options,
    _held: &CheckoutLock,
    context: &Context<'_>,
) -> Result<RunFolder, RunError> {
    let target = context.config.target();
    let plan = &intent.plan.clone();
    let cut = intent.part.as_ref().map(|part| &part.cut);
    let further = matches!(cut, Some(Cut::Retry { .. } | Cut::Explain { .. }));
    let folder = RunFolder::create(&target, intent)?;
    let _alive = Alive::claim(&folder)?;
    // What comes after another run counts together with it; the merge of both is the latest.
    if !further {
        folder.becomes_latest(&target)?;
    }
    let mut clock = Clock::start();
    (context.tell)(&Event::Begins(Phase::Provision));
    let tools = match clock.phase("tools", || tools::provide(context), |_, wall| wall) {
        Err(ProvisionError::Interrupted) => {
            keep_accounts(&folder, clock.settle(Vec::new(), 0, 0), context);
            return Ok(folder);
        }
        tools => tools?,
    };
    let preparation = Preparation { plan, tools: &tools, context, workers: options.jobs };
    let prepared = prepare_unless_refused(&preparation, &mut clock);
    if !plan.negatives.is_empty() {
        clock.phase("negative", || must_fail::run(plan, &folder, context), |(), wall| wall);
    }
    rehearse::record(plan, &prepared, &folder, context)?;
    let run = Run { plan, options, context, folder: &folder, prepared: &prepared };
    let mut records = clock.phase("tests", || run.tests(), |records, wall| tests_work(records, wall));
    if options.stages(context.config) != Thoroughness::Tests {
        let measured = |seconds: &f64, wall: Duration| Duration::from_secs_f64(*seconds).min(wall);
        clock.phase("benchmarks", || run.benchmarks(&mut records), measured);
    }
    let found = std::iter::once(tools.found()).chain(prepared.found(context.config));
    let found = found.filter(|found| found.place.is_ok()).map(|found| found.to_string()).collect();
    let (built, kept) = (prepared.count(Origin::Built), prepared.count(Origin::Kept));
    clock.phase("shutdown", || drop(prepared), |(), _| Duration::ZERO);
    let mut ledger = clock.settle(found, built, kept);
    ledger.suite = context.config.suite.arguments();
    ledger.cells_tested = records.iter().filter(|record| record.durations.tests > 0.0).count();
    ledger.cells_measured = records.iter().filter(|record| record.durations.benchmarks > 0.0).count();
    keep_accounts(&folder, ledger, context);
    Ok(folder)
}

/// Writes a run's accounts, and whether it was told to stop.
fn keep_accounts(folder: &RunFolder, mut ledger: Ledger, context: &Context<'_>) {
    ledger.interrupted = context.processes.interrupted();
    if let Err(error) = document::write(&folder.path.join("ledger.json"), &ledger) {
        (context.tell)(&Event::LedgerNotWritten { error: &error });
    }
}

/// The wheels of `plan` alone, built or found.
pub fn wheels(plan: &Plan, context: &Context<'_>) -> Result<Provided<WheelId, Wheel>, RunError> {
    let _lock = CheckoutLock::acquire(&context.config.target())?;
    (context.tell)(&Event::Begins(Phase::Provision));
    let tools = tools::provide(context)?;
    let preparation = Preparation { plan, tools: &tools, context, workers: 1 };
    let prepared = Prepared { interpreters: preparation.interpreters(), ..Prepared::default() };
    (context.tell)(&Event::Begins(Phase::Wheels));
    Ok(preparation.wheels(&prepared))
}

/// Everything before the first cell, where some cell could run.
fn prepare_unless_refused<'p>(preparation: &Preparation<'_, 'p>, clock: &mut Clock) -> Prepared<'p> {
    match cell::refuse_tests_inside(preparation.context.config) {
        Ok(()) => prepare(preparation, clock),
        Err(failure) => Prepared::refused(preparation.plan, &failure),
    }
}

/// Everything before the first cell, phase by phase.
pub fn prepare<'p>(preparation: &Preparation<'_, 'p>, clock: &mut Clock) -> Prepared<'p> {
    let mut prepared = Prepared::default();
    let context = preparation.context;
    let both = || {
        std::thread::scope(|scope| {
            let services = scope.spawn(|| preparation.services());
            let interpreters = preparation.interpreters();
            (interpreters, services.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        })
    };
    (prepared.interpreters, prepared.services) = clock.phase("provision", both, |_, _| Duration::ZERO);
    (context.tell)(&Event::Provisioned { found: &prepared.found(context.config) });
    if context.processes.interrupted() {
        return prepared;
    }
    (context.tell)(&Event::Begins(Phase::Wheels));
    let made = |locked: &Provided<_, Locked>, wall| any(locked, |locked| locked.fresh, wall);
    prepared.locked = clock.phase("environments", || preparation.locked(&prepared), made);
    if context.processes.interrupted() {
        return prepared;
    }
    let built = |wheels: &Provided<_, Wheel>, wall| any(wheels, |wheel| wheel.origin == Origin::Built, wall);
    prepared.wheels = clock.phase("build", || preparation.wheels(&prepared), built);
    if context.processes.interrupted() {
        return prepared;
    }
    let installed = |made: &Provided<_, Environment>, wall| any(made, |environment| environment.fresh, wall);
    prepared.environments = clock.phase("install", || preparation.environments(&prepared), installed);
    prepared
}

/// The work of a phase: all of it if any of its things was made or failed. To find them all as they were left is the
/// harness's own time.
fn any<T>(things: &Provided<WheelId, T>, is_made: impl Fn(&T) -> bool, wall: Duration) -> Duration {
    let work = things.values().any(|thing| thing.as_ref().map_or(true, &is_made));
    if work { wall } else { Duration::ZERO }
}

/// The cells of one run.
struct Run<'a, 'p> {
    plan: &'a Plan,
    options: Options,
    context: &'a Context<'p>,
    folder: &'a RunFolder,
    prepared: &'a Prepared<'p>,
}

impl Run<'_, '_> {
    /// The correctness stage of every cell, several at a time. A cell whose turn did not come has no record.
    fn tests(&self) -> Vec<Record> {
        let cells: Vec<&Planned> = self.plan.cells.iter().filter(|cell| cell.excluded.is_none()).collect();
        let (done, total) = (AtomicUsize::new(0), cells.len());
        (self.context.tell)(&Event::Begins(Phase::Cells { of: total }));
        let test = |planned: &&Planned| {
            if self.context.processes.interrupted() {
                return None;
            }
            let record = self.test(planned);
            if record.outcome == Outcome::Lost && self.context.processes.interrupted() {
                (self.context.tell)(&Event::CellStopped { cell: &record.cell });
                return None;
            }
            let record = self.keep(record);
            let at = done.fetch_add(1, Ordering::Relaxed) + 1;
            (self.context.tell)(&Event::CellTested { record: &record, at: Progress { at, of: total } });
            Some(record)
        };
        pool::each(self.options.jobs, &cells, test).into_iter().flatten().collect()
    }

    fn test(&self, planned: &Planned) -> Record {
        match self.ready(planned) {
            Ok(ready) => {
                let tries = self.tries(&ready, &[], Durations::default(), Vec::new());
                attempt::attempts(tries, || ready.tests(self.context))
            }
            Err(Failure { outcome, reason }) => {
                Record::empty(planned.cell.clone(), planned.requested.clone(), outcome, Some(reason))
            }
        }
    }

    fn ready<'a>(&'a self, planned: &'a Planned) -> Result<Ready<'a, 'a>, Failure> {
        if let Some(legality) = planned.impossible() {
            return Err(Failure::from(legality));
        }
        let OfCell { environment, services } = self.prepared.for_cell(&planned.cell, self.context.config)?;
        Ok(Ready { planned, environment, services, folder: self.folder.cell(&planned.cell) })
    }

    /// Measures every cell whose tests passed, also one that is flaky, alone on the machine. Returns the seconds that test processes lived.
    fn benchmarks(&self, records: &mut [Record]) -> f64 {
        let passed = |record: &Record| matches!(record.outcome, Outcome::Passed | Outcome::Flaky);
        let total = records.iter().filter(|record| passed(record)).count();
        if total > 0 {
            (self.context.tell)(&Event::Begins(Phase::Benchmarks { of: total }));
        }
        let mut at = 0;
        for record in records.iter_mut().filter(|record| passed(record)) {
            let planned = self.plan.cells.iter().find(|planned| planned.cell == record.cell);
            let Some(Ok(ready)) = planned.map(|planned| self.ready(planned)) else { continue };
            if self.context.processes.interrupted() {
                break;
            }
            *record = self.keep(self.measure(&ready, record));
            at += 1;
            (self.context.tell)(&Event::CellMeasured { record, at: Progress { at, of: total } });
        }
        records.iter().map(|record| record.durations.benchmarks).sum()
    }

    /// The record of a cell with its benchmark stage.
    fn measure(&self, ready: &Ready<'_, '_>, tested: &Record) -> Record {
        let tries = self.tries(ready, &cell::BENCHMARK_FILES, tested.durations, tested.attempts.clone());
        attempt::attempts(tries, || {
            let mut record = Record { attempts: Vec::new(), ..tested.clone() };
            ready.benchmarks(&mut record, self.options.benchmarks, self.context);
            record
        })
    }

    fn tries<'r>(
        &'r self,
        ready: &'r Ready<'_, '_>,
        writes: &'r [&'r str],
        spent: Durations,
        before: Vec<Attempt>,
    ) -> Tries<'r, 'r> {
        let retries = self.options.retries;
        Tries { folder: &ready.folder, writes, spent, before, retries, context: self.context }
    }

    /// Writes a record. One that cannot be written is told of, and its cell is lost on disk.
    fn keep(&self, record: Record) -> Record {
        if let Err(error) = self.folder.write(&record) {
            // What an earlier stage wrote must not stand for this one.
            let _ = fs::remove_file(self.folder.cell(&record.cell).join(record::FILE));
            (self.context.tell)(&Event::RecordNotWritten { cell: &record.cell, error: &error });
        }
        record
    }
}

/// The part of the tests' wall clock in which test processes lived, over all workers.
fn tests_work(records: &[Record], wall: Duration) -> Duration {
    let own: f64 = records.iter().map(|record| record.durations.tests).sum();
    let busy: f64 = own + records.iter().map(|record| record.durations.harness).sum::<f64>();
    clock::share(wall, own, busy)
}
