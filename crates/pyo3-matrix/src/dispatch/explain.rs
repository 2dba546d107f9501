//! What explains the failures of a run? Who runs the cells that tell several explanations apart, until one is left for each.

use super::parts::run_plan;
use super::{reports, voice};
use crate::config::Config;
use crate::error::Error;
use crate::model::cell::CellId;
use crate::plan::part::Part;
use crate::plan::{self, Request};
use crate::report::message;
use crate::run::Options;
use crate::store::basis::Basis;
use crate::store::folder::RunFolder;
use crate::store::merge::{self, Goal, Piece};

/// More rounds than this are a sign that no cause fits; a cause of a matrix of 160 cells takes four at most.
const ROUNDS: usize = 8;

/// Runs further cells, and returns the run that holds all, and whether that was interrupted.
pub fn further(mut folder: RunFolder, options: Options, config: &Config) -> Result<(RunFolder, bool), Error> {
    let mut asked: Vec<CellId> = Vec::new();
    for _ in 0..ROUNDS {
        let piece = Piece::read(folder.path.clone())?;
        let attributions = reports::read(&folder)?.report.verdict.attributions;
        let mut cells: Vec<CellId> = attributions.into_iter().filter_map(|found| found.decides).collect();
        cells.sort();
        cells.dedup();
        // A cell that was asked and said nothing will say nothing again, and one that is left out by `matrix.toml` cannot.
        cells.retain(|cell| !asked.contains(cell));
        let named = |cell: &CellId| Request { cells: vec![cell.to_string()], ..Request::default() };
        cells.retain(|cell| plan::plan(config, &named(cell)).is_ok());
        if cells.is_empty() {
            break;
        }
        let now = Basis::of(config)?;
        let changed = piece.contents.intent.basis.differences(&now);
        if !changed.is_empty() {
            // What further cells would say is of other sources, and explains nothing of these.
            voice::say(&message::not_explained(&piece.contents.intent.run, &changed));
            break;
        }
        voice::say(&message::explains(&cells));
        let request =
            Request { cells: cells.iter().map(ToString::to_string).collect(), ..Request::default() };
        let intent = &piece.contents.intent;
        let (plan, part) =
            Part::explain(intent.plan.clone(), intent.run.clone(), plan::plan(config, &request)?);
        let whole = part.whole.clone();
        let (ran, interrupted) = run_plan(plan, Some(part), now, options, config)?;
        folder = merge::merge(
            &[piece, Piece::read(ran.path)?],
            Goal { plan: whole, part: None },
            &config.target(),
        )?;
        if interrupted {
            return Ok((folder, true));
        }
        asked.extend(cells);
    }
    Ok((folder, false))
}
