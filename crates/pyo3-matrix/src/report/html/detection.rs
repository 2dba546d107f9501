//! Was each planted fault caught? Those first that were not.

use maud::{Markup, html};

use crate::report::html::room::{self, cut, within};
use crate::report::html::sign;
use crate::report::model::detection::{Detection, Row, said};
use crate::report::model::numbers::readable;

/// How many bytes are shown of why there is no result.
const PROBLEM: usize = 600;

pub fn section(detection: &Detection<'_>) -> Markup {
    let (right, wrong): (Vec<&Row<'_>>, Vec<&Row<'_>>) =
        detection.rows.iter().partition(|row| row.is_right());
    html! {
        section #detection aria-labelledby="detection-title" {
            h2 #detection-title { "Planted faults" }
            p.sum { (detection.tally()) }
            @if !wrong.is_empty() { (table(detection, &wrong)) }
            @if !right.is_empty() {
                details.rows { summary { span { (right.len()) " came out as they have to, in every cell that planted them" } }
                    (table(detection, &right))
                }
            }
        }
    }
}

fn table(detection: &Detection<'_>, rows: &[&Row<'_>]) -> Markup {
    let (shown, left_out) = within(room::KIT / 2, rows.iter().map(|row| self::row(row)));
    html! {
        div.table role="region" tabindex="0" aria-label="What caught each planted fault" {
            table.cost.faults {
                thead { tr {
                    th scope="col" { "fault" }
                    @for cell in &detection.cells { th scope="col" { (cell) } }
                    th scope="col" { "also found by" }
                } }
                tbody { @for row in shown { (row) } }
            }
        }
        (room::left_out(left_out, "faults", "record.json"))
    }
}

fn row(row: &Row<'_>) -> Markup {
    let problem = row.results.iter().flatten().find(|one| !one.problem.is_empty());
    html! {
        tr {
            th scope="row" {
                code { (readable(&row.fault.id)) }
                span.over { (readable(&row.fault.what)) @if row.fault.is_none() { ", layer " (readable(&row.fault.layer)) } }
            }
            @for result in &row.results {
                @let (tone, text) = said(*result);
                td { (sign(tone)) (readable(&text)) }
            }
            td {
                @for (at, check) in row.also().iter().enumerate() { @if at > 0 { ", " } (readable(check)) }
                @if let Some(one) = problem { p.message { (cut(&one.problem, PROBLEM)) } }
            }
        }
    }
}
