//! Which axis moves the cost? The steps in sentences, and for each axis a table of its values.

use maud::{Markup, html};

use crate::report::cost::{Cost, CostTable};
use crate::report::model::numbers::readable;

pub fn section(cost: &Cost) -> Markup {
    html! {
        @if let Some(over) = &cost.over {
            section #cost aria-labelledby="cost-title" {
                h2 #cost-title { "Cost by axis" }
                ul.steps {
                    @for step in &cost.steps { li { (readable(step)) } }
                    @if cost.more > 0 { li.note { "and " (cost.more) " more" } } @else { li.note { (readable(over)) } }
                }
                details.rows { summary { "Each value against the first" }
                    div.tables { @for table in &cost.tables { (self::table(table)) } }
                }
            }
        }
    }
}

fn table(table: &CostTable) -> Markup {
    let CostTable { axis, measures, rows } = table;
    html! {
        div.table role="region" tabindex="0" aria-label=(format!("Cost by {axis}")) {
            table.cost {
                thead { tr { th scope="col" { (readable(axis)) } @for name in measures { th scope="col" { (readable(name)) } } } }
                tbody {
                    @for (value, cells) in rows {
                        tr {
                            th scope="row" { (readable(value)) }
                            @for (text, moves) in cells { td { @if *moves { strong { (text) } } @else { (text) } } }
                        }
                    }
                }
            }
        }
    }
}
