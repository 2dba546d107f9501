//! The history for people who look at it: a page of its own beside the newest report, since that is a function of one run's
//! records and has no room left. Without a network, without scripts, and below a megabyte.

mod cells;
mod changed;
mod criteria;
mod runs;

use maud::{DOCTYPE, Markup, html};

use crate::report::history::{History, Run, trend};
use crate::report::html::{class, clean, head, plot, style};
use crate::report::model::numbers::readable;
use crate::report::tone::Tone;
use crate::verdict::judge::Decision;
use pyo3_doctor::words::counted;

/// What only this page has.
const STYLE: &str = include_str!("history.css");

/// Renders the page. `report` is the address of the newest run's own page, where there is one beside it.
#[must_use]
pub fn render(history: &History, report: Option<&str>) -> String {
    let style = format!("{}\n{STYLE}", style::STYLE);
    let title = match history.runs.last() {
        Some(run) => format!("{} · history of {}", tally(run), run.preset),
        None => "history".to_owned(),
    };
    clean(html! {
        (DOCTYPE)
        html lang="en" {
            (head(&title, &style, None))
            body {
                a.skip-link href="#criteria" { "To the trends" }
                (header(history))
                main {
                    (verdict(history, report))
                    (changed::section(history))
                    (criteria::section(history))
                    (cells::section(history))
                    (cells::numbers(history))
                    (runs::section(history))
                }
                footer { p {
                    "Made by pyo3-matrix " (env!("CARGO_PKG_VERSION")) " from the reports of the runs. The same as data: "
                    code { "history.json" } "."
                } }
            }
        }
    })
}

/// What runs these are.
fn header(history: &History) -> Markup {
    html! {
        header.top {
            p.brand { "pyo3-matrix" }
            p.run {
                span { "history" @if let Some(run) = history.runs.last() { " of " (readable(&run.preset)) } }
                span { (counted(history.runs.len(), "run")) }
                @if let [first, .., last] = history.runs.as_slice() {
                    span { (readable(first.day())) " to " (readable(last.day())) }
                }
            }
        }
    }
}

/// How the newest run went, and how green the runs were.
fn verdict(history: &History, report: Option<&str>) -> Markup {
    let Some(run) = history.runs.last() else {
        return html! { section { h1 { "No run yet" } } };
    };
    let (tone, word) = match (run.decision, run.green) {
        (Decision::None, _) => (Tone::Unmeasured, "No verdict"),
        (_, true) => (Tone::Good, "Green"),
        (_, false) => (Tone::Bad, "Not green"),
    };
    let green = history.runs.iter().filter(|run| run.green).count();
    html! {
        section #verdict aria-labelledby="verdict-title" {
            div.(format!("verdict {}", class(tone))) {
                span.seal aria-hidden="true" { (tone.sign()) }
                div {
                    h1 #verdict-title { (word) }
                    p.tally { (tally(run)) " in the newest run, " (readable(&run.name())) }
                }
                p.decision {
                    span.label { "Decision" } strong { (decision(run.decision)) }
                    @if let Some(report) = report { span { a href=(report) { "The report of this run" } } }
                }
            }
            (strip("Whether each run was green", &trend::verdicts(history), history))
            p.note { (green) " of " (counted(history.runs.len(), "run")) " green" }
        }
    }
}

fn tally(run: &Run) -> String {
    format!("{}/{} green", run.green_cells, counted(run.of, "cell"))
}

fn decision(decision: Decision) -> &'static str {
    match decision {
        Decision::Proceed => "proceed",
        Decision::Investigate => "investigate",
        Decision::None => "none",
    }
}

/// A strip over all runs, with the days of the first and of the last.
fn strip(name: &str, stretches: &[trend::Stretch], history: &History) -> Markup {
    html! {
        (plot::strip(name, stretches, history.runs.len()))
        @if let [first, .., last] = history.runs.as_slice() {
            p.ends aria-hidden="true" { span { (readable(first.day())) } span { (readable(last.day())) } }
        }
    }
}

#[cfg(test)]
mod tests;
