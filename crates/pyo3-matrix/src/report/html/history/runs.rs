//! Which runs are these? One row for each, the newest first.

use maud::{Markup, html};

use super::{decision, tally};
use crate::report::history::{History, Run};
use crate::report::html::sign;
use crate::report::model::numbers::readable;
use crate::report::tone::Tone;

pub fn section(history: &History) -> Markup {
    html! {
        @if !history.runs.is_empty() {
            section #runs aria-labelledby="runs-title" {
                h2 #runs-title { "Runs" }
                div.table role="region" tabindex="0" aria-label="Table of the runs" {
                    table.list {
                        thead { tr {
                            @for name in ["begun", "cells", "decision", "commit", "preset", "harness", "machine", "run"] {
                                th scope="col" { (name) }
                            }
                        } }
                        tbody { @for run in history.runs.iter().rev() { (row(run)) } }
                    }
                }
            }
        }
    }
}

fn row(run: &Run) -> Markup {
    let origin = &run.origin;
    let tone = if run.green { Tone::Good } else { Tone::Bad };
    html! {
        tr {
            th scope="row" { (readable(&run.started)) }
            td { (sign(tone)) (tally(run)) }
            td { (decision(run.decision)) }
            td { @if let Some(commit) = &origin.commit { code { (readable(&commit.to_string())) } } }
            td { (readable(&run.preset)) }
            td { @if let Some(harness) = &origin.harness { (readable(harness)) } }
            td { @if let Some(host) = &origin.host { (readable(&host.to_string())) } }
            td { code { (readable(&run.id)) } }
        }
    }
}
