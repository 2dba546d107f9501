//! How does a plot look? Numbers in, a drawing in the page's own markup out. What it says stands in words beside it.

use std::fmt::Write as _;

use maud::{Markup, html};

use crate::model::record::{Comparison, Memory, Spread};
use crate::report::history::trend::Stretch;
use crate::report::html::class;
use crate::report::model::numbers::{bytes, factor, readable, seconds};
use crate::verdict::criterion::Range;

/// The size of a series, in units of its drawing, and how many points of it are drawn.
const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 60.0;
const POINTS: usize = 50;

/// How many stretches of a strip are read aloud.
const TOLD: usize = 12;

/// The resident set of the tests over time.
pub fn memory(memory: &Memory) -> Markup {
    let samples = &memory.samples;
    let Some(((first, _), (last, _))) = samples.first().zip(samples.last()) else { return html! {} };
    let span = (last - first).max(f64::EPSILON);
    let points: Vec<(f64, f64)> = thinned(samples);
    let low = points.iter().map(|(_, size)| *size).fold(f64::INFINITY, f64::min);
    let high = points.iter().map(|(_, size)| *size).fold(f64::NEG_INFINITY, f64::max);
    let place = |(time, size): &(f64, f64)| {
        let x = (time - first) / span * WIDTH;
        // Sizes that hardly move are a flat line in the middle.
        let room = (high - low).max(high * 0.02).max(1.0);
        let y = HEIGHT - 4.0 - (size - f64::midpoint(low, high) + room / 2.0) / room * (HEIGHT - 8.0);
        format!("{x:.0},{y:.0}")
    };
    let line = points.iter().map(place).collect::<Vec<_>>().join(" ");
    let said = format!(
        "{} at first, {} at last, {} at most, in {}",
        bytes(points[0].1),
        bytes(points[points.len() - 1].1),
        bytes(precise(memory.peak)),
        seconds(span)
    );
    html! {
        figure.series {
            svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) preserveAspectRatio="none" aria-hidden="true" {
                polyline points=(line) {}
            }
            figcaption { "Resident set: " (said) }
        }
    }
}

/// As many of the samples as can be told apart, the largest of each stretch.
fn thinned(samples: &[(f64, u64)]) -> Vec<(f64, f64)> {
    let stretch = samples.len().div_ceil(POINTS).max(1);
    let largest = |samples: &[(f64, u64)]| samples.iter().max_by_key(|(_, size)| *size).copied();
    let largest = samples.chunks(stretch).filter_map(largest);
    largest.map(|(time, size)| (time, precise(size))).collect()
}

#[expect(clippy::cast_precision_loss, reason = "no drawing shows the last byte of a petabyte")]
fn precise(size: u64) -> f64 {
    size as f64
}

/// An interval of a ratio on an axis that begins at 0, with a line at 1, and one at what is needed.
fn interval(low: f64, middle: f64, high: f64, needed: Option<f64>) -> Markup {
    let end = high.max(needed.unwrap_or_default()).max(1.0) * 1.08;
    let x = |ratio: f64| format!("{:.0}", (ratio / end * 160.0).clamp(0.0, 160.0));
    html! {
        svg.interval viewBox="0 0 160 16" aria-hidden="true" {
            path d="M0 8h160" {}
            path.one d=(format!("M{} 2v12", x(1.0))) {}
            @if let Some(needed) = needed { path.needed d=(format!("M{} 1v14", x(needed))) {} }
            path.span d=(format!("M{} 8H{}", x(low), x(high))) {}
            circle cx=(x(middle)) cy="8" r="3.5" {}
        }
    }
}

/// The speed-ups of one comparison over all cells.
pub fn range(range: &Range) -> Markup {
    interval(range.low, range.median, range.high, Some(range.needed))
}

/// The speed-up of one comparison in one cell, in words too.
pub fn speedup(comparison: &Comparison) -> Markup {
    let speedup = &comparison.speedup;
    html! {
        (interval(speedup.low, speedup.ratio, speedup.high, None))
        span.of { (factor(speedup.low)) " to " (factor(speedup.high)) }
    }
}

/// The rounds of one benchmark as a box with whiskers, on a scale from 0 to `end`.
pub fn spread(spread: &Spread, median: f64, end: f64) -> Markup {
    let x = |time: f64| format!("{:.1}", (time / end.max(f64::MIN_POSITIVE) * 160.0).clamp(0.0, 160.0));
    let Spread { low, q1, q3, high } = *spread;
    html! {
        svg.interval viewBox="0 0 160 16" aria-hidden="true" {
            path d=(format!("M{} 8H{}", x(low), x(high))) {}
            path.box d=(format!("M{} 8H{}", x(q1), x(q3))) {}
            path.one d=(format!("M{} 2v12", x(median))) {}
        }
    }
}

/// What was the same in how many runs of `of`, one stretch beside the other. A program that reads it aloud says the newest.
pub fn strip(name: &str, stretches: &[Stretch], of: usize) -> Markup {
    let said: Vec<&str> = stretches.iter().rev().take(TOLD).map(|stretch| stretch.said.as_str()).collect();
    let more = stretches.len().saturating_sub(TOLD);
    let more = if more > 0 { format!("; and {more} stretches before") } else { String::new() };
    let said = readable(&format!("{name}, the newest first: {}{more}", said.join("; ")));
    html! {
        svg.past viewBox=(format!("0 0 {of} 1")) preserveAspectRatio="none" role="img" aria-label=(said) {
            @for Stretch { from, runs, tone, said } in stretches {
                rect.(class(*tone)) x=(from) y="0" width=(runs) height="1" { title { (readable(said)) } }
            }
        }
    }
}

/// The speed-ups of one comparison in run after run: a step for each median in the band of its range, a line at 1, and one
/// at what is needed.
pub fn ranges(ranges: &[Option<&Range>]) -> Markup {
    let end = ranges.iter().flatten().map(|range| range.high.max(range.needed)).fold(1.0, f64::max) * 1.08;
    let y = |ratio: f64| format!("{:.1}", HEIGHT - (ratio / end * HEIGHT).clamp(0.0, HEIGHT));
    let (mut band, mut median, mut needed) = (String::new(), String::new(), String::new());
    for (at, range) in ranges.iter().enumerate() {
        let Some(range) = range else { continue };
        // A line goes on where the run before has a number too.
        let on = if at > 0 && ranges[at - 1].is_some() { 'L' } else { 'M' };
        let next = at + 1;
        let _ = write!(band, "M{at} {}H{next}V{}H{at}Z", y(range.high), y(range.low));
        let _ = write!(median, "{on}{at} {}H{next}", y(range.median));
        let _ = write!(needed, "{on}{at} {}H{next}", y(range.needed));
    }
    let of = ranges.len();
    html! {
        svg viewBox=(format!("0 0 {of} {HEIGHT}")) preserveAspectRatio="none" aria-hidden="true" {
            path.band d=(band) {}
            path.one d=(format!("M0 {}H{of}", y(1.0))) {}
            path.needed d=(needed) {}
            path.median d=(median) {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_series_is_thinned_and_keeps_its_peak() {
        let mut samples: Vec<(f64, u64)> = (0..10_000_u32).map(|at| (f64::from(at), 100)).collect();
        samples[5_003].1 = 900;
        let points = thinned(&samples);
        assert!(points.len() <= POINTS && points.iter().any(|(_, size)| *size > 899.0), "{points:?}");
        assert_eq!(thinned(&samples[..3]).len(), 3);
    }

    #[test]
    fn a_box_stands_where_its_quartiles_do_on_the_scale_of_its_group() {
        let drawn = spread(&Spread { low: 1.0, q1: 2.0, q3: 4.0, high: 8.0 }, 3.0, 16.0).into_string();
        for part in ["M10.0 8H80.0", "M20.0 8H40.0", "M30.0 2v12"] {
            assert!(drawn.contains(part), "{part}: {drawn}");
        }
    }

    #[test]
    fn a_series_without_a_sample_is_not_drawn_and_one_sample_is() {
        let series = |samples| Memory {
            unit: "bytes".into(),
            interval_seconds: 0.1,
            samples,
            peak: 2048,
            leaks: std::collections::BTreeMap::new(),
        };
        assert_eq!(memory(&series(Vec::new())).into_string(), "");
        let drawn = memory(&series(vec![(0.0, 2048)])).into_string();
        assert!(drawn.contains("points=\"0,30\"") && drawn.contains("2.0 KiB at most"), "{drawn}");
    }
}
