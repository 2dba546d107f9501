//! Who answers the verbs that say what would be run, and that keep what it is built from?

use std::io;

use super::{tell, voice};
use crate::build::derived;
use crate::build::knowledge::{self, Which};
use crate::build::lock::{self, How};
use crate::build::wheel;
use crate::cli::PlanFormat;
use crate::config::Config;
use crate::error::{Ending, Error};
use crate::model::secrets::{self, Kind};
use crate::plan::forecast::{self, Forecast};
use crate::plan::shard;
use crate::plan::{self, Plan, Request};
use crate::process::Processes;
use crate::provision::Context;
use crate::report::github;
use crate::report::message;
use crate::store::checkout::CheckoutLock;
use crate::store::costs;
use crate::store::folder::ledgers;

/// How many earlier runs an estimate looks at.
const REMEMBERED: usize = 30;

/// What is asked for, cut into shards where that is wanted, `costs` being what balances them.
pub fn plan(
    request: &Request,
    probe: bool,
    format: PlanFormat,
    (shards, costs): (Option<u16>, Option<&str>),
    config: &Config,
) -> Result<Ending, Error> {
    let plan = foretold(plan::plan(config, request)?, probe, config)?;
    // Earlier runs of another suite say nothing about how long this one takes.
    let config = &config.of_preset(&plan.preset);
    let costs = costs.map(|asked| costs::read(config, asked)).transpose()?;
    let cut = |plan: &Plan, n: usize| shard::cut(plan, costs.as_ref(), n);
    let shards = shards.map(usize::from);
    match (format, shards) {
        (PlanFormat::Text, None) => voice::answer(&message::plan(&forecast(plan, config)))?,
        (PlanFormat::Text, Some(n)) => voice::answer(&message::shards(&plan, &cut(&plan, n)))?,
        (PlanFormat::Json, n) => {
            let shards = n.map(|n| cut(&plan, n));
            let document = Forecast { shards, ..forecast(plan, config) };
            let text = serde_json::to_string_pretty(&document).map_err(io::Error::from)? + "\n";
            voice::document(&text, Kind::Json)?;
        }
        (PlanFormat::Github, n) => {
            let shards = cut(&plan, n.unwrap_or(github::JOBS).min(github::JOBS));
            voice::answer(&github::render(config, &plan, &shards).map_err(io::Error::from)?)?;
        }
    }
    Ok(Ending::Green)
}

/// The plan with what the table and earlier probes, or probes made now, say of its cells.
fn foretold(plan: Plan, probe: bool, config: &Config) -> Result<Plan, Error> {
    let mut known = knowledge::gather(&plan, config);
    if probe {
        let processes = Processes::start(secrets::redacted)?;
        let context = Context::new(config, &processes, &tell);
        let _lock = CheckoutLock::acquire(&config.target())?;
        known.rustc = knowledge::rustc(&wheel::toolchain(&context)?);
        knowledge::probe(&plan, Which::All, &mut known, &context)?;
    }
    Ok(forecast::foretell(plan, config, &known))
}

fn forecast(plan: Plan, config: &Config) -> Forecast {
    forecast::forecast(plan, config, &ledgers(&config.target(), REMEMBERED))
}

/// Makes or refreshes lock files.
pub fn lock(asked: &[String], how: How, config: &Config) -> Result<Ending, Error> {
    let processes = Processes::start(secrets::redacted)?;
    let context = Context::new(config, &processes, &tell);
    for spec in plan::lines_asked(config, asked)? {
        if config.extension.locks.is_none() {
            let project = derived::project(spec.name, &context)?;
            voice::answer(&message::derived(spec.name, project.locked.packages()))?;
            continue;
        }
        let refreshed = lock::refresh(spec, how, &context)?;
        voice::answer(&message::refreshed(spec.name, &refreshed))?;
        if config.rehearsals.contains(&spec.name) {
            voice::answer(&message::edited(&derived::upgrade(spec, &context)?.edits))?;
        }
    }
    Ok(Ending::Green)
}

/// Says which lock files are stale.
pub fn stale(asked: &[String], config: &Config) -> Result<Ending, Error> {
    let processes = Processes::start(secrets::redacted)?;
    let context = Context::new(config, &processes, &tell);
    let mut ending = Ending::Green;
    if config.extension.locks.is_none() {
        voice::answer(message::NOT_KEPT)?;
        return Ok(Ending::Green);
    }
    for spec in plan::lines_asked(config, asked)? {
        let faults = lock::stale(spec, &context)?;
        voice::answer(&message::stale(spec.name, &faults))?;
        if !faults.is_empty() {
            ending = Ending::Red;
        }
    }
    Ok(ending)
}
