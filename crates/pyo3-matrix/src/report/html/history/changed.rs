//! What changed since the run before? The comparison of the newest two runs.

use maud::{Markup, html};

use crate::report::history::History;
use crate::report::html::changes::changes;
use crate::report::model::numbers::readable;

pub fn section(history: &History) -> Markup {
    let before = history.runs.len().checked_sub(2).map(|at| &history.runs[at]);
    html! {
        @if let Some(before) = before {
            section #changed aria-labelledby="changed-title" {
                h2 #changed-title { "Since the run before, " (readable(&before.name())) }
                @match history.changed() {
                    Some(compared) => (changes(&compared, "history.json")),
                    None => p.note { "What changed is not known: the history has no report of that run." },
                }
            }
        }
    }
}
