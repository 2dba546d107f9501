//! What does a GitHub workflow need of a plan? A plan and its shards in, `name=value` lines for `$GITHUB_OUTPUT` out, the
//! values being JSON for `strategy.matrix`. Pure. The shards are fixed here, once, and each job is given its cells by
//! name: jobs on other machines need not agree on what a cell costs.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::config::Config;
use crate::model::cell::{CellId, Line, Python, Value, WheelId};
use crate::plan::Plan;

/// How many jobs a workflow's matrix may have.
pub const JOBS: usize = 256;

/// The form that `strategy.matrix` takes.
#[derive(Serialize)]
struct Matrix<T> {
    include: Vec<T>,
}

/// A job that builds one wheel.
#[derive(Serialize)]
struct WheelJob {
    wheel: String,
    python: Python,
    line: Line,
    /// The line's lock file, for a cache's key.
    lock: String,
}

/// A job that runs some cells.
#[derive(Serialize)]
struct ShardJob {
    shard: String,
    /// For `--only`.
    cells: String,
    /// One per line, as `actions/setup-python` takes them.
    pythons: String,
    /// The name of an axis of releases → the releases, with one service container each.
    #[serde(flatten)]
    releases: BTreeMap<String, Vec<String>>,
}

/// Renders the outputs of the job that plans.
pub fn render(config: &Config, plan: &Plan, shards: &[Vec<CellId>]) -> serde_json::Result<String> {
    let wheels = plan.builds().into_iter().map(|wheel| wheel_job(config, wheel)).collect();
    let jobs = shards
        .iter()
        .enumerate()
        .map(|(at, cells)| shard_job(config, cells, (at + 1, shards.len())))
        .collect();
    let wheels = serde_json::to_string(&Matrix { include: wheels })?;
    let shards = serde_json::to_string(&Matrix { include: jobs })?;
    Ok(format!("cells={}\nwheels={wheels}\nshards={shards}\n", plan.live().count()))
}

fn wheel_job(config: &Config, wheel: WheelId) -> WheelJob {
    let lock = match &config.extension.locks {
        Some(folder) => folder.join(format!("{}.lock", wheel.line)).display().to_string(),
        // Made on each machine, from one of these.
        None => "**/Cargo.lock".to_owned(),
    };
    WheelJob { wheel: wheel.to_string(), python: wheel.python, line: wheel.line, lock }
}

fn shard_job(config: &Config, cells: &[CellId], (at, of): (usize, usize)) -> ShardJob {
    let pythons: BTreeSet<Python> = cells.iter().map(|cell| cell.python).collect();
    let is_there = |value: &&Value| cells.iter().any(|cell| cell.has(value));
    let releases =
        config.axes.iter().filter(|axis| axis.values.iter().any(|value| matches!(value, Value::Release(_))));
    let releases = releases
        .map(|axis| (axis.name.clone(), axis.values.iter().filter(is_there).map(Value::to_string).collect()));
    ShardJob {
        // Two digits and more, so that artifacts of shards stand in order.
        shard: format!("{at:0width$}-of-{of}", width = of.to_string().len()),
        cells: joined(cells, ","),
        pythons: joined(&pythons, "\n"),
        releases: releases.collect(),
    }
}

fn joined<'a, T: ToString + 'a>(values: impl IntoIterator<Item = &'a T>, by: &str) -> String {
    values.into_iter().map(ToString::to_string).collect::<Vec<_>>().join(by)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::shard;
    use crate::plan::{Request, plan};

    #[test]
    fn every_output_is_one_line_and_its_jobs_cover_the_plan() {
        let config =
            Config::parse(include_str!("../../../../matrix.toml"), "matrix.toml".as_ref(), "/".into());
        let config = config.expect("a valid config");
        let plan = plan(&config, &Request::default()).expect("a plan");
        let text = render(&config, &plan, &shard::cut(&plan, None, 3)).expect("text");
        let outputs: Vec<(&str, &str)> = text.lines().filter_map(|line| line.split_once('=')).collect();
        assert_eq!(outputs.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["cells", "wheels", "shards"]);
        assert_eq!(outputs[0].1, "20");
        let jobs = |at: usize| {
            let matrix: serde_json::Value = serde_json::from_str(outputs[at].1).expect("JSON");
            matrix["include"].as_array().expect("jobs").clone()
        };
        let (wheels, shards) = (jobs(1), jobs(2));
        assert_eq!((wheels.len(), shards.len()), (plan.wheels().len(), 3));
        let lock = wheels[0]["lock"].as_str().expect("a lock");
        assert!(!lock.starts_with('/') && lock.contains("/0."), "{lock}");
        let mut config = config.clone();
        config.extension.locks = None;
        let job = wheel_job(&config, plan.wheels()[0]);
        assert_eq!(job.lock, "**/Cargo.lock", "what is made on each machine is no key");
        let cells = shards.iter().flat_map(|job| job["cells"].as_str().unwrap_or_default().split(','));
        assert_eq!(cells.collect::<BTreeSet<_>>().len(), 20);
        let first = &shards[0];
        assert_eq!(first["shard"], "1-of-3");
        let pythons = first["pythons"].as_str().expect("Pythons").lines().count();
        assert!((2..=3).contains(&pythons), "{first}");
        assert_eq!(first["postgres"].as_array().map(Vec::len), Some(plan.releases().len()));
    }
}
