//! Which cells does a request mean? `Config` and a [`Request`] in, a [`Plan`] out. Pure: nothing is looked up on the
//! machine, so a plan is the same everywhere.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cell::{CellId, Line, Postgres, Python, WheelId};
use crate::config::{Choice, Config};
use crate::record::Versions;

/// What the user asked for, as typed.
#[derive(Debug, Clone, Default)]
pub struct Request {
    pub preset: Option<String>,
    /// Cell ids; given any, they alone are planned.
    pub cells: Vec<String>,
    /// Narrow or widen the preset to these values of an axis; empty leaves it as it is.
    pub pythons: Vec<String>,
    pub postgres: Vec<String>,
    pub lines: Vec<String>,
}

/// The cells of one run, in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    /// The preset's name, or `selection` for cells named one by one.
    pub preset: String,
    pub cells: Vec<Planned>,
}

/// One cell of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Planned {
    pub cell: CellId,
    pub requested: Versions,
    /// Why it is not run, if an exclusion covers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excluded: Option<String>,
}

/// A request that no plan answers.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    #[error("unknown {what} `{asked}`\nhint: {}", near(asked, known))]
    Unknown { what: &'static str, asked: String, known: Vec<String> },
}

/// Makes the plan.
pub fn plan(config: &Config, request: &Request) -> Result<Plan, PlanError> {
    let (preset, ids) = if request.cells.is_empty() {
        from_preset(config, request)?
    } else {
        ("selection".to_owned(), named(config, &request.cells)?)
    };
    let cells = ids.into_iter().filter_map(|cell| planned(config, cell)).collect();
    Ok(Plan { preset, cells })
}

/// Reads one cell id and holds it to the axes of `config`.
pub fn cell(config: &Config, asked: &str) -> Result<CellId, PlanError> {
    let all = product(&pythons(config), &majors(config), &lines(config));
    let known = || all.iter().map(CellId::to_string).collect();
    match asked.parse::<CellId>() {
        Ok(id) if all.contains(&id) => Ok(id),
        _ => Err(PlanError::Unknown { what: "cell", asked: asked.to_owned(), known: known() }),
    }
}

/// Reads one value of an axis and holds it to the axis.
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

    /// The wheels that the live cells need, in the order in which building them switches interpreters least.
    #[must_use]
    pub fn wheels(&self) -> Vec<WheelId> {
        let mut wheels: Vec<_> = self.live().map(CellId::wheel).collect();
        wheels.sort_by_key(|wheel| (wheel.python, wheel.line));
        wheels.dedup();
        wheels
    }

    #[must_use]
    pub fn pythons(&self) -> BTreeSet<Python> {
        self.live().map(|cell| cell.python).collect()
    }

    #[must_use]
    pub fn majors(&self) -> BTreeSet<Postgres> {
        self.live().map(|cell| cell.postgres).collect()
    }
}

fn from_preset(config: &Config, request: &Request) -> Result<(String, Vec<CellId>), PlanError> {
    let (name, preset) = match &request.preset {
        Some(asked) => config.presets.get_key_value(asked).ok_or_else(|| PlanError::Unknown {
            what: "preset",
            asked: asked.clone(),
            known: config.presets.keys().cloned().collect(),
        })?,
        None => default_preset(config),
    };
    let pythons = axis("Python", &request.pythons, &preset.python, &pythons(config))?;
    let majors = axis("Postgres", &request.postgres, &preset.postgres, &majors(config))?;
    let lines = axis("PyO3 line", &request.lines, &preset.line, &lines(config))?;
    Ok((name.clone(), product(&pythons, &majors, &lines)))
}

fn default_preset(config: &Config) -> (&String, &crate::config::Preset) {
    // The config was checked to have exactly one.
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

/// The values of one axis: those asked for, else those that the preset chooses. `all` asks for each.
fn axis<T>(what: &'static str, asked: &[String], choice: &Choice, known: &[T]) -> Result<Vec<T>, PlanError>
where
    T: FromStr + PartialEq + Copy + fmt::Display + Ord,
{
    let chosen = match (asked, choice) {
        ([word], _) if word == "all" => return Ok(known.to_vec()),
        ([_, ..], _) => asked,
        ([], Choice::These(values)) => values,
        ([], Choice::All) => return Ok(known.to_vec()),
        ([], Choice::Newest) => return Ok(known.last().copied().into_iter().collect()),
    };
    let mut values = chosen.iter().map(|text| value(what, text, known)).collect::<Result<Vec<_>, _>>()?;
    values.sort();
    values.dedup();
    Ok(values)
}

fn planned(config: &Config, cell: CellId) -> Option<Planned> {
    let line = config.line(cell.line)?;
    let requested = Versions {
        python: cell.python.to_string(),
        postgres: cell.postgres.to_string(),
        pyo3: line.pyo3.clone(),
        pyo3_async_runtimes: line.pyo3_async_runtimes.clone(),
    };
    let exclusion = config.exclusions.iter().find(|exclusion| exclusion.covers(cell));
    Some(Planned { cell, requested, excluded: exclusion.map(|exclusion| exclusion.reason.clone()) })
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

fn lines(config: &Config) -> Vec<Line> {
    config.lines.iter().map(|spec| spec.name).collect()
}

/// The known values nearest to what was asked, or all of them where there are few.
fn near(asked: &str, known: &[String]) -> String {
    if known.len() <= 10 {
        return format!("known are {}", known.join(", "));
    }
    let mut ranked: Vec<_> =
        known.iter().map(|name| (strsim::damerau_levenshtein(asked, name), name)).collect();
    ranked.sort();
    let nearest: Vec<&str> = ranked.iter().take(3).map(|(_, name)| name.as_str()).collect();
    format!("the nearest are {}; `cargo matrix plan` lists all", nearest.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = include_str!("../../../matrix.toml");

    fn config(extra: &str) -> Config {
        let text = format!("{CONFIG}\n{extra}");
        Config::parse(&text, "matrix.toml".as_ref(), "/".into()).expect("a valid config")
    }

    fn check(request: &Request) -> Vec<String> {
        plan(&config(""), request).expect("a plan").live().map(|cell| cell.to_string()).collect()
    }

    #[test]
    fn the_default_preset_is_every_python_on_every_postgres() {
        let plan = plan(&config(""), &Request::default()).expect("a plan");
        assert_eq!((plan.cells.len(), plan.wheels().len()), (20, 5));
        assert_eq!((plan.pythons().len(), plan.majors().len()), (5, 4));
    }

    #[test]
    fn an_axis_on_the_command_line_replaces_the_choice_of_the_preset() {
        let request =
            Request { pythons: vec!["3.12".into()], postgres: vec!["16".into()], ..Request::default() };
        assert_eq!(check(&request).len(), 1);
    }

    #[test]
    fn named_cells_are_planned_once_and_alone() {
        let newest = config("").lines.last().expect("a line").name;
        let id = format!("py3.12-pg16-pyo3_{newest}");
        let request = Request { cells: vec![id.clone(), id.clone()], ..Request::default() };
        assert_eq!(check(&request), [id]);
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest() {
        let newest = config("").lines.last().expect("a line").name;
        let request = Request { cells: vec![format!("py3.12-pg61-pyo3_{newest}")], ..Request::default() };
        let message = plan(&config(""), &request).expect_err("no such cell").to_string();
        assert!(message.contains(&format!("py3.12-pg16-pyo3_{newest}")), "{message}");
        let request = Request { postgres: vec!["12".into()], ..Request::default() };
        let message = plan(&config(""), &request).expect_err("no such major").to_string();
        assert!(message.contains("known are 13, 14, 15, 16"), "{message}");
    }

    #[test]
    fn an_excluded_cell_stays_in_the_plan_with_its_reason() {
        let config = config("[[exclude]]\npython = \"3.9\"\nreason = \"end of life\"\n");
        let plan = plan(&config, &Request::default()).expect("a plan");
        assert_eq!((plan.cells.len(), plan.live().count(), plan.wheels().len()), (20, 16, 4));
        assert_eq!(plan.cells[0].excluded.as_deref(), Some("end of life"));
    }
}
