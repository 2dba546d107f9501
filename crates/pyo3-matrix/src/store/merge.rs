//! What do the partial runs of several machines say together? Run folders in, one run folder of the same form out.
//!
//! A part is held to its siblings: the same whole plan, the same criteria and stages, the same sources, and shards of one
//! cut. Where parts hold a cell with different records, `choice` says which one counts, and the report names the cell.

pub mod choice;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fs_err as fs;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::cell::CellId;
use crate::model::document;
use crate::model::ledger::Ledger;
use crate::model::origin::{Commit, Host, Origin};
use crate::model::record::{Attempt, Outcome, Record, Versions};
use crate::plan::part::{Cut, Part};
use crate::plan::{Plan, Planned};
use crate::store::alive::Alive;
use crate::store::disk;
use crate::store::folder::{Contents, PLAN, RunFolder};
use crate::store::intent::Intent;
use choice::{Candidate, Choice, Why};

/// How deep below a named folder a run's folder is looked for: artifacts lie one folder each below the named one.
const DEPTH: usize = 4;

/// What a merged run was put together from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Merged {
    pub runs: Vec<Source>,
    /// Cells of which two parts hold different records.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contested: Vec<Contested>,
}

/// One run that went into a merged one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    pub run: String,
    /// When it began, in UTC.
    pub started: String,
    /// Which part it was, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// How many of the records are its own.
    pub cells: usize,
    /// What it was made from, and where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Commit>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
}

/// A cell with two records, of which one counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Contested {
    pub cell: CellId,
    /// The run whose record counts.
    pub counts: String,
    pub outcome: Outcome,
    /// The other one.
    pub passed_over: String,
    pub other_outcome: Outcome,
    pub why: Why,
}

/// Why runs cannot be merged.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    #[error("no run in {}\nhint: name run folders, or folders that hold some; a run's folder holds {PLAN}", .0.display())]
    NoRun(PathBuf),
    #[error("{0}\nhint: name run folders, or folders that hold some")]
    Unreadable(std::io::Error),
    #[error("run {one} and run {two} are not parts of one run: {} differ\nhint: merge the parts of one request on one commit", what.join(", "))]
    Strangers { one: String, two: String, what: Vec<String> },
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// A run to merge, as read.
#[derive(Debug)]
pub struct Piece {
    pub folder: RunFolder,
    pub contents: Contents,
}

/// What a merged run is to cover.
pub struct Goal {
    pub plan: Plan,
    /// What that is in turn a part of.
    pub part: Option<Part>,
}

/// Finds and reads the runs that `named` are, or hold.
pub fn gather(named: &[PathBuf]) -> Result<Vec<Piece>, MergeError> {
    let mut folders = BTreeSet::new();
    for path in named {
        let mut found = Vec::new();
        search(path, DEPTH, &mut found).map_err(MergeError::Unreadable)?;
        if found.is_empty() {
            return Err(MergeError::NoRun(path.clone()));
        }
        // A folder that is reached by two names is one run.
        for folder in found {
            folders.insert(folder.canonicalize()?);
        }
    }
    folders.into_iter().map(Piece::read).collect()
}

/// Run folders at or below `path`; what a run holds is not looked through, nor what a link leads to.
fn search(path: &Path, depth: usize, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if path.join(PLAN).is_file() {
        found.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if depth > 0 && entry.file_type()?.is_dir() {
            search(&entry.path(), depth - 1, found)?;
        }
    }
    Ok(())
}

impl Piece {
    /// Reads the run in `path`.
    pub fn read(path: PathBuf) -> Result<Piece, MergeError> {
        let folder = RunFolder { path };
        let contents = folder.read().map_err(MergeError::Unreadable)?;
        Ok(Piece { folder, contents })
    }

    fn intent(&self) -> &Intent {
        &self.contents.intent
    }

    fn whole(&self) -> &Plan {
        self.intent().part.as_ref().map_or(&self.intent().plan, |part| &part.whole)
    }

    fn record(&self, cell: &CellId) -> Option<&Record> {
        self.contents.records.iter().find(|record| record.cell == *cell)
    }

    /// The run that this one retried.
    fn retried(&self) -> Option<&str> {
        match &self.intent().part.as_ref()?.cut {
            Cut::Retry { run } => Some(run),
            Cut::Named | Cut::Shard { .. } | Cut::Explain { .. } => None,
        }
    }

    /// The runs that this one was merged from.
    fn sources(&self) -> Vec<String> {
        let merged = self.intent().merged.iter().flat_map(|merged| &merged.runs);
        merged.map(|source| source.run.clone()).collect()
    }

    /// `(of, by)` of a shard.
    fn cut(&self) -> Option<(usize, &str)> {
        match &self.intent().part.as_ref()?.cut {
            Cut::Shard { of, by, .. } => Some((*of, by)),
            Cut::Named | Cut::Retry { .. } | Cut::Explain { .. } => None,
        }
    }
}

impl Goal {
    /// The whole that all of `pieces` are parts of, or how two of them differ.
    pub fn whole(pieces: &[Piece]) -> Result<Goal, MergeError> {
        let Some(first) = pieces.first() else { return Err(MergeError::NoRun(PathBuf::from("."))) };
        // Each with each: a retry has no stages or cut to compare the others with.
        let mut rest = pieces;
        while let Some((piece, others)) = rest.split_first() {
            for other in others {
                let what = strangers(piece, other);
                if !what.is_empty() {
                    let (one, two) = (piece.intent().run.clone(), other.intent().run.clone());
                    return Err(MergeError::Strangers { one, two, what });
                }
            }
            rest = others;
        }
        Ok(Goal { plan: first.whole().clone(), part: None })
    }
}

/// Whether two plans are the same: by name, and by what each cell is asked to be. What a machine found out about a cell
/// besides is no part of it.
fn same(one: &Plan, two: &Plan) -> bool {
    fn asked(planned: &Planned) -> (&CellId, &Versions, Option<&str>) {
        (&planned.cell, &planned.requested, planned.excluded.as_deref())
    }
    one.preset == two.preset
        && one.cells.iter().map(asked).eq(two.cells.iter().map(asked))
        && one.negatives.iter().map(|at| &at.id).eq(two.negatives.iter().map(|at| &at.id))
}

/// In what two pieces cannot be parts of one run.
fn strangers(one: &Piece, two: &Piece) -> Vec<String> {
    let (a, b) = (one.intent(), two.intent());
    let mut what: Vec<String> = a.basis.differences(&b.basis).into_iter().map(str::to_owned).collect();
    if !same(one.whole(), two.whole()) {
        let said = |plan: &Plan| format!("{} of {} cells", plan.preset, plan.cells.len());
        what.push(format!("the whole plans ({}, {})", said(one.whole()), said(two.whole())));
    }
    // Named apart only where matrix.toml did not already say so.
    if what.is_empty() && (&a.terms.criteria, a.terms.flaky) != (&b.terms.criteria, b.terms.flaky) {
        what.push("the criteria".to_owned());
    }
    // What a retry left out is looked at record by record.
    let retries = one.retried().is_some() || two.retried().is_some();
    if !retries && a.terms.thoroughness != b.terms.thoroughness {
        what.push(format!("the stages ({}, {})", a.terms.thoroughness, b.terms.thoroughness));
    }
    if let Some((cut, other)) = one.cut().zip(two.cut()).filter(|(cut, other)| cut != other) {
        let said = |(of, by): (usize, &str)| format!("{of} by {by}");
        what.push(format!("the shards ({}; {})", said(cut), said(other)));
    }
    what
}

/// A cell's record that counts: the piece that holds it, and the tries before it.
#[derive(Debug)]
pub struct Counting {
    pub piece: usize,
    pub attempts: Vec<Attempt>,
}

/// Which piece's record counts for each cell, and where two disagreed.
#[must_use]
pub fn choose(plan: &Plan, pieces: &[Piece]) -> (BTreeMap<CellId, Counting>, Vec<Contested>) {
    let sources: Vec<Vec<String>> = pieces.iter().map(Piece::sources).collect();
    let (mut chosen, mut contested) = (BTreeMap::new(), Vec::new());
    for cell in plan.live() {
        let holding = pieces.iter().zip(&sources).enumerate();
        let holding = holding.filter_map(|(at, (piece, merged))| {
            let Intent { run, started, terms, .. } = piece.intent();
            let (record, retried) = (piece.record(cell)?, piece.retried());
            Some((at, Candidate { record, run, started, asked: terms.thoroughness, retried, merged }))
        });
        let (places, candidates): (Vec<usize>, Vec<Candidate<'_>>) = holding.unzip();
        let Some(choice) = choice::choose(&candidates) else { continue };
        let contest = |(other, why): &(usize, Why)| contest(&candidates, &choice, *other, *why);
        contested.extend(choice.passed_over.iter().map(contest));
        chosen.insert(cell.clone(), Counting { piece: places[choice.at], attempts: choice.attempts });
    }
    (chosen, contested)
}

fn contest(candidates: &[Candidate<'_>], choice: &Choice, other: usize, why: Why) -> Contested {
    let (wins, loses) = (&candidates[choice.at], &candidates[other]);
    let counts = wins.record.clone().after(choice.attempts.clone());
    Contested {
        cell: wins.record.cell.clone(),
        counts: wins.run.to_owned(),
        outcome: counts.outcome,
        passed_over: loses.run.to_owned(),
        other_outcome: loses.record.outcome.clone(),
        why,
    }
}

/// Which piece's record counts for each negative cell of `plan`. A record is left out where another piece retried its run,
/// or was merged from it. Of the rest a red record counts, else the latest.
fn choose_negatives<'a>(plan: &'a Plan, pieces: &[Piece]) -> BTreeMap<&'a str, usize> {
    let ending = |at: usize, id: &str| {
        let records = &pieces[at].contents.negatives;
        records.iter().find(|record| record.id == id).map(|record| record.ending)
    };
    let chosen = plan.negatives.iter().filter_map(|planned| {
        let holding: Vec<usize> = (0..pieces.len()).filter(|at| ending(*at, &planned.id).is_some()).collect();
        let answered = |at: usize| {
            let run = &pieces[at].intent().run;
            let by = |by: &usize| pieces[*by].retried() == Some(run) || pieces[*by].sources().contains(run);
            holding.iter().any(by)
        };
        let rank = |at: usize| {
            let red = ending(at, &planned.id).is_some_and(|ending| !ending.is_green());
            (red, &pieces[at].intent().started, &pieces[at].intent().run)
        };
        let open = holding.iter().copied().filter(|at| !answered(*at));
        Some((planned.id.as_str(), open.max_by_key(|at| rank(*at))?))
    });
    chosen.collect()
}

/// The piece that says what was asked for. A retry may have left out a stage, or added one: a run that is no retry comes
/// before it, then a run that retries none of the others. Of several, the most thorough one asks.
fn asking(pieces: &[Piece]) -> Option<&Piece> {
    let is_here = |run: &str| pieces.iter().any(|piece| piece.intent().run == run);
    pieces.iter().max_by_key(|piece| {
        let retried = piece.retried();
        (retried.is_none(), !retried.is_some_and(is_here), piece.intent().terms.thoroughness)
    })
}

/// Writes what `pieces` say of `goal` as a run of its own under `target`.
pub fn merge(pieces: &[Piece], goal: Goal, target: &Path) -> Result<RunFolder, MergeError> {
    let (chosen, contested) = choose(&goal.plan, pieces);
    let source = |(at, piece): (usize, &Piece)| Source {
        run: piece.intent().run.clone(),
        started: piece.intent().started.clone(),
        part: piece.intent().part.as_ref().map(ToString::to_string),
        cells: chosen.values().filter(|counting| counting.piece == at).count(),
        commit: piece.intent().origin.commit.clone(),
        host: piece.intent().origin.host.clone(),
    };
    let merged = Merged { runs: pieces.iter().enumerate().map(source).collect(), contested };
    let (terms, basis) = asking(pieces)
        .map_or_else(Default::default, |piece| (piece.intent().terms.clone(), piece.intent().basis.clone()));
    let mut intent = Intent::of(goal.plan, terms, basis);
    (intent.part, intent.merged) = (goal.part, Some(merged));
    intent.origin = Origin::agreed(pieces.iter().map(|piece| &piece.intent().origin));
    let negatives = choose_negatives(&intent.plan, pieces);
    let (folder, intent) = RunFolder::begin(target, intent.clone())?;
    let _alive = Alive::claim(&folder)?;
    for (cell, Counting { piece, attempts }) in chosen {
        disk::share(&pieces[piece].folder.cell(&cell), &folder.cell(&cell))?;
        if let (false, Some(record)) = (attempts.is_empty(), pieces[piece].record(&cell)) {
            folder.write(&record.clone().after(attempts))?;
        }
    }
    for line in intent.plan.rehearsed() {
        let has = |piece: &&Piece| piece.contents.rehearsals.iter().any(|rehearsal| rehearsal.line == line);
        if let Some(piece) = pieces.iter().rev().find(has) {
            disk::share(&piece.folder.rehearsal(line), &folder.rehearsal(line))?;
        }
    }
    for (id, at) in negatives {
        disk::share(&pieces[at].folder.negative(id), &folder.negative(id))?;
    }
    let ledgers: Vec<&Ledger> = pieces.iter().filter_map(|piece| piece.contents.ledger.as_ref()).collect();
    if let Some(sum) = Ledger::sum(&ledgers) {
        document::write(&folder.path.join("ledger.json"), &sum)?;
    }
    // Last: what a killed harness leaves is no run.
    folder.is_run(&intent)?;
    folder.becomes_latest(target)?;
    Ok(folder)
}

#[cfg(test)]
mod tests;
