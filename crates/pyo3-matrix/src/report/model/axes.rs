//! By which axes do the cells of a report differ? Cells in; each axis with its values, and where each cell stands, out.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::cell::CellId;
use crate::plan::Named;
use crate::report::Report;
use crate::report::grid::{self, Label};

/// An axis by which some cells differ.
#[derive(Debug, PartialEq, Eq)]
pub struct Axis {
    pub name: String,
    /// In order.
    pub values: Vec<String>,
}

/// The axes, and the place of each cell on them.
#[derive(Debug)]
pub struct Axes<'a> {
    pub all: Vec<Axis>,
    /// For each axis the number of the cell's value.
    places: BTreeMap<&'a CellId, Vec<usize>>,
}

impl<'a> Axes<'a> {
    /// The axes of all cells, rehearsed ones among them. An axis with one value divides nothing, and is left out.
    #[must_use]
    pub fn of(report: &'a Report) -> Axes<'a> {
        let verdict = &report.verdict;
        let cells: Vec<&CellId> =
            verdict.cells.iter().chain(&verdict.rehearsals).map(|cell| &cell.cell).collect();
        let labels = grid::labels(&cells);
        let count = labels.first().map_or(0, Vec::len);
        let values = |axis: usize| labels.iter().map(move |labels| &labels[axis]).collect::<BTreeSet<_>>();
        let columns: Vec<(usize, Vec<&Label>)> =
            (0..count).map(|axis| (axis, values(axis).into_iter().collect())).collect();
        let columns: Vec<_> = columns.into_iter().filter(|(_, values)| values.len() > 1).collect();
        let place = |labels: &Vec<Label>| {
            let on = |(axis, values): &(usize, Vec<&Label>)| {
                values.iter().position(|value| **value == labels[*axis]).unwrap_or_default()
            };
            columns.iter().map(on).collect()
        };
        let places = cells.iter().copied().zip(labels.iter().map(place)).collect();
        let all = columns.iter().map(|(_, values)| named(values, &report.services)).collect();
        Axes { all, places }
    }

    /// The axes on which all of these cells have one value, each with the number of that value.
    pub fn shared<'c>(&self, cells: impl IntoIterator<Item = &'c CellId>) -> Vec<(usize, usize)> {
        let mut places = cells.into_iter().filter_map(|cell| self.places.get(cell));
        let Some(first) = places.next() else { return Vec::new() };
        let mut shared: Vec<(usize, usize)> = first.iter().copied().enumerate().collect();
        for place in places {
            shared.retain(|(axis, value)| place[*axis] == *value);
        }
        shared
    }
}

fn named(values: &[&Label], services: &BTreeMap<String, Named>) -> Axis {
    let texts = values.iter().map(|value| match value.text() {
        text if text.is_empty() => "none".to_owned(),
        text => text,
    });
    let texts: Vec<String> = texts.collect();
    let first = values.iter().find(|value| ***value != Label::Absent);
    let name = match first {
        Some(Label::Python(_)) => "Python".to_owned(),
        Some(Label::Line(_)) => "PyO3".to_owned(),
        Some(Label::Release(release)) => {
            services.get(&release.tag).map_or_else(|| release.tag.clone(), |named| named.title.clone())
        }
        // A value tells its axis.
        Some(Label::Choice(_)) => texts.join(" / "),
        Some(Label::Absent) | None => "none".to_owned(),
    };
    Axis { name, values: texts }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::report;

    #[test]
    fn an_axis_has_its_values_in_order_and_one_that_divides_nothing_is_left_out() {
        let mut report = report(8, 0);
        let named = Named { name: "postgres".into(), title: "Postgres".into() };
        report.services.insert("pg".into(), named);
        let axes = Axes::of(&report);
        let with = |name: &str, values: &[&str]| Axis {
            name: name.to_owned(),
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        };
        let expected = [with("Python", &["py3.0", "py3.1"]), with("Postgres", &["pg0", "pg1", "pg2", "pg3"])];
        assert_eq!(axes.all, expected);
    }

    #[test]
    fn cells_share_the_values_that_all_of_them_have() {
        let report = report(8, 0);
        let axes = Axes::of(&report);
        let cell = |at: usize| &report.verdict.cells[at].cell;
        assert_eq!(axes.shared([cell(5)]), [(0, 1), (1, 1)]);
        assert_eq!(axes.shared([cell(1), cell(5)]), [(1, 1)], "two Pythons, one server");
        assert_eq!(axes.shared([cell(0), cell(5)]), []);
        assert_eq!(axes.shared([]), []);
    }

    #[test]
    fn a_value_that_some_cells_lack_is_none() {
        let mut report = report(2, 0);
        report.verdict.cells[1].cell.choices = vec!["uvloop".into()];
        let axes = Axes::of(&report);
        let last = axes.all.last().expect("an axis");
        assert_eq!(
            (last.name.as_str(), &last.values[..]),
            ("uvloop / none", &["uvloop".into(), "none".into()][..])
        );
    }
}
