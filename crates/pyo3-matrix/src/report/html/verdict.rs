//! What does a reader see first? The verdict, the decision and the explanation.

use maud::{Markup, html};

use crate::report::html::room::{self, within};
use crate::report::html::{class, sign};
use crate::report::model::Model;
use crate::report::model::numbers::readable;
use crate::report::model::shares::{Share, shares};
use crate::report::tone::Tone;
use crate::report::why::Why;

/// What was run, and when.
pub fn header(model: &Model<'_>) -> Markup {
    let report = model.report;
    html! {
        header.top {
            p.brand { "pyo3-matrix" }
            p.run {
                span { (model.headline.title) }
                span { "run " code { (report.run) } }
                @if !report.started.is_empty() { span { "begun " time datetime=(report.started) { (report.started) } } }
                @for toolchain in &report.toolchain { span { (toolchain) } }
            }
        }
    }
}

/// The verdict, the decision, how the cells ended, and why some are red.
pub fn section(model: &Model<'_>) -> Markup {
    let (word, because) = model.decision;
    let tone = tone(model);
    html! {
        section #verdict aria-labelledby="verdict-title" {
            div.(format!("verdict {}", class(tone))) {
                span.seal aria-hidden="true" { (if tone.sign().is_empty() { "■" } else { tone.sign() }) }
                div {
                    h1 #verdict-title { (sentence(model.verdict)) }
                    p.tally { (model.headline.tally) }
                }
                p.decision { span.label { "Decision" } strong { (word) } span { (because) } }
            }
            (bar(&shares(&model.report.verdict.cells)))
            (why(&model.why))
        }
    }
}

/// How the whole run is: one at work is neither good nor bad yet.
fn tone(model: &Model<'_>) -> Tone {
    match model.report.verdict.tally().under_way {
        0 if model.verdict == "none" => Tone::Unmeasured,
        0 => model.headline.tone,
        _ => Tone::UnderWay,
    }
}

/// The verdict as a heading.
fn sentence(verdict: &str) -> String {
    match verdict {
        "none" => "No verdict".to_owned(),
        verdict => {
            let mut letters = verdict.chars();
            letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
        }
    }
}

/// How the cells ended, as one bar of all of them, and in words that add up.
fn bar(shares: &[Share]) -> Markup {
    let all: usize = shares.iter().map(|share| share.cells).sum();
    html! {
        @if all > 0 {
            svg.bar viewBox=(format!("0 0 {all} 1")) preserveAspectRatio="none" aria-hidden="true" {
                @for (at, share) in shares.iter().enumerate() {
                    @let before: usize = shares[..at].iter().map(|share| share.cells).sum();
                    rect.(class(share.tone)) x=(before) y="0" width=(share.cells) height="1" {}
                }
            }
            ul.shares {
                @for Share { tone, word, cells } in shares {
                    li { (sign(*tone)) strong { (cells) } " " (word) }
                }
                li.sum { "of " strong { (all) } " planned" }
            }
        }
    }
}

/// What goes wrong where, each in a sentence, and what is not sure of it.
fn why(all: &[Why]) -> Markup {
    let one = |why: &Why| {
        html! {
            li {
                p {
                    strong { (readable(&why.what)) }
                    @if let Some(place) = &why.place { " " (readable(place)) }
                    ": " span.count { (why.count) }
                }
                @for doubt in &why.doubts { p.doubt { (readable(doubt)) } }
                @if let Some(command) = &why.tells { p.doubt { code { (command) } " tells" } }
            }
        }
    };
    let (shown, left_out) = within(room::WHY, all.iter().map(one));
    html! {
        @if !all.is_empty() {
            h2 { "Why" }
            ul.why { @for why in shown { (why) } }
            (room::left_out(left_out, "explanations", "report.json"))
        }
    }
}
