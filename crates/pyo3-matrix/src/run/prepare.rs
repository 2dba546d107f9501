//! What does a run need before its first cell? Interpreters and services side by side, environments with what their locks
//! name, then wheels, which are installed there. What cannot be had is kept with its reason, and the cells that do not need it
//! go on.

use std::collections::BTreeSet;
use std::path::PathBuf;

use fs_err as fs;

use crate::build::environment::{self, Environment, EnvironmentError, Locked};
use crate::build::lock::LockError;
use crate::build::packages;
use crate::build::wheel::{self, Origin, Wheel, WheelError};
use crate::config::service::ServiceId;
use crate::config::{Config, Missing};
use crate::model::cell::{CellId, Python, WheelId};
use crate::model::event::Found;
use crate::model::failure::{Failure, Provided};
use crate::model::record::Outcome;
use crate::plan::Plan;
use crate::plan::legality::{Legality, Source};
use crate::process::ProcessError;
use crate::provision::python::{self, Interpreter};
use crate::provision::tools::Tools;
use crate::provision::{Context, ProvisionError};
use crate::run::pool;
use crate::service::{self, Asked, Service};

/// Everything that cells run on.
#[derive(Default)]
pub struct Prepared<'p> {
    pub interpreters: Provided<Python, Interpreter>,
    pub services: Provided<ServiceId, Box<dyn Service + 'p>>,
    pub locked: Provided<WheelId, Locked>,
    pub wheels: Provided<WheelId, Wheel>,
    pub environments: Provided<WheelId, Environment>,
}

/// What one cell runs on.
pub struct OfCell<'a, 'p> {
    pub environment: &'a Environment,
    /// In the order of matrix.toml.
    pub services: Vec<(&'a ServiceId, &'a (dyn Service + 'p))>,
}

/// The preparation of one plan.
#[derive(Clone, Copy)]
pub struct Preparation<'a, 'p> {
    pub plan: &'a Plan,
    pub tools: &'a Tools,
    pub context: &'a Context<'p>,
    /// How many environments are made at the same time.
    pub workers: usize,
}

impl<'p> Preparation<'_, 'p> {
    /// Finds or fetches every interpreter of the plan, and looks for the lock of its cells.
    #[must_use]
    pub fn interpreters(&self) -> Provided<Python, Interpreter> {
        let pythons: Vec<Python> = self.plan.pythons().into_iter().collect();
        let provide = |&python: &Python| {
            let missing = |error| self.missing(error);
            let locked = |found| match packages::provide(python, &found, self.tools, self.context) {
                Ok(_) => Ok(found),
                Err(error) => Err(Failure::from(error)),
            };
            let found = python::provide(python, self.tools, self.context).map_err(missing);
            (python, found.and_then(locked))
        };
        pool::each(pythons.len(), &pythons, provide).into_iter().collect()
    }

    /// A preset may skip cells whose interpreter is nowhere. An interpreter that a variable names, and that cannot be used,
    /// makes its cells red.
    fn missing(&self, error: ProvisionError) -> Failure {
        let is_nowhere = matches!(error, ProvisionError::NoPython { .. });
        skipped_if(is_nowhere && self.plan.missing == Missing::Skip, error)
    }

    /// Reaches, or finds or fetches and starts, every service of the plan.
    #[must_use]
    pub fn services(&self) -> Provided<ServiceId, Box<dyn Service + 'p>> {
        let services = self.plan.buildable().flat_map(|cell| self.context.config.services_of(cell));
        let services: Vec<ServiceId> = services.collect::<BTreeSet<_>>().into_iter().collect();
        let start = |id: &ServiceId| (id.clone(), self.service(id));
        pool::each(services.len(), &services, start).into_iter().collect()
    }

    fn service(&self, id: &ServiceId) -> Result<Box<dyn Service + 'p>, Failure> {
        let spec = self.context.config.service(id);
        let spec = spec.unwrap_or_else(|| unreachable!("a plan holds services of its config"));
        service::provide(Asked { spec, id }, self.context).map_err(|error| {
            let is_nowhere = matches!(error, ProvisionError::NoService { .. });
            skipped_if(is_nowhere && spec.missing == Missing::Skip, error)
        })
    }

    /// Makes, or finds, an environment for each wheel, with what its lock names: a package that cannot be had is told before
    /// anything is built.
    #[must_use]
    pub fn locked(&self, prepared: &Prepared<'p>) -> Provided<WheelId, Locked> {
        let toolchain = self.toolchain();
        let provide = |&id: &WheelId| {
            toolchain.as_ref().map_err(Clone::clone)?;
            let interpreter = had(&prepared.interpreters, &id.python)?;
            self.is_needed(id, prepared)?;
            let log = self.log("environment", id)?;
            Ok(environment::provide(id, interpreter, self.tools, &log, self.context)?)
        };
        pool::each(self.workers, &self.plan.wheels(), |id| (*id, provide(id))).into_iter().collect()
    }

    /// Installs each wheel in its environment.
    #[must_use]
    pub fn environments(&self, prepared: &Prepared<'p>) -> Provided<WheelId, Environment> {
        let install = |id: &WheelId| {
            let (locked, wheel) = (had(&prepared.locked, id)?, had(&prepared.wheels, id)?);
            Ok(locked.clone().install(wheel.clone(), &self.log("install", *id)?, self.context)?)
        };
        pool::each(self.workers, &self.plan.wheels(), |id| (*id, install(id))).into_iter().collect()
    }

    /// Whether a cell of the wheel has its services. Where none has, nothing is made that no cell could use.
    fn is_needed(&self, id: WheelId, prepared: &Prepared<'p>) -> Result<(), Failure> {
        let mut lacking = Ok(());
        for cell in self.plan.buildable().filter(|cell| cell.wheel() == id) {
            let all = self.context.config.services_of(cell);
            match all.iter().find_map(|service| prepared.services.get(service)?.as_ref().err()) {
                None => return Ok(()),
                Some(failure) => lacking = Err(failure.clone()),
            }
        }
        lacking
    }

    /// The Rust that builds wheels. Without one no wheel can be had, and nothing is made for any.
    pub(super) fn toolchain(&self) -> Result<String, Failure> {
        wheel::toolchain(self.context).map_err(|error| build_failed(&error))
    }

    /// A fresh log under `target/matrix/logs`.
    pub(super) fn log(&self, what: &str, id: WheelId) -> Result<PathBuf, Failure> {
        let folder = self.context.config.target().join("logs");
        let log = folder.join(format!("{what}-{id}.log"));
        let fresh = fs::create_dir_all(folder).and_then(|()| fs::write(&log, ""));
        fresh.map_err(|error| Failure { outcome: Outcome::ProvisionFailed, reason: error.to_string() })?;
        Ok(log)
    }
}

/// The failure of what cannot be had. Its first line is enough where its cells are skipped.
fn skipped_if(skipped: bool, error: ProvisionError) -> Failure {
    let failure = Failure::from(error);
    if !skipped {
        return failure;
    }
    let reason = failure.reason.lines().next().unwrap_or_default().to_owned();
    Failure { outcome: Outcome::Skipped { reason: reason.clone() }, reason }
}

/// Which interpreters and services there are and where, and why the rest is not.
#[must_use]
pub fn found(
    interpreters: &Provided<Python, Interpreter>,
    services: &Provided<ServiceId, Box<dyn Service + '_>>,
    config: &Config,
) -> Vec<Found> {
    let missing = |name: String, failure: &Failure| Found { name, place: Err(failure.reason.clone()) };
    let interpreters = interpreters.iter().map(|(python, provided)| match provided {
        Ok(Interpreter { version, source, path, .. }) => {
            Found { name: format!("Python {version}"), place: Ok(format!("{source}: {}", path.display())) }
        }
        Err(failure) => missing(format!("Python {python}"), failure),
    });
    let services = services.iter().filter_map(|(id, provided)| {
        let asked = Asked { spec: config.service(id)?, id };
        Some(match provided {
            Ok(service) => {
                let version = service.version().map(|version| format!("{} {version}", asked.spec.title));
                Found { name: version.unwrap_or_else(|| asked.title()), place: Ok(service.place()) }
            }
            Err(failure) => missing(asked.title(), failure),
        })
    });
    interpreters.chain(services).collect()
}

impl<'p> Prepared<'p> {
    /// Nothing, since no cell of the plan could be tested.
    #[must_use]
    pub fn refused(plan: &Plan, failure: &Failure) -> Prepared<'p> {
        let interpreters = plan.pythons().into_iter().map(|python| (python, Err(failure.clone()))).collect();
        Prepared { interpreters, ..Prepared::default() }
    }

    /// Everything that was looked for.
    #[must_use]
    pub fn found(&self, config: &Config) -> Vec<Found> {
        found(&self.interpreters, &self.services, config)
    }

    /// How many wheels come from there. One that serves several Pythons is one wheel.
    #[must_use]
    pub fn count(&self, origin: Origin) -> usize {
        let wheels = self.wheels.values().flatten().filter(|wheel| wheel.origin == origin);
        wheels.map(|wheel| &wheel.key).collect::<BTreeSet<_>>().len()
    }

    /// What a cell runs on, or why it cannot run.
    pub fn for_cell(&self, cell: &CellId, config: &Config) -> Result<OfCell<'_, 'p>, Failure> {
        had(&self.interpreters, &cell.python)?;
        let services = config.services_of(cell).into_iter().map(|id| {
            let (id, _) = self.services.get_key_value(&id).ok_or_else(interrupted)?;
            Ok((id, had(&self.services, id)?.as_ref()))
        });
        let services = services.collect::<Result<_, Failure>>()?;
        had(&self.wheels, &cell.wheel())?;
        Ok(OfCell { environment: had(&self.environments, &cell.wheel())?, services })
    }
}

/// A thing of `all`, or why it is not there.
pub(super) fn had<'a, K: Ord, V>(all: &'a Provided<K, V>, key: &K) -> Result<&'a V, Failure> {
    match all.get(key) {
        Some(Ok(thing)) => Ok(thing),
        Some(Err(failure)) => Err(failure.clone()),
        None => Err(interrupted()),
    }
}

fn interrupted() -> Failure {
    Failure { outcome: Outcome::Lost, reason: "interrupted before its turn".to_owned() }
}

fn build_failed(error: &dyn std::fmt::Display) -> Failure {
    Failure { outcome: Outcome::BuildFailed, reason: error.to_string() }
}

/// A child that was stopped because the harness was is no failure of its stage.
fn of_process(error: &ProcessError, outcome: Outcome) -> Failure {
    match error {
        ProcessError::Interrupted => Failure { outcome: Outcome::Lost, reason: error.to_string() },
        // A build that misses a crate says nothing of the code.
        ProcessError::Offline { .. } => {
            Failure { outcome: Outcome::ProvisionFailed, reason: error.to_string() }
        }
        _ => Failure { outcome, reason: error.to_string() },
    }
}

impl From<ProvisionError> for Failure {
    fn from(error: ProvisionError) -> Self {
        let outcome = match error {
            ProvisionError::Interrupted => Outcome::Lost,
            _ => Outcome::ProvisionFailed,
        };
        Failure { outcome, reason: error.to_string() }
    }
}

/// What the plan foretold, as the cell's record will have it.
impl From<&Legality> for Failure {
    fn from(legality: &Legality) -> Self {
        let outcome = match legality.source {
            Source::Pairing => Outcome::Mismatch,
            _ => Outcome::BuildFailed,
        };
        let part = |text: &Option<String>| text.clone().unwrap_or_default();
        let message = legality.message.as_ref().map_or_else(String::new, |message| format!(": {message}"));
        let reason =
            format!("{}{message}; nothing was built\nhint: {}", part(&legality.reason), part(&legality.fix));
        Failure { outcome, reason }
    }
}

impl From<LockError> for Failure {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Process(error) => of_process(&error, Outcome::BuildFailed),
            error => build_failed(&error),
        }
    }
}

impl From<WheelError> for Failure {
    fn from(error: WheelError) -> Self {
        match error {
            WheelError::Process(error) => of_process(&error, Outcome::BuildFailed),
            error => build_failed(&error),
        }
    }
}

impl From<EnvironmentError> for Failure {
    fn from(error: EnvironmentError) -> Self {
        match error {
            EnvironmentError::Process(error) => of_process(&error, Outcome::ProvisionFailed),
            error => Failure { outcome: Outcome::ProvisionFailed, reason: error.to_string() },
        }
    }
}
