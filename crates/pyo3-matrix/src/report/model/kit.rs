//! What did the conformance kit find over all cells? Records in; a row per check, with its outcome in each cell, out.

use std::collections::BTreeMap;

use crate::model::cell::CellId;
use crate::model::kit::KitCheck;
use crate::model::record::Record;
use crate::report::tone::Tone;

/// The kit over all cells that ran it.
#[derive(Debug)]
pub struct KitGrid<'a> {
    /// What was examined: the adapter, and what it drives where it says so.
    pub adapters: Vec<String>,
    pub cells: Vec<&'a CellId>,
    /// In the order in which the kit has them.
    pub rows: Vec<Row<'a>>,
}

/// One check.
#[derive(Debug)]
pub struct Row<'a> {
    pub id: &'a str,
    pub level: &'a str,
    /// What holds if it passes.
    pub holds: &'a str,
    /// In the order of the cells; none where a cell's kit does not have the check.
    pub outcomes: Vec<Option<&'a str>>,
    /// `158 passed, 2 failed`.
    pub tally: String,
    /// What the first cell that did not pass says.
    pub said: &'a str,
}

impl Row<'_> {
    /// The worst of its cells.
    #[must_use]
    pub fn tone(&self) -> Tone {
        let tones = self.outcomes.iter().flatten().map(|outcome| tone(outcome));
        tones
            .max_by_key(|tone| {
                [Tone::Skipped, Tone::Good, Tone::Flaky, Tone::Bad].iter().position(|t| t == tone)
            })
            .unwrap_or(Tone::Skipped)
    }

    /// Whether it is the same in every cell, and nothing to look at.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        let first = self.outcomes.first().copied().flatten();
        matches!(self.tone(), Tone::Good | Tone::Skipped)
            && self.outcomes.iter().all(|outcome| *outcome == first)
    }
}

/// How an outcome of a check is.
#[must_use]
pub fn tone(outcome: &str) -> Tone {
    match outcome {
        "passed" | "recorded" => Tone::Good,
        "not applicable" => Tone::Skipped,
        // A failure that the project knows of.
        "known" => Tone::Flaky,
        _ => Tone::Bad,
    }
}

/// The kit's grid, if some cell ran it.
#[must_use]
pub fn grid<'a>(records: impl IntoIterator<Item = &'a Record>) -> Option<KitGrid<'a>> {
    let ran: Vec<_> = records.into_iter().filter_map(|record| Some((record, record.kit.as_ref()?))).collect();
    let mut order: Vec<&KitCheck> = Vec::new();
    let mut found = BTreeMap::<&str, BTreeMap<usize, &KitCheck>>::new();
    let mut adapters: Vec<String> = Vec::new();
    for (at, (_, kit)) in ran.iter().enumerate() {
        let adapter = if kit.driver.is_empty() {
            kit.adapter.clone()
        } else {
            format!("{} ({})", kit.adapter, kit.driver)
        };
        if !adapters.contains(&adapter) {
            adapters.push(adapter);
        }
        for check in &kit.checks {
            let cells = found.entry(&check.id).or_default();
            if cells.is_empty() {
                order.push(check);
            }
            cells.insert(at, check);
        }
    }
    let rows = order.iter().map(|check| row(check, &found[check.id.as_str()], ran.len())).collect();
    (!ran.is_empty()).then(|| KitGrid {
        adapters,
        cells: ran.iter().map(|(record, _)| &record.cell).collect(),
        rows,
    })
}

fn row<'a>(check: &'a KitCheck, cells: &BTreeMap<usize, &'a KitCheck>, count: usize) -> Row<'a> {
    let outcomes: Vec<Option<&str>> =
        (0..count).map(|at| cells.get(&at).map(|check| check.outcome.as_str())).collect();
    let mut counts = Vec::<(&str, usize)>::new();
    for outcome in outcomes.iter().map(|outcome| outcome.unwrap_or("not there")) {
        match counts.iter_mut().find(|(known, _)| *known == outcome) {
            Some((_, count)) => *count += 1,
            None => counts.push((outcome, 1)),
        }
    }
    let tally: Vec<String> = counts.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
    let said =
        cells.values().find(|check| !check.message.is_empty()).map_or("", |check| check.message.as_str());
    Row { id: &check.id, level: &check.level, holds: &check.holds, outcomes, tally: tally.join(", "), said }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::kit::{Kit, tests as made_up};
    use crate::model::record::{Outcome, Versions};

    /// A record whose kit found this.
    fn record(line: u16, checks: &[(&str, &str)]) -> Record {
        let cell = format!("py3.12-pyo3_0.{line}").parse().expect("an id");
        let mut record = Record::empty(cell, Versions::ones(), Outcome::Passed, None);
        let check = |(id, outcome): &(&str, &str)| KitCheck {
            message: if *outcome == "failed" { "it is late".into() } else { String::new() },
            ..made_up::check(id, outcome)
        };
        let checks = checks.iter().map(check).collect();
        record.kit = Some(Kit { driver: "d 1".into(), ..made_up::kit(checks) });
        record
    }

    #[test]
    fn each_check_has_a_row_whose_counts_are_all_cells() {
        let records = [
            record(1, &[("core/b", "passed"), ("core/a", "passed")]),
            record(2, &[("core/b", "failed"), ("core/a", "passed"), ("core/c", "not applicable")]),
        ];
        let grid = grid(&records).expect("a grid");
        let told: Vec<_> =
            grid.rows.iter().map(|row| (row.id, row.tally.as_str(), row.is_plain(), row.said)).collect();
        let expected = [
            ("core/b", "1 passed, 1 failed", false, "it is late"),
            ("core/a", "2 passed", true, ""),
            ("core/c", "1 not there, 1 not applicable", false, ""),
        ];
        assert_eq!((told.as_slice(), &grid.adapters[..]), (&expected[..], &["A (d 1)".to_owned()][..]));
        assert_eq!(
            grid.rows.iter().map(Row::tone).collect::<Vec<_>>(),
            [Tone::Bad, Tone::Good, Tone::Skipped]
        );
    }

    #[test]
    fn a_run_without_the_kit_has_no_grid() {
        let cell = "py3.12-pyo3_0.1".parse().expect("an id");
        assert!(grid(&[Record::empty(cell, Versions::ones(), Outcome::Passed, None)]).is_none());
    }
}
