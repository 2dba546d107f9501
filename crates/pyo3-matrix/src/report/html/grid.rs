//! Where is it red, slow or fat? The cells as a heat map, what it shows, and which of them.

use maud::{Markup, html};

use crate::report::Whole;
use crate::report::grid::{Table, mark};
use crate::report::html::style::key;
use crate::report::html::{class, places};
use crate::report::model::Model;
use crate::report::model::axes::{Axes, Axis};
use crate::report::model::measures::{self, Kind, Measure};
use crate::report::model::numbers::readable;
use crate::verdict::judge::CellVerdict;

/// What a place in the grid is made from.
struct Map<'m> {
    axes: &'m Axes<'m>,
    measures: &'m [Measure<'m>],
    /// The names of the comparisons, in the order of the control that chooses one.
    compared: Vec<&'m str>,
}

impl Map<'_> {
    /// The class of a measure's number.
    fn class(&self, measure: &Measure<'_>) -> String {
        let at = measure.comparison.and_then(|name| self.compared.iter().position(|known| *known == name));
        let at = at.map(|at| at.to_string()).unwrap_or_default();
        format!("m m-{}{at}", key(measure.kind))
    }
}

/// The grid of all cells, and below it that of the rehearsals.
pub fn section(model: &Model<'_>, whole: &Whole, axes: &Axes<'_>, measures: &[Measure<'_>]) -> Markup {
    let comparisons = measures::comparisons(&whole.records);
    let map = Map { axes, measures, compared: comparisons.iter().map(|(name, _)| *name).collect() };
    html! {
        section #grid aria-labelledby="grid-title" {
            h2 #grid-title { "Cells" }
            div.controls { (shows(measures, &comparisons)) (filters(axes)) }
            (legends(&map))
            (tables(&model.cells.tables, &map))
            @if !model.rehearsed.tables.is_empty() {
                h3 { "Rehearsals, which are no part of the verdict" }
                (tables(&model.rehearsed.tables, &map))
            }
            @if model.cells.tables.is_empty() && model.rehearsed.tables.is_empty() {
                p.note { "No cell was planned." }
            }
        }
    }
}

/// What the grid can show: what no cell has is not offered.
fn shows(measures: &[Measure<'_>], comparisons: &[(&str, &str)]) -> Markup {
    let has = |kind: &Kind| measures.iter().any(|measure| measure.kind == *kind);
    html! {
        @if !measures.is_empty() {
            form.shows autocomplete="off" {
                fieldset.show {
                    legend { "Show" }
                    (choice("outcome", "Outcome", true))
                    @for kind in Kind::ALL.into_iter().filter(has) { (choice(key(kind), kind.name(), false)) }
                }
                @if !comparisons.is_empty() {
                    label.compared hidden[comparisons.len() == 1] {
                        "of "
                        select #compared { @for (_, title) in comparisons { option { (readable(title)) } } }
                    }
                }
            }
        }
    }
}

/// Which cells, by axis.
fn filters(axes: &Axes<'_>) -> Markup {
    html! {
        @if !axes.all.is_empty() {
            form.filters autocomplete="off" {
                @for (at, axis) in axes.all.iter().enumerate() { (filter(at, axis)) }
                button type="reset" { "All cells" }
                output #shown role="status" {}
            }
        }
    }
}

fn choice(key: &str, name: &str, checked: bool) -> Markup {
    let id = format!("show-{key}");
    html! {
        input type="radio" name="show" id=(id) checked[checked];
        label for=(id) { (name) }
    }
}

fn filter(at: usize, axis: &Axis) -> Markup {
    html! {
        label.filter {
            (axis.name) " "
            select id=(format!("axis{at}")) {
                option { "all" }
                @for value in &axis.values { option { (value) } }
            }
        }
    }
}

/// What the colours mean, for each measure the line that belongs to it.
fn legends(map: &Map<'_>) -> Markup {
    html! {
        div.legends {
            p.m-outcome { "How each cell ended, and how many of its tests passed." }
            @for measure in map.measures {
                p.(map.class(measure)) {
                    span { (measure.kind.name()) ": " (measure.kind.note()) }
                    span.scale aria-hidden="true" {
                        @if measure.kind == Kind::SpeedUp { @for step in [-6, -4, -2] { i.(heat(step)) {} } }
                        @for step in 0..=6 { i.(heat(step)) {} }
                    }
                    span { (measure.ends.0) " to " (measure.ends.1) }
                }
            }
        }
    }
}

/// Small tables stand in columns of one width.
fn tables(tables: &[Table<'_>], map: &Map<'_>) -> Markup {
    let several = tables.len() > 1 && tables.iter().all(|table| table.columns.len() <= 6);
    html! {
        div.tables.several[several] { @for table in tables { (self::table(table, map)) } }
    }
}

fn table(table: &Table<'_>, map: &Map<'_>) -> Markup {
    let Table { corner, columns, rows } = table;
    let ids =
        |row: &[Option<&CellVerdict>]| row.iter().flatten().map(|cell| cell.cell.clone()).collect::<Vec<_>>();
    let all: Vec<_> = rows.iter().flat_map(|(_, row)| ids(row)).collect();
    let across: Vec<String> = (0..columns.len())
        .map(|at| {
            let column: Vec<_> = rows.iter().filter_map(|(_, row)| row[at].map(|cell| &cell.cell)).collect();
            places(&map.axes.shared(column))
        })
        .collect();
    html! {
        div.(format!("table {}", places(&map.axes.shared(&all)))) role="region" tabindex="0" aria-label=(label(corner)) {
            table.heat {
                caption { (corner) }
                thead { tr {
                    td {}
                    @for (column, places) in columns.iter().zip(&across) { th.(places) scope="col" { (column) } }
                } }
                tbody { @for (label, row) in rows {
                    tr.(places(&map.axes.shared(&ids(row)))) {
                        th scope="row" { (label) }
                        @for (cell, places) in row.iter().zip(&across) {
                            td.(places) { @if let Some(cell) = cell { (place(cell, map)) } }
                        }
                    }
                } }
            }
        }
    }
}

fn label(corner: &str) -> String {
    if corner.is_empty() { "cells".to_owned() } else { format!("cells of {corner}") }
}

/// One cell: its outcome, and each of its numbers, of which one is shown.
fn place(cell: &CellVerdict, map: &Map<'_>) -> Markup {
    let mark = mark(cell);
    let sign = if mark.tone.sign().is_empty() { "■" } else { mark.tone.sign() };
    let (id, outcome) = (cell.cell.to_string(), cell.outcome.to_string());
    html! {
        a.cell href=(format!("#{id}")) title=(format!("{id}: {outcome}")) {
            span.(format!("m-outcome {}", class(mark.tone))) {
                i aria-hidden="true" { (sign) }
                span { (mark.text) }
                @if mark.text != outcome { span.quiet { " " (outcome) } }
            }
            @for measure in map.measures {
                @match measure.shown.get(&cell.cell) {
                    Some(shown) => { span.(format!("{} {}", map.class(measure), heat(shown.step))) { (shown.text) } }
                    None => { span.(format!("{} h", map.class(measure))) { "–" } }
                }
            }
        }
    }
}

/// The class that gives a step of a scale its colour.
fn heat(step: i8) -> String {
    if step < 0 { format!("h l{}", step.unsigned_abs().div_ceil(2)) } else { format!("h h{step}") }
}
