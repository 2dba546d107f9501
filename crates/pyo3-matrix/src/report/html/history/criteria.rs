//! Is what was asked for met, night after night? Each criterion as a strip, and each speed-up as a line with its range.

use maud::{Markup, html};

use super::strip;
use crate::report::history::History;
use crate::report::history::trend::{self, CriterionTrend};
use crate::report::html::{plot, sign};
use crate::report::model::numbers::{factor, readable};
use crate::report::tone::Tone;
use crate::verdict::criterion::{Range, Status};
use pyo3_doctor::words::counted;

pub fn section(history: &History) -> Markup {
    let criteria = trend::criteria(history);
    html! {
        section #criteria aria-labelledby="criteria-title" {
            h2 #criteria-title { "Criteria" }
            @if criteria.is_empty() { p.note { "No run has a criterion." } }
            ul.trends { @for criterion in &criteria { (one(criterion, history)) } }
        }
    }
}

fn one(criterion: &CriterionTrend<'_>, history: &History) -> Markup {
    let CriterionTrend { name, newest, stretches, speedups } = criterion;
    let status = newest.map(|result| result.status);
    let met = stretches.iter().filter(|stretch| stretch.tone == Tone::from(Status::Met));
    let met: usize = met.map(|stretch| stretch.runs).sum();
    let of: usize = stretches.iter().map(|stretch| stretch.runs).sum();
    html! {
        li {
            p.criterion {
                (sign(status.map_or(Tone::Skipped, Tone::from))) span.name { (readable(name)) }
                span.word { (status.map_or("not in the newest run", Status::word)) }
                span.over { "met in " (met) " of " (counted(of, "run")) }
            }
            (strip(name, stretches, history))
            @for (comparison, ranges) in speedups { (line(comparison, ranges)) }
        }
    }
}

/// The speed-ups of one comparison, in words too.
fn line(comparison: &str, ranges: &[Option<&Range>]) -> Markup {
    let medians: Vec<f64> = ranges.iter().flatten().map(|range| range.median).collect();
    let low = medians.iter().copied().fold(f64::INFINITY, f64::min);
    let high = medians.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    html! {
        @if let Some(newest) = ranges.iter().rev().flatten().next() {
            figure.series.speed {
                (plot::ranges(ranges))
                figcaption {
                    (readable(comparison)) ": " strong { (factor(newest.median)) } " median at last, intervals "
                    (factor(newest.low)) " to " (factor(newest.high)) ", needed " (factor(newest.needed))
                    @if medians.len() > 1 {
                        "; medians of " (medians.len()) " runs: " (factor(low)) " to " (factor(high))
                    }
                }
            }
        }
    }
}
