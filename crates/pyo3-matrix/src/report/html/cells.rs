//! What is known of each cell? A section for each, the red ones first to have room.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::model::cell::CellId;
use crate::model::record::{Benchmark, Comparison, Record, Spread};
use crate::report::Whole;
use crate::report::html::room::{self, cut};
use crate::report::html::{places, plot, sign};
use crate::report::model::Model;
use crate::report::model::axes::Axes;
use crate::report::model::names::variant;
use crate::report::model::numbers::{factor, milliseconds, readable};
use crate::report::model::sheet::{Failed, Incident, Sheet, Version};
use crate::report::tone::Tone;
use crate::verdict::judge::CellVerdict;

/// How much of a cell's long texts is shown: less where there are many cells, so that each has its section.
struct Share {
    /// Bytes of one log, and of all logs of a cell.
    log: usize,
    logs: usize,
    /// How many names of tests are listed at once.
    names: usize,
    /// Whether the rounds of benchmarks are drawn.
    boxes: bool,
    /// Whether sections stand open.
    open: bool,
}

impl Share {
    fn of(cells: usize, room: usize) -> Share {
        let each = room / cells.max(1);
        Share {
            log: (each / 4).clamp(400, 30_000),
            logs: (each / 3).clamp(400, 120_000),
            names: (each / 400).clamp(3, 500),
            boxes: each >= 6000,
            open: cells == 1,
        }
    }

    /// Cuts one log after another to what is left of the room for all.
    fn logs(&self) -> impl FnMut(&str) -> String {
        let (mut room, most) = (self.logs, self.log);
        move |log| {
            let log = cut(log, most.min(room));
            room = room.saturating_sub(log.len()).max(200);
            log
        }
    }
}

/// The sections, as many as fit into `room` bytes.
pub fn section(model: &Model<'_>, whole: &Whole, axes: &Axes<'_>, room: usize) -> Markup {
    let verdict = &model.report.verdict;
    let records: BTreeMap<&CellId, &Record> =
        whole.records.iter().map(|record| (&record.cell, record)).collect();
    let cells: Vec<&CellVerdict> = verdict.cells.iter().chain(&verdict.rehearsals).collect();
    let share = Share::of(cells.len(), room);
    let mut order: Vec<usize> = (0..cells.len()).collect();
    order.sort_by_key(|at| matches!(Tone::from(&cells[*at].outcome), Tone::Good | Tone::Skipped));
    let (mut shown, mut used) = (BTreeMap::new(), 0);
    for at in order {
        let cell = cells[at];
        let section = one(&Sheet::of(cell, records.get(&cell.cell).copied(), &whole.report), axes, &share);
        used += section.0.len();
        if used > room {
            break;
        }
        shown.insert(at, section);
    }
    html! {
        section #cells aria-labelledby="cells-title" {
            h2 #cells-title { "Each cell" }
            div.rows { @for section in shown.values() { (section) } }
            (room::left_out(cells.len() - shown.len(), "cells, the green ones first,", "report.json"))
        }
    }
}

fn one(sheet: &Sheet<'_>, axes: &Axes<'_>, share: &Share) -> Markup {
    let verdict = sheet.verdict;
    let id = &verdict.cell;
    let mut log = share.logs();
    html! {
        details.(format!("sheet {}", places(&axes.shared([id])))) id=(id) open[share.open] {
            summary {
                (sign(sheet.mark.tone))
                span.id { (id) }
                span.outcome { (verdict.outcome) }
                span.over { @if verdict.total > 0 { (verdict.passed) "/" (verdict.total) " tests" } }
            }
            @if let Some(reason) = &verdict.reason { pre tabindex="0" { (cut(reason, share.log)) } }
            @if let Some(again) = &sheet.again { p.again { "again: " code { (again) } } }
            div.parts {
                (versions(&sheet.versions))
                (tests(sheet, share))
                (speed(sheet.comparisons))
                @if share.boxes { (rounds(sheet.benchmarks)) }
                (memory(sheet))
                (facts(sheet))
            }
            (failed(&sheet.failed, share, &mut log))
            (incidents(&sheet.incidents, share, &mut log))
        }
    }
}

fn versions(versions: &[Version<'_>]) -> Markup {
    html! {
        @if !versions.is_empty() {
            div.part {
                h3 { "Versions" }
                table.list {
                    thead { tr { td {} th scope="col" { "requested" } th scope="col" { "observed" } } }
                    tbody { @for Version { name, requested, observed, .. } in versions {
                        tr {
                            th scope="row" { (name) }
                            td { (requested.unwrap_or("–")) }
                            td { (observed.unwrap_or("–")) }
                        }
                    } }
                }
                (observers(versions))
            }
        }
    }
}

/// How the versions were observed, each way once.
fn observers(versions: &[Version<'_>]) -> Markup {
    let mut ways: Vec<(&str, Vec<&str>)> = Vec::new();
    for Version { name, how, .. } in versions {
        match ways.iter_mut().find(|(known, _)| known == how) {
            Some((_, names)) => names.push(name),
            None => ways.push((how, vec![name])),
        }
    }
    html! { p.note { @for (how, names) in ways { (names.join(", ")) ": " (how) ". " } } }
}

fn tests(sheet: &Sheet<'_>, share: &Share) -> Markup {
    html! {
        @if !sheet.counts.is_empty() {
            div.part {
                h3 { "Tests" }
                ul.counts { @for (count, word) in &sheet.counts { li { strong { (count) } " " (word) } } }
                @for (reason, tests) in &sheet.skips {
                    p.skip {
                        (cut(reason, share.log.min(200))) ": "
                        span.tests { (listed(tests, share.names)) }
                    }
                }
                @if !sheet.slowest.is_empty() {
                    p.skip {
                        "slowest: "
                        @for (at, (test, took)) in sheet.slowest.iter().take(share.names).enumerate() {
                            @if at > 0 { ", " } (short(test)) " " (took)
                        }
                    }
                }
            }
        }
    }
}

/// Names of tests, without their files, and how many more.
fn listed(tests: &[&str], most: usize) -> String {
    let named: Vec<String> = tests.iter().take(most).map(|test| short(test)).collect();
    let more = tests.len().saturating_sub(most);
    named.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
}

fn short(test: &str) -> String {
    cut(test.rsplit("::").next().unwrap_or(test), 80)
}

fn speed(comparisons: &[Comparison]) -> Markup {
    html! {
        @if !comparisons.is_empty() {
            div.part.wide role="group" tabindex="0" aria-label="Speed" {
                h3 { "Speed" }
                table.list {
                    thead { tr {
                        td {}
                        @let first = &comparisons[0];
                        th scope="col" { (readable(&first.candidate.label)) ", ms" }
                        th scope="col" { (readable(&first.control.label)) ", ms" }
                        th scope="col" { "speed-up" }
                        th scope="col" { "interval" }
                    } }
                    tbody { @for comparison in comparisons {
                        tr {
                            th scope="row" { (readable(&comparison.title)) }
                            td { (milliseconds(comparison.candidate.median_ms)) }
                            td { (milliseconds(comparison.control.median_ms)) }
                            td { strong { (factor(comparison.speedup.ratio)) } }
                            td { (plot::speedup(comparison)) }
                        }
                    } }
                }
            }
        }
    }
}

/// How the rounds of each benchmark lie, those of one group on one scale.
fn rounds(benchmarks: &[Benchmark]) -> Markup {
    let mut groups: BTreeMap<&str, Vec<(&Benchmark, Spread)>> = BTreeMap::new();
    for benchmark in benchmarks {
        if let Some(spread) = benchmark.spread {
            groups
                .entry(benchmark.group.as_deref().unwrap_or_default())
                .or_default()
                .push((benchmark, spread));
        }
    }
    html! {
        @if !groups.is_empty() {
            div.part {
                h3 { "Rounds" }
                @for (group, members) in groups {
                    @let end = members.iter().map(|(_, spread)| spread.high).fold(0.0, f64::max);
                    table.list.rounds {
                        caption { (readable(group)) }
                        tbody { @for (benchmark, spread) in members {
                            tr {
                                th scope="row" { (readable(variant(&benchmark.name, group))) }
                                td { (plot::spread(&spread, benchmark.median, end)) }
                                td { (milliseconds(benchmark.median * 1000.0)) " ms" }
                            }
                        } }
                    }
                }
                p.note { "The box holds the middle half of the rounds, the line all but outliers." }
            }
        }
    }
}

fn memory(sheet: &Sheet<'_>) -> Markup {
    html! {
        @if let Some(memory) = sheet.memory {
            div.part {
                h3 { "Memory" }
                (plot::memory(memory))
                @if !sheet.slopes.is_empty() {
                    dl.facts { @for (test, slope) in &sheet.slopes { div { dt { (short(test)) } dd { (slope) } } } }
                }
            }
        }
    }
}

fn facts(sheet: &Sheet<'_>) -> Markup {
    html! {
        @if !sheet.facts.is_empty() {
            div.part {
                h3 { "Time and files" }
                dl.facts { @for (name, value) in &sheet.facts { div { dt { (name) } dd { (readable(value)) } } } }
            }
        }
    }
}

/// The failing tests, each with its log as long as there is room.
fn failed(failed: &[Failed<'_>], share: &Share, mut log: impl FnMut(&str) -> String) -> Markup {
    html! {
        @if !failed.is_empty() {
            h3 { "Failing tests" }
            @for Failed { test, message, log: whole } in failed.iter().take(share.names) {
                div.failure {
                    p { code.test { (cut(test, 300)) } }
                    p.message { (cut(message, 300)) }
                    @if let Some(whole) = whole { pre tabindex="0" { (log(whole)) } }
                }
            }
            (room::left_out(failed.len().saturating_sub(share.names), "failing tests", "record.json"))
        }
    }
}

fn incidents(incidents: &[Incident<'_>], share: &Share, mut log: impl FnMut(&str) -> String) -> Markup {
    html! {
        @if !incidents.is_empty() {
            h3 { "Conformance kit" }
            @for Incident { check, what, message, file, stacks } in incidents.iter().take(share.names) {
                div.failure {
                    p { code.test { (readable(check)) } " " (readable(what)) }
                    @if !message.is_empty() { p.message { (cut(message, share.log.min(600))) } }
                    @if let Some(file) = file { p.message { "stacks: " code { (readable(file)) } } }
                    @if let Some(stacks) = stacks {
                        details.rows { summary { "Stacks" } pre tabindex="0" { (log(stacks)) } }
                    }
                }
            }
            (room::left_out(incidents.len().saturating_sub(share.names), "checks", "record.json"))
        }
    }
}
