//! Which cells does a request choose? Axes, a preset and what was typed in, cells out.

use crate::config::axis::Axis;
use crate::config::{Choice, Combine, Config, Preset};
use crate::model::cell::{CellId, Value};
use crate::plan::coverage::{Place, pairwise};
use crate::plan::locating::locating;
use crate::plan::space::can_be_built;
use crate::plan::{PlanError, Request, excluded};

/// Returns the cells of a preset. The request may narrow or widen its axes.
pub(super) fn chosen(config: &Config, preset: &Preset, request: &Request) -> Result<Vec<CellId>, PlanError> {
    if let Some(unknown) = request.axes.keys().find(|name| config.axis(name).is_none()) {
        let known = config.axes.iter().map(|axis| axis.name.clone()).collect();
        return Err(PlanError::Unknown { what: "axis".to_owned(), asked: unknown.clone(), known });
    }
    let mut axes = Vec::new();
    for axis in &config.axes {
        let asked = request.axes.get(&axis.name).map_or(&[][..], Vec::as_slice);
        axes.extend(values(axis, asked, preset.choices.get(&axis.name))?);
    }
    let run = |cell: &CellId| excluded(config, &preset.exclude, cell).is_none();
    let mut cells = match preset.combine {
        Combine::Product => return Ok(product(&axes)),
        Combine::Pairwise => {
            let sizes: Vec<usize> = axes.iter().map(Vec::len).collect();
            let at = |place: &Place| of_place(&axes, place);
            pairwise(&sizes, |place| run(&at(place))).iter().map(at).collect()
        }
        Combine::Locating => {
            let all: Vec<CellId> = product(&axes).into_iter().filter(run).filter(can_be_built).collect();
            locating(&all).into_iter().map(|at| all[at].clone()).collect::<Vec<_>>()
        }
    };
    cells.sort_by_cached_key(CellId::by_wheel);
    Ok(cells)
}

/// Returns the values of one axis: the requested ones, else those that the preset chooses. `None` is a free axis that
/// neither names.
pub(super) fn values(
    axis: &Axis,
    asked: &[String],
    choice: Option<&Choice>,
) -> Result<Option<Vec<Value>>, PlanError> {
    let standard = || axis.standard().cloned().collect::<Vec<_>>();
    let typed = match asked {
        [] => None,
        [word] if word == "all" => Some(Choice::All),
        [word] if word == "newest" => Some(Choice::Newest),
        values => Some(Choice::These(values.to_vec())),
    };
    let chosen = match typed.as_ref().or(choice) {
        Some(Choice::These(values)) => values,
        Some(Choice::All) => return Ok(Some(standard())),
        Some(Choice::Newest) => return Ok(Some(standard().pop().into_iter().collect())),
        None => return Ok(None),
    };
    let chosen = chosen.iter().map(|text| value(axis, text)).collect::<Result<Vec<_>, _>>()?;
    // In the order of the axis, each once.
    Ok(Some(axis.values.iter().filter(|value| chosen.contains(value)).cloned().collect()))
}

/// Every combination of one value of each axis. The cells of a wheel stand together, the oldest line first.
fn product(axes: &[Vec<Value>]) -> Vec<CellId> {
    let is_line = |axis: &&Vec<Value>| axis.iter().any(|value| matches!(value, Value::Line(_)));
    let mut all = vec![Vec::new()];
    for axis in axes.iter().filter(is_line).chain(axes.iter().filter(|axis| !is_line(axis))) {
        let with = |before: &Vec<Value>| {
            axis.iter()
                .map(|value| [before.as_slice(), std::slice::from_ref(value)].concat())
                .collect::<Vec<_>>()
        };
        all = all.iter().flat_map(with).collect();
    }
    all.iter().filter_map(CellId::of).collect()
}

/// The cell at a place on these axes.
#[must_use]
pub fn of_place(axes: &[Vec<Value>], place: &Place) -> CellId {
    let values = axes.iter().zip(place).map(|(axis, &at)| &axis[at]);
    CellId::of(values).unwrap_or_else(|| unreachable!("every config has a Python and a line"))
}

/// Where `cell` is on these axes; `None` where it has no value on one of them.
#[must_use]
pub fn place_of(axes: &[Vec<Value>], cell: &CellId) -> Option<Place> {
    axes.iter().map(|axis| axis.iter().position(|value| cell.has(value))).collect()
}

/// Reads one cell id and checks it against the axes of `config`.
pub fn cell(config: &Config, asked: &str) -> Result<CellId, PlanError> {
    match asked.parse::<CellId>() {
        Ok(id) if is_known(config, &id) => Ok(id),
        _ => Err(PlanError::Unknown {
            what: "cell".to_owned(),
            asked: asked.to_owned(),
            known: known(config).iter().map(CellId::to_string).collect(),
        }),
    }
}

/// Whether the axes have the cell's values, and the cell has one of each axis that is not free.
fn is_known(config: &Config, cell: &CellId) -> bool {
    let mut values = Vec::new();
    for axis in &config.axes {
        match axis.values.iter().find(|value| cell.has(value)) {
            Some(value) => values.push(value),
            None if axis.is_free => {}
            None => return false,
        }
    }
    CellId::of(values).as_ref() == Some(cell)
}

/// Cells to choose from: without free axes, and with one value of one.
fn known(config: &Config) -> Vec<CellId> {
    let fixed = config.axes.iter().filter(|axis| !axis.is_free).map(|axis| axis.values.clone());
    let plain = product(&fixed.collect::<Vec<_>>());
    let free = config.axes.iter().filter(|axis| axis.is_free).flat_map(Axis::texts);
    let with = free.flat_map(|choice| {
        plain.iter().map(move |cell| CellId { choices: vec![choice.clone()], ..cell.clone() })
    });
    plain.iter().cloned().chain(with).collect()
}

/// Reads one value of an axis.
fn value(axis: &Axis, asked: &str) -> Result<Value, PlanError> {
    axis.value(asked).cloned().ok_or_else(|| PlanError::Unknown {
        what: axis.title.clone(),
        asked: asked.to_owned(),
        known: axis.texts(),
    })
}
