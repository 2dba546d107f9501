//! Which cells does a request mean? `Config` and a [`Request`] in, a [`Plan`] out. Pure: it looks up nothing on the
//! machine, so a plan is the same everywhere.

pub mod cause;
pub mod cost;
pub mod coverage;
pub mod estimate;
pub mod forecast;
pub mod foretold;
pub mod legality;
pub mod locating;
pub mod part;
pub mod remaining;
mod select;
pub mod shard;
pub mod space;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::axis::Axis;
use crate::config::{Choice, Config, Exclusion, LineSpec, Missing, Negative, Preset};
use crate::model::cell::{CellId, Line, Python, Release, Value, WheelId};
use crate::model::program;
use crate::model::record::Versions;
use crate::model::stable::{self, Stable};
use crate::plan::legality::{Legality, State};

pub use select::{cell, of_place, place_of};

/// What the user asked for, as typed.
#[derive(Debug, Clone, Default)]
pub struct Request {
    pub preset: Option<String>,
    /// Cell ids. If there are any, only these are planned.
    pub cells: Vec<String>,
    /// Axis → the values to which the preset is narrowed or widened.
    pub axes: BTreeMap<String, Vec<String>>,
    /// Build the negative cells of the plan's lines, even if the preset does not.
    pub negative: bool,
}

/// The cells of one run, in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    /// The preset's name, or `selection` for cells named one by one.
    pub preset: String,
    /// What becomes of cells without an interpreter.
    #[serde(default)]
    pub missing: Missing,
    /// The letters of a service in a cell's id → what it is called.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub services: BTreeMap<String, Named>,
    pub cells: Vec<Planned>,
    /// What the tags of the wheels will promise, if they are of the stable ABI and as far as the manifests tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stable: Vec<Stable>,
    /// Cells that must not build.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub negatives: Vec<PlannedNegative>,
}

/// What a service is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "WrittenNames")]
pub struct Named {
    /// As its axis and its versions are named.
    pub name: String,
    /// As messages name it.
    pub title: String,
}

/// Plans of 0.1.0 before its release had the title alone.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum WrittenNames {
    Title(String),
    Both { name: String, title: String },
}

/// One cell of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Planned {
    pub cell: CellId,
    pub requested: Versions,
    /// Whether the manifest asks for an older line: the cell rehearses an upgrade, and is judged apart.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rehearsal: bool,
    /// Why it is not run, if an exclusion covers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excluded: Option<String>,
    /// Whether it can be built, as far as was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legality: Option<Legality>,
}

/// One negative cell of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedNegative {
    /// Its name, and that of its folder.
    pub id: String,
    pub negative: Negative,
    /// How it will fail, as far as was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legality: Option<Legality>,
}

/// A request that leads to no plan.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    #[error("unknown {what} `{asked}`\nhint: {}", near(asked, known))]
    Unknown { what: String, asked: String, known: Vec<String> },
    #[error(
        "cell {cell} is excluded: {reason}\nhint: an [[exclude]] of matrix.toml says so; ask for another cell"
    )]
    Excluded { cell: CellId, reason: String },
}

/// Makes the plan.
pub fn plan(config: &Config, request: &Request) -> Result<Plan, PlanError> {
    if !request.cells.is_empty() {
        let cells = named(config, &request.cells)?;
        let cells: Vec<Planned> = cells.into_iter().filter_map(|cell| planned(config, &[], cell)).collect();
        if let Some(Planned { cell, excluded: Some(reason), .. }) =
            cells.iter().find(|cell| cell.excluded.is_some())
        {
            return Err(PlanError::Excluded { cell: cell.clone(), reason: reason.clone() });
        }
        let negatives = negatives(config, &cells, request.negative);
        return Ok(Plan {
            preset: "selection".to_owned(),
            missing: Missing::Fail,
            services: services(config),
            cells,
            stable: Vec::new(),
            negatives,
        });
    }
    let (name, preset) = preset(config, request)?;
    let cells = select::chosen(config, preset, request)?;
    let cells = cells.into_iter().filter_map(|cell| planned(config, &preset.exclude, cell));
    let cells: Vec<Planned> = cells.collect();
    let negatives = negatives(config, &cells, preset.negative || request.negative);
    Ok(Plan {
        preset: name.clone(),
        missing: preset.missing,
        services: services(config),
        cells,
        stable: Vec::new(),
        negatives,
    })
}

/// Returns the cells and negative cells of `earlier` as `config` has them now.
pub fn renewed(config: &Config, earlier: &Plan) -> Result<Plan, PlanError> {
    let asked: Vec<String> = earlier.cells.iter().map(|planned| planned.cell.to_string()).collect();
    let cells = named(config, &asked)?.into_iter().filter_map(|cell| planned(config, &[], cell)).collect();
    let mut negatives = negatives(config, &earlier.cells, true);
    negatives.retain(|now| earlier.negatives.iter().any(|then| then.id == now.id));
    Ok(Plan {
        preset: "selection".to_owned(),
        missing: Missing::Fail,
        services: services(config),
        cells,
        stable: Vec::new(),
        negatives,
    })
}

fn services(config: &Config) -> BTreeMap<String, Named> {
    let of = |axis: &Axis| match axis.values.first() {
        Some(Value::Release(release)) => {
            Some((release.tag.clone(), Named { name: axis.name.clone(), title: axis.title.clone() }))
        }
        _ => None,
    };
    config.axes.iter().filter_map(of).collect()
}

/// Returns the negative cells of the lines of `cells`.
fn negatives(config: &Config, cells: &[Planned], wanted: bool) -> Vec<PlannedNegative> {
    let planned = |negative: &&Negative| cells.iter().any(|planned| planned.cell.line == negative.line);
    let all = config.negatives.iter().filter(|_| wanted).filter(planned);
    all.map(|negative| PlannedNegative {
        id: negative.to_string(),
        negative: negative.clone(),
        legality: None,
    })
    .collect()
}

/// Whether the presets that say "all" leave this cell out.
#[must_use]
pub fn is_extra(config: &Config, cell: &CellId) -> bool {
    config.axes.iter().flat_map(|axis| &axis.extra).any(|value| cell.has(value))
}

impl Plan {
    /// The cells that run.
    pub fn live(&self) -> impl Iterator<Item = &CellId> + Clone {
        self.cells.iter().filter(|planned| planned.excluded.is_none()).map(|planned| &planned.cell)
    }

    /// The live cells that are not known to be impossible. For impossible cells nothing is fetched and nothing is
    /// built.
    pub fn buildable(&self) -> impl Iterator<Item = &CellId> {
        let possible = |planned: &&Planned| planned.excluded.is_none() && planned.impossible().is_none();
        self.cells.iter().filter(possible).map(|planned| &planned.cell)
    }

    /// Returns each (Python, line) of those cells, in the order that switches interpreters least often.
    #[must_use]
    pub fn wheels(&self) -> Vec<WheelId> {
        let mut wheels: Vec<_> = self.buildable().map(CellId::wheel).collect();
        wheels.sort_by_key(|wheel| (wheel.python, wheel.line));
        wheels.dedup();
        wheels
    }

    /// Returns each (Python, line) of those cells with the one that builds its wheel, as far as is known before a build.
    #[must_use]
    pub fn builders(&self) -> BTreeMap<WheelId, WheelId> {
        stable::builders(&self.wheels(), &self.stable).into_iter().collect()
    }

    /// Returns the wheels that will be built, if none is kept: one of the stable ABI serves several Pythons.
    #[must_use]
    pub fn builds(&self) -> Vec<WheelId> {
        let builders = self.builders();
        self.wheels().into_iter().filter(|id| builders.get(id) == Some(id)).collect()
    }

    #[must_use]
    pub fn pythons(&self) -> BTreeSet<Python> {
        self.buildable().map(|cell| cell.python).collect()
    }

    /// The lines that are rehearsed, oldest first.
    #[must_use]
    pub fn rehearsed(&self) -> BTreeSet<Line> {
        let rehearsed = self.cells.iter().filter(|planned| planned.rehearsal && planned.excluded.is_none());
        rehearsed.map(|planned| planned.cell.line).collect()
    }

    /// The releases of services that those cells have.
    #[must_use]
    pub fn releases(&self) -> BTreeSet<Release> {
        self.buildable().flat_map(|cell| cell.releases.iter().cloned()).collect()
    }
}

impl From<WrittenNames> for Named {
    fn from(written: WrittenNames) -> Named {
        match written {
            WrittenNames::Title(title) => Named { name: title.to_lowercase(), title },
            WrittenNames::Both { name, title } => Named { name, title },
        }
    }
}

impl Planned {
    /// The reason why it cannot be built, if that is known.
    #[must_use]
    pub fn impossible(&self) -> Option<&Legality> {
        self.legality.as_ref().filter(|legality| legality.state == State::Impossible)
    }
}

fn preset<'c>(config: &'c Config, request: &Request) -> Result<(&'c String, &'c Preset), PlanError> {
    match &request.preset {
        Some(asked) => config.presets.get_key_value(asked).ok_or_else(|| PlanError::Unknown {
            what: "preset".to_owned(),
            asked: asked.clone(),
            known: config.presets.keys().cloned().collect(),
        }),
        None => Ok(default_preset(config)),
    }
}

fn default_preset(config: &Config) -> (&String, &Preset) {
    // The config was checked: there is exactly one.
    config
        .presets
        .iter()
        .find(|(_, preset)| preset.default)
        .unwrap_or_else(|| unreachable!("a checked config"))
}

fn named(config: &Config, asked: &[String]) -> Result<Vec<CellId>, PlanError> {
    let mut ids = asked.iter().map(|text| cell(config, text)).collect::<Result<Vec<_>, _>>()?;
    ids.sort();
    ids.dedup();
    Ok(ids)
}

/// Returns the first exclusion that covers `cell`, from the preset or from the whole file.
pub fn excluded<'c>(config: &'c Config, own: &'c [Exclusion], cell: &CellId) -> Option<&'c str> {
    let mut all = own.iter().chain(&config.exclusions);
    all.find(|exclusion| exclusion.covers(cell)).map(|exclusion| exclusion.reason.as_str())
}

fn planned(config: &Config, own: &[Exclusion], cell: CellId) -> Option<Planned> {
    let line = config.line(cell.line)?;
    let python = [("python".to_owned(), cell.python.to_string())];
    let releases = cell.releases.iter().filter_map(|release| {
        Some((config.axis_of(&Value::Release(release.clone()))?.name.clone(), release.number()))
    });
    let crates = line.pairing().map(|(name, version)| (Versions::of_crate(name), version.to_owned()));
    let requested = python.into_iter().chain(releases).chain(crates).collect();
    let excluded = excluded(config, own, &cell).map(str::to_owned);
    let rehearsal = config.rehearsals.contains(&cell.line);
    Some(Planned { cell, requested, rehearsal, excluded, legality: None })
}

/// Returns the named lines, or all.
pub fn lines_asked<'c>(config: &'c Config, asked: &[String]) -> Result<Vec<&'c LineSpec>, PlanError> {
    let axis = config.axis("line").unwrap_or_else(|| unreachable!("every config has lines"));
    let chosen = select::values(axis, asked, Some(&Choice::All))?.unwrap_or_default();
    Ok(config.lines.iter().filter(|spec| chosen.contains(&Value::Line(spec.name))).collect())
}

/// Returns the known values that are most similar to `asked`, or all of them if there are few.
fn near(asked: &str, known: &[String]) -> String {
    if known.len() <= 10 {
        return format!("known are {}", known.join(", "));
    }
    // Values that begin like `asked` come first. Among equal values the newest comes first, which the axes list last.
    let mut ranked: Vec<_> = known.iter().rev().collect();
    ranked.sort_by_key(|name| (!name.starts_with(asked), strsim::damerau_levenshtein(asked, name)));
    let nearest: Vec<&str> = ranked.iter().take(3).map(|name| name.as_str()).collect();
    format!("the nearest are {}; `{} plan --lines all` lists more", nearest.join(", "), program::command())
}

#[cfg(test)]
mod tests;
