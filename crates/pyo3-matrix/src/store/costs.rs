//! Where are the costs of earlier runs? A run's id, its folder or a `costs.json` in, costs out; or the cells of a new run in,
//! what earlier runs of the same suite show of them out.

use std::path::Path;

use serde::Deserialize;

use crate::config::Config;
use crate::model::cell::CellId;
use crate::model::document;
use crate::model::ledger::Ledger;
use crate::model::record::{self, Durations, Outcome, Thoroughness};
use crate::plan::cost::{Costs, FILE};
use crate::plan::remaining::Known;
use crate::store::folder::{self, Contents, FolderError, RunFolder};

/// How many earlier runs are looked at.
const REMEMBERED: usize = 30;

/// Reads what `asked` names: a run's id or folder, or a `costs.json` that was carried here from another machine.
pub fn read(config: &Config, asked: &str) -> Result<Costs, CostError> {
    let path = Path::new(asked);
    if path.is_file() {
        let unreadable = |error: std::io::Error| CostError::Unreadable(asked.to_owned(), error.to_string());
        return document::read(path).map_err(unreadable)?.ok_or_else(|| CostError::None(asked.to_owned()));
    }
    let Contents { intent, records, ledger, .. } = RunFolder::open(&config.target(), Some(asked))?.read()?;
    Costs::of(&intent.run, &records, ledger.as_ref()).ok_or_else(|| CostError::None(asked.to_owned()))
}

/// The part of a record that says what its cell took.
#[derive(Deserialize)]
struct Took {
    outcome: Outcome,
    #[serde(default)]
    thoroughness: Thoroughness,
    durations: Durations,
}

/// What the newest runs of this suite show of `cells` in these stages. A run that cannot be read shows nothing.
#[must_use]
pub fn known(config: &Config, cells: &[CellId], stages: Thoroughness) -> Known {
    let (mut known, suite) = (Known::default(), config.suite.arguments());
    let measured = stages != Thoroughness::Tests;
    let mut open: Vec<&CellId> = cells.iter().collect();
    for run in folder::newest_first(&config.target().join("runs")).unwrap_or_default().iter().take(REMEMBERED)
    {
        let ledger = document::read::<Ledger>(&run.path.join("ledger.json")).ok().flatten();
        let Some(ledger) = ledger.filter(|ledger| ledger.suite == suite) else { continue };
        if let Some(each) = ledger.of_each_build().filter(|_| !known.has_wheel()) {
            known.wheel(each);
        }
        // The newest record that shows a cell in every stage is the one that counts.
        open.retain(|cell| {
            let record = document::read::<Took>(&run.cell(cell).join(record::FILE)).ok().flatten();
            if let Some(Took { outcome, durations, .. }) =
                record.filter(|took| !measured || took.thoroughness == stages)
            {
                known.cell(cell, &outcome, durations);
            }
            !known.has(cell, measured)
        });
    }
    known
}

/// Why there are no costs.
#[derive(Debug, thiserror::Error)]
pub enum CostError {
    #[error(
        "no cell ran in {0}, so it says nothing about costs\nhint: leave out --costs to balance by count"
    )]
    None(String),
    #[error("cannot read the costs {0}: {1}\nhint: --costs takes a run's id, its folder, or its {FILE}")]
    Unreadable(String, String),
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

#[cfg(test)]
mod tests {
    use fs_err as fs;
    use serde_json::json;

    use super::*;
    use crate::plan::remaining::Todo;

    const CELL: &str = "py3.12-pg16-pyo3_0.30";

    /// A run of one cell that took so many seconds.
    fn ran(config: &Config, run: &str, suite: &[String], seconds: f64, built: usize) {
        let folder = config.target().join("runs").join(run);
        fs::create_dir_all(folder.join("cells").join(CELL)).expect("a folder");
        let ledger = json!({
            "schema_version": 1, "wall": 1.0, "harness": 0.0, "found": [], "suite": suite,
            "phases": [{"name": "build", "wall": 30.0, "work": 30.0}], "wheels_built": built, "wheels_kept": 0,
        });
        let durations = json!({"tests": seconds, "benchmarks": 0.0, "harness": 0.0});
        let record = json!({"outcome": Outcome::Passed, "durations": durations});
        document::write(&folder.join("ledger.json"), &ledger).expect("written");
        document::write(&folder.join("cells").join(CELL).join(record::FILE), &record).expect("written");
    }

    #[test]
    fn the_newest_run_of_the_suite_shows_what_a_cell_takes_and_one_that_built_what_a_wheel_does() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = include_str!("../../../../matrix.toml");
        let config = Config::parse(text, "matrix.toml".as_ref(), folder.path().into()).expect("a config");
        let suite = config.suite.arguments();
        ran(&config, "20261101T000000.000000Z-00000000", &suite, 10.0, 1);
        ran(&config, "20261102T000000.000000Z-00000000", &suite, 20.0, 0);
        ran(&config, "20261103T000000.000000Z-00000000", &["another".to_owned()], 40.0, 2);
        fs::create_dir(config.target().join("runs/20261104T000000.000000Z-00000000"))
            .expect("one that was killed");
        let cell: CellId = CELL.parse().expect("an id");
        let left = |stages| {
            let known = known(&config, std::slice::from_ref(&cell), stages);
            known.remaining(&Todo { wheels: 1, tests: vec![(&cell, 0.0)], jobs: 1, ..Todo::default() })
        };
        assert_eq!(left(Thoroughness::Tests), Some(30.0 + 20.0));
        assert_eq!(left(Thoroughness::Quick), None, "no run was as thorough");
    }
}
