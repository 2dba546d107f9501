//! Which wheel does each (Python, line) of a plan install? Interpreters in, wheels out, built one after another. A wheel of
//! the stable ABI is built for the oldest Python that its tag promises, and serves the others of its line.

use std::collections::BTreeMap;
use std::time::{Instant, SystemTime};

use fs_err as fs;

use crate::build::derived;
use crate::build::line::Project;
use crate::build::wheel::{Order, Wheel, WheelError};
use crate::model::cell::{Line, WheelId};
use crate::model::event::{self, Event, Progress};
use crate::model::failure::{Failure, Provided};
use crate::model::stable::Stable;
use crate::provision::python::Interpreter;
use crate::run::prepare::{Preparation, Prepared, had};

/// A wheel of the stable ABI, or the reason why it cannot be had, for all Pythons of its line that its tag promises.
struct Promise {
    line: Line,
    stable: Stable,
    wheel: Result<Wheel, Failure>,
}

/// Why a wheel could not be had, and what it had promised where it was built.
struct Unbuilt {
    failure: Failure,
    stable: Option<Stable>,
}

/// What all builds of a run need.
struct Builds<'a, 'p> {
    toolchain: Result<String, Failure>,
    prepared: &'a Prepared<'p>,
    projects: Provided<Line, Project>,
}

impl<'p> Preparation<'_, 'p> {
    /// Builds, or finds, every wheel of the plan: one after another, since cargo uses every core for one.
    #[must_use]
    pub fn wheels(&self, prepared: &Prepared<'p>) -> Provided<WheelId, Wheel> {
        let mut builds = Builds { toolchain: self.toolchain(), prepared, projects: BTreeMap::new() };
        let (mut wheels, mut promised, mut at) = (BTreeMap::new(), Vec::new(), 0);
        let foretold = self.plan.builds().len();
        for id in self.plan.wheels() {
            if self.context.processes.interrupted() {
                break;
            }
            let serving = promised.iter().find(|promise: &&Promise| promise.serves(id));
            let wheel = if let Some(promise) = serving {
                builds.has_a_use(id).and_then(|_| self.served(id, promise))
            } else {
                at += 1;
                let built = self.wheel(id, &mut builds, Progress { at, of: foretold.max(at) });
                promised.extend(Promise::of(id.line, &built));
                built.map_err(|unbuilt| unbuilt.failure)
            };
            wheels.insert(id, wheel);
        }
        wheels
    }

    fn served(&self, id: WheelId, promise: &Promise) -> Result<Wheel, Failure> {
        let wheel = promise.wheel.clone()?;
        let name = wheel.path.file_name().unwrap_or_default().to_string_lossy();
        (self.context.tell)(&Event::WheelServes { id, wheel: &name });
        Ok(wheel)
    }

    fn wheel(&self, id: WheelId, builds: &mut Builds<'_, 'p>, at: Progress) -> Result<Wheel, Unbuilt> {
        let toolchain = builds.toolchain.as_deref().map_err(Clone::clone)?;
        let interpreter = builds.has_a_use(id)?;
        let synthesise = || derived::project(id.line, self.context).map_err(Failure::from);
        let project = builds.projects.entry(id.line).or_insert_with(synthesise);
        let project = project.as_ref().map_err(Clone::clone)?;
        let order = Order { id, project, interpreter, toolchain, tools: self.tools };
        if let Some(kept) = order.kept(self.context.config)? {
            used(&kept);
            return Ok(kept);
        }
        let (begun, log) = (Instant::now(), self.log("build", id)?);
        let begins = Event::WheelBegins { id, at };
        let wheel = event::during(self.context.tell, &begins, || order.build(&log, self.context))?;
        (self.context.tell)(&Event::WheelEnds { id, at, took: begun.elapsed() });
        Ok(wheel)
    }
}

impl<'a> Builds<'a, '_> {
    /// The interpreter of a wheel that a cell can use: nothing is built for cells that lack anything else. `cargo matrix
    /// build` makes no environments, and every wheel counts.
    fn has_a_use(&self, id: WheelId) -> Result<&'a Interpreter, Failure> {
        let interpreter = had(&self.prepared.interpreters, &id.python)?;
        match self.prepared.locked.get(&id) {
            Some(Err(failure)) => Err(failure.clone()),
            _ => Ok(interpreter),
        }
    }
}

/// Marks a kept wheel as used now: those that were not used for long are removed first.
fn used(wheel: &Wheel) {
    let folder = wheel.path.parent().map(fs::File::open);
    // A wheel that cannot be marked is only removed, and built again, earlier than others.
    let _ = folder.map(|folder| folder.and_then(|folder| folder.set_modified(SystemTime::now())));
}

impl Promise {
    /// None where the wheel is not of the stable ABI, or where nothing says of what ABI it would have been.
    fn of(line: Line, built: &Result<Wheel, Unbuilt>) -> Option<Promise> {
        let stable = match built {
            Ok(wheel) => wheel.stable.clone(),
            Err(unbuilt) => unbuilt.stable.clone(),
        };
        let wheel = match built {
            Ok(wheel) => Ok(wheel.clone()),
            Err(unbuilt) => Err(unbuilt.failure.clone()),
        };
        Some(Promise { line, stable: stable?, wheel })
    }

    fn serves(&self, id: WheelId) -> bool {
        self.line == id.line && self.stable.serves(id.python)
    }
}

impl From<Failure> for Unbuilt {
    fn from(failure: Failure) -> Self {
        Unbuilt { failure, stable: None }
    }
}

impl From<WheelError> for Unbuilt {
    fn from(error: WheelError) -> Self {
        let stable = match &error {
            WheelError::NotStable { stable, .. } => Some(stable.clone()),
            _ => None,
        };
        Unbuilt { failure: Failure::from(error), stable }
    }
}
