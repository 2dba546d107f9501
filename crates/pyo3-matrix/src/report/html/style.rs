//! How does the page look, and what do its controls show and hide? The axes and the comparisons in, a style out: choosing a
//! measure and filtering need no script.

use std::fmt::Write as _;

use crate::report::model::axes::Axes;
use crate::report::model::measures::Kind;

/// What is the same for every report.
pub const STYLE: &str = include_str!("style.css");

/// The whole style. What it takes from a report are numbers alone.
pub fn text(axes: &Axes<'_>, comparisons: &[(&str, &str)]) -> String {
    let mut text = STYLE.to_owned();
    for (axis, values) in axes.all.iter().map(|axis| axis.values.len()).enumerate() {
        for value in 0..values {
            // The first choice is all of them.
            let chosen = format!(":root:has(#axis{axis}>option:nth-child({}):checked)", value + 2);
            let _ = writeln!(text, "{chosen} .a{axis}:not(.a{axis}v{value}){{display:none}}");
        }
    }
    for kind in Kind::ALL {
        let chosen = format!(":root:has(#show-{}:checked)", key(kind));
        if kind.is_of_a_comparison() {
            for at in 0..comparisons.len() {
                let compared = format!("{chosen}:has(#compared>option:nth-child({}):checked)", at + 1);
                let _ = writeln!(text, "{}", shown(&compared, &format!("{}{at}", key(kind))));
            }
        } else {
            let _ = writeln!(text, "{}", shown(&chosen, key(kind)));
        }
    }
    text
}

/// What shows one measure and nothing else of a place in the grid.
fn shown(chosen: &str, measure: &str) -> String {
    format!("{chosen} .m-{measure}{{display:flex}}\n{chosen} .m-outcome{{display:none}}")
}

/// The letters that stand for a measure in ids and classes.
pub fn key(kind: Kind) -> &'static str {
    match kind {
        Kind::SpeedUp => "speed",
        Kind::Latency => "latency",
        Kind::Memory => "memory",
        Kind::Duration => "time",
    }
}
