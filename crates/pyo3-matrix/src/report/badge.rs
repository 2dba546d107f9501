//! A verdict in two words: `badge.json` for the endpoint of shields.io, and `badge.svg` for where no service is asked.
//! The fields of the endpoint are those of <https://shields.io/badges/endpoint-badge>. Pure.

use std::io;

use serde::Serialize;

use crate::report::Report;
use crate::verdict::judge::Decision;

/// The names of the badges in a run's folder.
pub const JSON_FILE: &str = "badge.json";
pub const SVG_FILE: &str = "badge.svg";

/// What stands on the left.
const LABEL: &str = "matrix";

/// Pixels between a text and the edge of its half.
const MARGIN: f64 = 6.0;

/// The endpoint's document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Endpoint<'a> {
    /// The version of the endpoint's own form, which has always been 1.
    schema_version: u32,
    label: &'a str,
    message: &'a str,
    color: &'a str,
    /// Keeps a red badge red, whatever colour the page asks for.
    is_error: bool,
}

/// Renders `badge.json`.
pub fn json(report: &Report) -> io::Result<String> {
    let green = report.verdict.green;
    let message = message(report);
    let color = match report.verdict.decision {
        Decision::None => "lightgrey",
        _ if green => "brightgreen",
        _ => "red",
    };
    let badge = Endpoint { schema_version: 1, label: LABEL, message: &message, color, is_error: !green };
    Ok(serde_json::to_string_pretty(&badge)? + "\n")
}

/// Renders `badge.svg`: two halves, each as wide as its text.
#[must_use]
pub fn svg(report: &Report) -> String {
    let message = message(report);
    // Dark enough for white text to be read on.
    let color = match report.verdict.decision {
        Decision::None => "#5f6368",
        _ if report.verdict.green => "#2e7d32",
        _ => "#c62828",
    };
    let (left, right) = (width(LABEL), width(&message));
    let (split, whole) = (left + 2.0 * MARGIN, left + right + 4.0 * MARGIN);
    let (at_left, at_right) = (split / 2.0, split + right / 2.0 + MARGIN);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{whole:.0}" height="20" viewBox="0 0 {whole:.0} 20" role="img" aria-label="{LABEL}: {message}">
  <title>{LABEL}: {message}</title>
  <clipPath id="round"><rect width="{whole:.0}" height="20" rx="3"/></clipPath>
  <g clip-path="url(#round)" shape-rendering="crispEdges">
    <rect width="{split:.0}" height="20" fill="#424a53"/>
    <rect x="{split:.0}" width="{rest:.0}" height="20" fill="{color}"/>
  </g>
  <g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11" text-anchor="middle">
    <text x="{at_left:.1}" y="14" textLength="{left:.0}" lengthAdjust="spacingAndGlyphs">{LABEL}</text>
    <text x="{at_right:.1}" y="14" textLength="{right:.0}" lengthAdjust="spacingAndGlyphs">{message}</text>
  </g>
</svg>
"##,
        rest = whole - split,
    )
}

/// `20/20 cells`, or `20/20, 1 flaky`: nothing that SVG would have to escape.
fn message(report: &Report) -> String {
    let tally = report.verdict.tally();
    match tally.flaky {
        _ if report.verdict.decision == Decision::None => "only rehearsed".to_owned(),
        0 => tally.to_string(),
        flaky => format!("{}/{}, {flaky} flaky", tally.green, tally.of),
    }
}

/// The width of a text in 11 pixels of Verdana, whole; `textLength` fits any other font into it.
fn width(text: &str) -> f64 {
    let of = |character: char| match character {
        'i' | 'l' => 3.0,
        ' ' | ',' | 'f' => 3.9,
        '/' | 'r' | 't' => 4.7,
        'c' | 's' => 5.7,
        'm' => 10.7,
        _ => 6.8,
    };
    text.chars().map(of).sum::<f64>().round()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Flaky;
    use crate::model::outcome::Outcome;
    use crate::report::tests::report;

    /// The form that the endpoint takes, as the service's documentation says it.
    fn check(document: &str) -> serde_json::Value {
        let schema = include_str!("../../schemas/shields-endpoint.schema.json");
        let validator = jsonschema::validator_for(&serde_json::from_str(schema).expect("JSON"));
        let document = serde_json::from_str(document).expect("JSON");
        let validator = validator.expect("a schema");
        let faults: Vec<String> = validator.iter_errors(&document).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{faults:?}");
        document
    }

    #[test]
    fn the_endpoint_says_how_many_cells_are_green() {
        let green = check(&json(&report(20, 0)).expect("JSON"));
        assert_eq!(
            (&green["label"], &green["message"], &green["color"]),
            (&"matrix".into(), &"20/20 cells".into(), &"brightgreen".into())
        );
        let red = check(&json(&report(19, 1)).expect("JSON"));
        assert_eq!(
            (&red["message"], &red["color"], &red["isError"]),
            (&"19/20 cells".into(), &"red".into(), &true.into())
        );
    }

    #[test]
    fn flaky_cells_are_counted_apart_and_are_green_only_where_the_config_says_so() {
        let mut flaky = report(20, 0);
        flaky.verdict.cells[7].outcome = Outcome::Flaky;
        flaky.verdict.green = false;
        assert_eq!(check(&json(&flaky).expect("JSON"))["message"], "19/20, 1 flaky");
        (flaky.verdict.flaky, flaky.verdict.green) = (Flaky::Pass, true);
        assert_eq!(check(&json(&flaky).expect("JSON"))["message"], "20/20, 1 flaky");
        assert!(svg(&flaky).contains("<title>matrix: 20/20, 1 flaky</title>"));
    }

    #[test]
    fn a_run_that_only_rehearses_is_neither_green_nor_red() {
        let mut rehearsed = report(0, 0);
        (rehearsed.verdict.green, rehearsed.verdict.decision) = (true, Decision::None);
        let badge = check(&json(&rehearsed).expect("JSON"));
        assert_eq!((&badge["message"], &badge["color"]), (&"only rehearsed".into(), &"lightgrey".into()));
        assert!(svg(&rehearsed).contains("#5f6368"));
    }

    #[test]
    fn the_picture_says_the_same() {
        let svg = svg(&report(20, 0));
        assert!(svg.contains("<title>matrix: 20/20 cells</title>") && svg.contains("#2e7d32"), "{svg}");
        assert!(super::svg(&report(19, 1)).contains("#c62828"));
    }
}
