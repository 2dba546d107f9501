//! What was measured, and where on the axes? Records in; for each measure its value in each cell, out.

use std::collections::{BTreeMap, BTreeSet};

use super::EffectUnit;
use super::fit::Axis;
use crate::model::cell::{CellId, Release};
use crate::model::kit::Kit;
use crate::model::record::{Comparison, Record};

/// The axis of PyO3 lines.
pub const LINE: &str = "line";

/// One thing that cells measure.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity {
    pub name: String,
    pub title: String,
    pub unit: EffectUnit,
}

/// What one cell measured of it.
#[derive(Debug, Clone)]
pub struct Observed {
    /// A logarithm for times, else the number itself.
    pub value: f64,
    /// The index of the cell's value on each axis.
    pub places: Vec<usize>,
}

impl Quantity {
    /// Whether its effects are told for this axis. The line does not touch the control, so the ratio to it tells, which a
    /// machine that slows down does not reach. Other axes move the control too, and there the time itself tells.
    pub fn concerns(&self, axis: &str) -> bool {
        match self.unit {
            EffectUnit::TimeToControl => axis == LINE,
            EffectUnit::Time => axis != LINE,
            EffectUnit::Instructions | EffectUnit::Bytes => true,
        }
    }
}

/// Every measure with the axes on which its cells differ, and what these say of it.
pub fn all(records: &[&Record]) -> BTreeMap<Quantity, (Vec<Axis>, Vec<Observed>)> {
    let mut all: BTreeMap<Quantity, Vec<(&CellId, f64)>> = BTreeMap::new();
    for record in records {
        for (quantity, value) in of_record(record) {
            if value.is_finite() {
                all.entry(quantity).or_default().push((&record.cell, value));
            }
        }
    }
    all.into_iter().map(|(quantity, found)| (quantity, placed(&found))).collect()
}

fn of_record(record: &Record) -> Vec<(Quantity, f64)> {
    let mut found: Vec<(Quantity, f64)> = record.comparisons.iter().flat_map(of_comparison).collect();
    if let Some(count) = record.kit.as_ref().and_then(Kit::instructions) {
        let (name, title) = ("instructions".to_owned(), "instructions of a call".to_owned());
        found.push((Quantity { name, title, unit: EffectUnit::Instructions }, count.ln()));
    }
    for (test, value) in record.memory.iter().flat_map(|memory| &memory.leaks) {
        for size in ["rss", "malloc"] {
            let quantity = Quantity {
                name: format!("{test}: {size}"),
                title: format!("{test}, {size}"),
                unit: EffectUnit::Bytes,
            };
            found.extend(value[size]["slope_bytes_per_1000"].as_f64().map(|slope| (quantity, slope)));
        }
    }
    found
}

fn of_comparison(comparison: &Comparison) -> [(Quantity, f64); 2] {
    let Comparison { name, title, candidate, speedup, .. } = comparison;
    let quantity = |unit| Quantity { name: name.clone(), title: title.clone(), unit };
    [
        (quantity(EffectUnit::Time), candidate.median_ms.ln()),
        (quantity(EffectUnit::TimeToControl), -speedup.ratio.ln()),
    ]
}

fn placed(found: &[(&CellId, f64)]) -> (Vec<Axis>, Vec<Observed>) {
    let cells: Vec<&CellId> = found.iter().map(|(cell, _)| *cell).collect();
    let axes = axes_of(&cells);
    let place = |(axis, cell): (&Axis, &CellId)| {
        let value = value_on(&axis.name, cell);
        axis.values.iter().position(|known| *known == value).unwrap_or_default()
    };
    let observed = |(cell, value): &(&CellId, f64)| Observed {
        value: *value,
        places: axes.iter().map(|axis| place((axis, cell))).collect(),
    };
    let observed = found.iter().map(observed).collect();
    (axes, observed)
}

/// The axes on which these cells differ.
fn axes_of(cells: &[&CellId]) -> Vec<Axis> {
    fn texts<T: Ord + ToString>(values: impl Iterator<Item = T>) -> Vec<String> {
        values.collect::<BTreeSet<T>>().iter().map(T::to_string).collect()
    }
    let mut axes = vec![
        (LINE.to_owned(), true, texts(cells.iter().map(|cell| cell.line))),
        ("python".to_owned(), true, texts(cells.iter().map(|cell| cell.python))),
    ];
    let tags: BTreeSet<&String> =
        cells.iter().flat_map(|cell| &cell.releases).map(|release| &release.tag).collect();
    for tag in tags {
        let releases: BTreeSet<_> =
            cells.iter().flat_map(|cell| &cell.releases).filter(|release| release.tag == *tag).collect();
        axes.push((tag.clone(), true, releases.iter().map(|release| release.number()).collect()));
    }
    axes.push(("choice".to_owned(), false, texts(cells.iter().map(|cell| cell.choices.join("-")))));
    let several = axes.into_iter().filter(|(_, _, values)| values.len() > 1);
    several.map(|(name, is_ordered, values)| Axis { name, is_ordered, values }).collect()
}

fn value_on(axis: &str, cell: &CellId) -> String {
    match axis {
        LINE => cell.line.to_string(),
        "python" => cell.python.to_string(),
        "choice" => cell.choices.join("-"),
        tag => {
            cell.releases.iter().find(|release| release.tag == tag).map(Release::number).unwrap_or_default()
        }
    }
}
