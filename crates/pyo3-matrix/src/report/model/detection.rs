//! Was each planted fault caught? Records in; a row per fault, with what caught it in each cell, out.

use std::collections::BTreeMap;

use pyo3_doctor::words::counted;

use crate::model::cell::CellId;
use crate::model::detection::{Detected, Fault};
use crate::model::record::Record;
use crate::report::tone::Tone;

/// The faults over all cells that planted some.
#[derive(Debug)]
pub struct Detection<'a> {
    pub cells: Vec<&'a CellId>,
    /// In the order in which they were planted.
    pub rows: Vec<Row<'a>>,
}

/// One fault.
#[derive(Debug)]
pub struct Row<'a> {
    pub fault: &'a Fault,
    /// In the order of the cells; none where a cell's Python cannot show the fault.
    pub results: Vec<Option<&'a Detected>>,
}

impl<'a> Row<'a> {
    /// Whether it came out as it has to, in every cell that planted it.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.results.iter().flatten().all(|one| is_right(one))
    }

    /// What found it, besides the check that is meant to, in any cell.
    #[must_use]
    pub fn also(&self) -> Vec<&'a str> {
        let mut all: Vec<&str> = self.results.iter().flatten().flat_map(|one| one.also()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// Whether a fault was caught as meant, or nothing was found where none was planted.
fn is_right(one: &Detected) -> bool {
    let right = if one.fault.is_none() { one.found.is_empty() } else { one.caught().is_some() };
    right && one.problem.is_empty()
}

/// What a cell says of a fault.
#[must_use]
pub fn said(result: Option<&Detected>) -> (Tone, String) {
    let Some(one) = result else { return (Tone::Skipped, "does not show here".to_owned()) };
    let text = match one.caught() {
        _ if !one.problem.is_empty() => "no result".to_owned(),
        Some((check, seconds)) => format!("{check}, {seconds:.1} s"),
        None if one.fault.is_none() && one.found.is_empty() => "nothing found".to_owned(),
        None if one.fault.is_none() => counted(one.found.len(), "false finding"),
        None => "not caught".to_owned(),
    };
    (if is_right(one) { Tone::Good } else { Tone::Bad }, text)
}

impl Detection<'_> {
    /// `58 of 58 faults caught as meant; 0 findings where nothing was planted`, over all cells.
    #[must_use]
    pub fn tally(&self) -> String {
        let all = || self.rows.iter().flat_map(|row| row.results.iter().flatten());
        let (planted, caught) =
            all().filter(|one| !one.fault.is_none()).fold((0, 0), |(planted, caught), one| {
                (planted + 1, caught + usize::from(one.caught().is_some()))
            });
        let false_findings: usize = all().filter(|one| one.fault.is_none()).map(|one| one.found.len()).sum();
        let of = counted(planted, "planted fault");
        format!(
            "{caught} of {of} caught as meant; {} where nothing was planted",
            counted(false_findings, "finding")
        )
    }
}

/// The table of faults, if some cell planted them.
#[must_use]
pub fn table<'a>(records: impl IntoIterator<Item = &'a Record>) -> Option<Detection<'a>> {
    let records: Vec<&Record> = records.into_iter().filter(|record| !record.detection.is_empty()).collect();
    let mut rows: Vec<Row<'a>> = Vec::new();
    // A layer is asked without a fault by itself.
    let mut places = BTreeMap::<(&str, &str), usize>::new();
    for (cell, record) in records.iter().enumerate() {
        for one in &record.detection {
            let place = *places.entry((&one.fault.layer, &one.fault.id)).or_insert(rows.len());
            if place == rows.len() {
                rows.push(Row { fault: &one.fault, results: vec![None; records.len()] });
            }
            rows[place].results[cell] = Some(one);
        }
    }
    (!records.is_empty())
        .then(|| Detection { cells: records.iter().map(|record| &record.cell).collect(), rows })
}

#[cfg(test)]
pub mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::record::{Outcome, Versions};

    /// What the kit found with a fault planted that `core/meant` is meant to catch.
    #[must_use]
    pub fn detected(id: &str, found: &[&str]) -> Detected {
        let found: BTreeMap<&str, f64> = found.iter().map(|check| (*check, 1.25)).collect();
        let fault = json!({ "id": id, "what": format!("{id} is <wrong>"), "layer": "core", "caught_by": ["core/meant"] });
        serde_json::from_value(json!({ "fault": fault, "found": found, "seconds": 3 })).expect("a result")
    }

    /// A record whose cell planted these.
    fn record(line: u16, detection: Vec<Detected>) -> Record {
        let cell = format!("py3.12-pyo3_0.{line}").parse().expect("an id");
        Record { detection, ..Record::empty(cell, Versions::ones(), Outcome::Passed, None) }
    }

    #[test]
    fn each_fault_has_a_row_with_what_caught_it_in_each_cell() {
        let records = [
            record(1, vec![detected("none", &[]), detected("held", &["core/meant", "core/other"])]),
            record(
                2,
                vec![
                    detected("none", &["core/a"]),
                    detected("held", &["core/other"]),
                    detected("race", &["core/meant"]),
                ],
            ),
            record(3, Vec::new()),
        ];
        let table = table(&records).expect("a table");
        let rows: Vec<_> = table
            .rows
            .iter()
            .map(|row| {
                let said: Vec<String> = row.results.iter().map(|one| said(*one).1).collect();
                (row.fault.id.as_str(), said.join(" | "), row.is_right(), row.also())
            })
            .collect();
        let expected = [
            ("none", "nothing found | 1 false finding".to_owned(), false, vec!["core/a"]),
            ("held", "core/meant, 1.2 s | not caught".to_owned(), false, vec!["core/other"]),
            ("race", "does not show here | core/meant, 1.2 s".to_owned(), true, vec![]),
        ];
        assert_eq!(rows, expected);
        assert_eq!(
            table.tally(),
            "2 of 3 planted faults caught as meant; 1 finding where nothing was planted"
        );
    }

    #[test]
    fn a_fault_without_a_result_is_not_right_and_a_run_without_faults_has_no_table() {
        let broken = Detected { problem: "pytest ended with 3".into(), ..detected("none", &[]) };
        assert_eq!(said(Some(&broken)), (Tone::Bad, "no result".to_owned()));
        assert!(table(&[record(1, Vec::new())]).is_none());
    }
}
