//! Which cells does a request mean? `Config` and a [`Request`] in, a [`Plan`] out. Pure: it looks up nothing on the
//! machine, so a plan is the same everywhere.

pub mod cost;
pub mod coverage;
pub mod estimate;
pub mod forecast;
pub mod foretold;
pub mod legality;
pub mod part;
pub mod shard;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::{Choice, Combine, Config, Exclusion, LineSpec, Missing, Negative, Preset};
use crate::model::cell::{CellId, Line, Postgres, Python, WheelId};
use crate::model::record::Versions;
use crate::plan::coverage::{Place, pairwise};
use crate::plan::legality::{Legality, State};

/// What the user asked for, as typed.
#[derive(Debug, Clone, Default)]
pub struct Request {
    pub preset: Option<String>,
    /// Cell ids. If there are any, only these are planned.
    pub cells: Vec<String>,
    /// Narrow or widen the preset to these values of an axis; empty leaves it as it is.
    pub pythons: Vec<String>,
    pub postgres: Vec<String>,
    pub lines: Vec<String>,
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
    pub cells: Vec<Planned>,
    /// Cells that must not build.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub negatives: Vec<PlannedNegative>,
}

/// One cell of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Planned {
    pub cell: CellId,
    pub requested: Versions,
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
    Unknown { what: &'static str, asked: String, known: Vec<String> },
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
            return Err(PlanError::Excluded { cell: *cell, reason: reason.clone() });
        }
        let negatives = negatives(config, &cells, request.negative);
        return Ok(Plan { preset: "selection".to_owned(), missing: Missing::Fail, cells, negatives });
    }
    let (name, preset) = preset(config, request)?;
    let cells = chosen(config, preset, request)?;
    let cells = cells.into_iter().filter_map(|cell| planned(config, &preset.exclude, cell));
    let cells: Vec<Planned> = cells.collect();
    let negatives = negatives(config, &cells, preset.negative || request.negative);
    Ok(Plan { preset: name.clone(), missing: preset.missing, cells, negatives })
}

/// Returns the cells and negative cells of `earlier` as `config` has them now.
pub fn renewed(config: &Config, earlier: &Plan) -> Result<Plan, PlanError> {
    let asked: Vec<String> = earlier.cells.iter().map(|planned| planned.cell.to_string()).collect();
    let cells = named(config, &asked)?.into_iter().filter_map(|cell| planned(config, &[], cell)).collect();
    let mut negatives = negatives(config, &earlier.cells, true);
    negatives.retain(|now| earlier.negatives.iter().any(|then| then.id == now.id));
    Ok(Plan { preset: "selection".to_owned(), missing: Missing::Fail, cells, negatives })
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

/// Reads one cell id and checks it against the axes of `config`.
pub fn cell(config: &Config, asked: &str) -> Result<CellId, PlanError> {
    let all = product(&pythons(config), &majors(config), &lines(config));
    let known = || all.iter().map(CellId::to_string).collect();
    match asked.parse::<CellId>() {
        Ok(id) if all.contains(&id) => Ok(id),
        _ => Err(PlanError::Unknown { what: "cell", asked: asked.to_owned(), known: known() }),
    }
}

/// Whether the presets that say "all" leave this cell out.
#[must_use]
pub fn is_extra(config: &Config, cell: CellId) -> bool {
    config.extra_pythons.contains(&cell.python) || config.server(cell.postgres).is_some_and(|spec| spec.extra)
}

/// Reads one value of an axis and checks it against the axis.
pub fn value<T>(what: &'static str, asked: &str, axis: &[T]) -> Result<T, PlanError>
where
    T: FromStr + PartialEq + Copy + fmt::Display,
{
    let known = || axis.iter().map(T::to_string).collect();
    match asked.parse::<T>() {
        Ok(value) if axis.contains(&value) => Ok(value),
        _ => Err(PlanError::Unknown { what, asked: asked.to_owned(), known: known() }),
    }
}

impl Plan {
    /// The cells that run.
    pub fn live(&self) -> impl Iterator<Item = CellId> + '_ {
        self.cells.iter().filter(|planned| planned.excluded.is_none()).map(|planned| planned.cell)
    }

    /// The live cells that are not known to be impossible. For impossible cells nothing is fetched and nothing is
    /// built.
    pub fn buildable(&self) -> impl Iterator<Item = CellId> + '_ {
        let possible = |planned: &&Planned| planned.excluded.is_none() && planned.impossible().is_none();
        self.cells.iter().filter(possible).map(|planned| planned.cell)
    }

    /// Returns the wheels that those cells need, in the order that switches interpreters least often.
    #[must_use]
    pub fn wheels(&self) -> Vec<WheelId> {
        let mut wheels: Vec<_> = self.buildable().map(CellId::wheel).collect();
        wheels.sort_by_key(|wheel| (wheel.python, wheel.line));
        wheels.dedup();
        wheels
    }

    #[must_use]
    pub fn pythons(&self) -> BTreeSet<Python> {
        self.buildable().map(|cell| cell.python).collect()
    }

    #[must_use]
    pub fn majors(&self) -> BTreeSet<Postgres> {
        self.buildable().map(|cell| cell.postgres).collect()
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
            what: "preset",
            asked: asked.clone(),
            known: config.presets.keys().cloned().collect(),
        }),
        None => Ok(default_preset(config)),
    }
}

/// Returns the cells of a preset. The request may narrow or widen its axes.
fn chosen(config: &Config, preset: &Preset, request: &Request) -> Result<Vec<CellId>, PlanError> {
    let pythons = axis("Python", &request.pythons, &preset.python, &pythons(config), |python| {
        config.extra_pythons.contains(python)
    })?;
    let majors = axis("Postgres", &request.postgres, &preset.postgres, &majors(config), |major| {
        config.server(*major).is_some_and(|spec| spec.extra)
    })?;
    let lines = axis("PyO3 line", &request.lines, &preset.line, &lines(config), |_| false)?;
    if preset.combine == Combine::Product {
        return Ok(product(&pythons, &majors, &lines));
    }
    let at = |[python, major, line]: Place| CellId {
        python: pythons[python],
        postgres: majors[major],
        line: lines[line],
    };
    let run = |place| excluded(config, &preset.exclude, at(place)).is_none();
    let mut cells: Vec<CellId> =
        pairwise([pythons.len(), majors.len(), lines.len()], run).into_iter().map(at).collect();
    cells.sort_by_key(|cell| (cell.line, cell.python, cell.postgres));
    Ok(cells)
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

/// Returns the values of one axis: the requested ones, else those that the preset chooses. `all` means every value
/// that is not extra.
fn axis<T>(
    what: &'static str,
    asked: &[String],
    choice: &Choice,
    known: &[T],
    extra: impl Fn(&T) -> bool,
) -> Result<Vec<T>, PlanError>
where
    T: FromStr + PartialEq + Copy + fmt::Display + Ord,
{
    let standard: Vec<T> = known.iter().copied().filter(|value| !extra(value)).collect();
    let chosen = match (asked, choice) {
        ([word], _) if word == "all" => return Ok(standard),
        ([_, ..], _) => asked,
        ([], Choice::These(values)) => values,
        ([], Choice::All) => return Ok(standard),
        ([], Choice::Newest) => return Ok(standard.last().copied().into_iter().collect()),
    };
    let mut values = chosen.iter().map(|text| value(what, text, known)).collect::<Result<Vec<_>, _>>()?;
    values.sort();
    values.dedup();
    Ok(values)
}

/// Returns the first exclusion that covers `cell`, from the preset or from the whole file.
pub fn excluded<'c>(config: &'c Config, own: &'c [Exclusion], cell: CellId) -> Option<&'c str> {
    let mut all = own.iter().chain(&config.exclusions);
    all.find(|exclusion| exclusion.covers(cell)).map(|exclusion| exclusion.reason.as_str())
}

fn planned(config: &Config, own: &[Exclusion], cell: CellId) -> Option<Planned> {
    let line = config.line(cell.line)?;
    let requested = Versions {
        python: cell.python.to_string(),
        postgres: cell.postgres.to_string(),
        pyo3: line.pyo3.clone(),
        pyo3_async_runtimes: line.pyo3_async_runtimes.clone(),
    };
    let excluded = excluded(config, own, cell).map(str::to_owned);
    Some(Planned { cell, requested, excluded, legality: None })
}

fn product(pythons: &[Python], majors: &[Postgres], lines: &[Line]) -> Vec<CellId> {
    let mut cells = Vec::with_capacity(pythons.len() * majors.len() * lines.len());
    for &line in lines {
        for &python in pythons {
            cells.extend(majors.iter().map(|&postgres| CellId { python, postgres, line }));
        }
    }
    cells
}

fn pythons(config: &Config) -> Vec<Python> {
    config.pythons.clone()
}

/// The majors of the Postgres axis.
#[must_use]
pub fn majors(config: &Config) -> Vec<Postgres> {
    config.postgres.iter().map(|spec| spec.major).collect()
}

/// Returns the named lines, or all.
pub fn lines_asked<'c>(config: &'c Config, asked: &[String]) -> Result<Vec<&'c LineSpec>, PlanError> {
    let chosen = axis("PyO3 line", asked, &Choice::All, &lines(config), |_| false)?;
    Ok(config.lines.iter().filter(|spec| chosen.contains(&spec.name)).collect())
}

fn lines(config: &Config) -> Vec<Line> {
    config.lines.iter().map(|spec| spec.name).collect()
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
    format!("the nearest are {}; `cargo matrix plan --lines all` lists more", nearest.join(", "))
}

#[cfg(test)]
mod tests;
