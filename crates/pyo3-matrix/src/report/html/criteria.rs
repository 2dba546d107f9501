//! Is what was asked for met? The criteria, each with what was measured.

use maud::{Markup, html};

use crate::report::html::{plot, sign};
use crate::report::model::numbers::factor;
use crate::report::model::{Criterion, Model};

pub fn section(model: &Model<'_>) -> Markup {
    html! {
        @if !model.criteria.is_empty() {
            section #criteria aria-labelledby="criteria-title" {
                h2 #criteria-title { "Criteria" }
                ul.criteria { @for criterion in &model.criteria { (one(criterion)) } }
                @if let Some(noise) = &model.noise { p.note { "Measured on " (noise) "." } }
            }
        }
    }
}

fn one(criterion: &Criterion<'_>) -> Markup {
    let Criterion { name, tone, word, over, speedups } = criterion;
    html! {
        li {
            p.criterion { (sign(*tone)) span.name { (name) } span.word { (word) } span.over { (over) } }
            @for (comparison, range) in speedups {
                p.range {
                    span.name { (comparison) }
                    (plot::range(range))
                    span {
                        strong { (factor(range.median)) } " median, intervals "
                        (factor(range.low)) " to " (factor(range.high)) ", needed " (factor(range.needed))
                    }
                }
            }
        }
    }
}
