//! Does each planted fault get caught? The project that `[mutants]` names in, a run of its own matrix and its tables out.

use fs_err as fs;

use super::{parts, project, voice};
use crate::cli::{Manner, Partial};
use crate::config::{Config, ConfigError, FILE};
use crate::error::{Ending, Error};
use crate::model::program;
use crate::plan::Request;
use crate::run::cell::Benchmarks;
use crate::store::folder::RunFolder;

/// What the tests of such a project write in each cell's folder.
const TABLE: &str = "detection.md";

/// Runs the default preset of the project with planted faults, and shows what caught each.
pub fn run(cells: Vec<String>, pytest: &[String], config: &Config) -> Result<Ending, Error> {
    let named = config.mutants.as_ref().ok_or_else(|| ConfigError::NoMutants(config.root.join(FILE)))?;
    let file = config.root.join(named).join(FILE);
    // What is printed to be pasted means that file.
    program::asked_with(&file);
    let own = project::load(Some(&file))?;
    let own = project::with_checkout(own.config)?;
    let request = Request { cells, ..Request::default() };
    let manner =
        Manner { benchmarks: Some(Benchmarks::Off), jobs: None, retries: 0, strict: false, explain: false };
    let ending = parts::run(&request, &Partial::default(), &manner, pytest, &own)?;
    let folder = RunFolder::open(&own.target(), None)?;
    for record in folder.read()?.records {
        let table = fs::read_to_string(folder.cell(&record.cell).join(TABLE));
        voice::answer(&format!(
            "\n{}\n{}",
            record.cell,
            table.unwrap_or_else(|_| "  it left no table\n".to_owned())
        ))?;
    }
    Ok(ending)
}
