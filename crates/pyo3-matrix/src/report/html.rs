//! The report for people who look at it: one page without a network, without a need for scripts, and below a megabyte.
//!
//! The page may load nothing: its policy names the hashes of its own style and script, so text that would get past the
//! escaping still could not run. Numbers, words and colours come from [`model`](crate::report::model).

mod cells;
mod changes;
mod cost;
mod criteria;
mod detection;
mod grid;
pub mod history;
mod kit;
mod plot;
mod red;
mod room;
mod run;
mod style;
mod verdict;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::report::Whole;
use crate::report::model::axes::Axes;
use crate::report::model::{Model, detection as faults_of, kit as kit_of, measures};
use crate::report::tone::Tone;

/// The name of this report in a run's folder.
pub const FILE: &str = "report.html";

/// Opens the section of a cell that a link leads to, and counts what a filter leaves. The page says everything without it.
const SCRIPT: &str = include_str!("html/script.js");

/// Renders the page.
#[must_use]
pub fn render(whole: &Whole) -> String {
    let Whole { report, records, since } = whole;
    let (model, axes) = (Model::of(report), Axes::of(report));
    let measures = measures::all(records);
    let before = html! {
        (verdict::section(&model))
        (grid::section(&model, whole, &axes, &measures))
        @if let Some(since) = since { (changes::since(since)) }
        (criteria::section(&model))
        (cost::section(&model.cost))
        (red::section(&model))
        @if let Some(kit) = kit_of::grid(records) { (kit::section(&kit)) }
        @if let Some(faults) = faults_of::table(records) { (detection::section(&faults)) }
        (run::section(&model))
    };
    let style = style::text(&axes, &measures::comparisons(records));
    let room = room::PAGE.saturating_sub(before.0.len() + style.len() + SCRIPT.len()).max(room::CELLS);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            (head(&format!("{} · {}", model.headline.tally, model.headline.title), &style, Some(SCRIPT)))
            body {
                a.skip-link href="#cells" { "To the cells" }
                (verdict::header(&model))
                main {
                    (before)
                    (cells::section(&model, whole, &axes, room))
                }
                (run::footer(&model))
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    clean(page)
}

/// The text of a page. Texts are made readable one by one, which takes whole sequences out; no text brings a character that
/// controls.
fn clean(page: Markup) -> String {
    let mut page = page.into_string();
    page.retain(|character| !character.is_control() || matches!(character, '\n' | '\t'));
    page
}

/// The head of a page, which may load nothing and run this script alone.
fn head(title: &str, style: &str, script: Option<&str>) -> Markup {
    let script = script.map(|script| format!("script-src 'sha256-{}'; ", hash(script))).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; {script}base-uri 'none'; form-action 'none'",
        hash(style)
    );
    html! {
        head {
            meta charset="utf-8";
            meta http-equiv="Content-Security-Policy" content=(policy);
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta name="generator" content=(concat!("pyo3-matrix ", env!("CARGO_PKG_VERSION")));
            title { (title) }
            style { (PreEscaped(style)) }
        }
    }
}

fn hash(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text))
}

/// The class that gives something the colours of its tone.
fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "good",
        Tone::Bad => "bad",
        Tone::Flaky => "flaky",
        Tone::Undecided => "open",
        Tone::Unmeasured | Tone::Skipped => "none",
        Tone::Stopped | Tone::UnderWay => "wait",
    }
}

/// A sign for the eye alone: the words beside it say the same.
fn sign(tone: Tone) -> Markup {
    let sign = match tone.sign() {
        "" => "■",
        sign => sign,
    };
    html! { span.(format!("sign {}", class(tone))) aria-hidden="true" { (sign) } }
}

/// The classes by which filters find something: each axis on which all of it has one value.
fn places(shared: &[(usize, usize)]) -> String {
    shared.iter().map(|(axis, value)| format!("a{axis} a{axis}v{value}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
