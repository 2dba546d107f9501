//! What the alternatives do: the benchmarks of one group beside each other, and the values of an axis of the project's own, such
//! as its bridges.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::model::record::{Benchmark, Record};
use crate::report::markdown::{cost, plain};
use crate::report::model::Model;
use crate::report::model::names::variant;
use crate::report::model::numbers::{factor, milliseconds};
use crate::verdict::criterion::middle;

pub fn section(model: &Model<'_>, records: &[&Record]) -> String {
    let text = chosen(model) + &beside(records);
    let text = if text.is_empty() { "None was compared.\n".to_owned() } else { text };
    format!("## Alternatives compared\n\n{text}")
}

/// The values of the project's own axes: how many cells of each are green, and what each costs.
fn chosen(model: &Model<'_>) -> String {
    let mut values: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let verdict = &model.report.verdict;
    for cell in verdict.cells.iter().filter(|cell| !cell.cell.choices.is_empty()) {
        let (green, all) = values.entry(cell.cell.choices.join(" with ")).or_default();
        *green += usize::from(verdict.flaky.is_green(&cell.outcome));
        *all += 1;
    }
    if values.is_empty() {
        return String::new();
    }
    let mut text = "| choice | cells green |\n|---|---|\n".to_owned();
    for (value, (green, all)) in &values {
        let _ = writeln!(text, "| {} | {green}/{all} |", plain(value));
    }
    text.push('\n');
    for table in model.cost.tables.iter().filter(|table| table.axis == "the choice") {
        text.push_str(&cost::rows(table));
    }
    text
}

/// What one benchmark took in each cell: milliseconds, and against the fastest of its group.
type Taken = (Vec<f64>, Vec<f64>);

/// For each group of benchmarks, every one against the fastest.
fn beside(records: &[&Record]) -> String {
    let mut groups: BTreeMap<&str, BTreeMap<&str, Taken>> = BTreeMap::new();
    for record in records {
        for (group, members) in grouped(&record.benchmarks) {
            let fastest = members.iter().map(|one| one.median).fold(f64::INFINITY, f64::min);
            for one in members {
                let (times, ratios) =
                    groups.entry(group).or_default().entry(variant(&one.name, group)).or_default();
                times.push(one.median * 1000.0);
                ratios.push(one.median / fastest);
            }
        }
    }
    if groups.is_empty() {
        return String::new();
    }
    let mut text =
        "| benchmark | | median | against the fastest in its cell |\n|---|---|---|---|\n".to_owned();
    for (group, members) in groups {
        let median = |values: Vec<f64>| middle(values).unwrap_or(f64::NAN);
        let mut rows: Vec<(f64, f64, &str)> = members
            .into_iter()
            .map(|(name, (times, ratios))| (median(ratios), median(times), name))
            .collect();
        rows.sort_by(|one, two| one.0.total_cmp(&two.0));
        for (ratio, time, name) in rows {
            let (group, name) = (plain(group), plain(name));
            let _ = writeln!(text, "| {group} | {name} | {} ms | {} |", milliseconds(time), factor(ratio));
        }
    }
    text
}

/// Group → its benchmarks. A group of one compares nothing, and is left out.
fn grouped(benchmarks: &[Benchmark]) -> BTreeMap<&str, Vec<&Benchmark>> {
    let mut groups: BTreeMap<&str, Vec<&Benchmark>> = BTreeMap::new();
    for benchmark in benchmarks {
        if let Some(group) = &benchmark.group {
            groups.entry(group).or_default().push(benchmark);
        }
    }
    groups.retain(|_, members| members.len() > 1);
    groups
}
