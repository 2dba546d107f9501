//! Where does a run write? A folder of its own under `target/matrix/runs`, `latest` pointing at the newest.

use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::model::cell::{CellId, Line};
use crate::model::document;
use crate::model::fingerprint::naming;
use crate::model::ledger::Ledger;
use crate::model::negative::NegativeRecord;
use crate::model::program;
use crate::model::record::{self, Record, SCHEMA_VERSION};
use crate::model::rehearsal::Rehearsal;
use crate::store::intent::Intent;

/// The link to the newest run.
pub const LATEST: &str = "latest";

/// The file by which a run's folder is known.
pub const PLAN: &str = "plan.json";

/// The folder of one run.
#[derive(Debug, Clone)]
pub struct RunFolder {
    pub path: PathBuf,
}

/// Everything that a report is made from, read back from disk.
#[derive(Debug)]
pub struct Contents {
    pub intent: Intent,
    pub records: Vec<Record>,
    pub negatives: Vec<NegativeRecord>,
    pub rehearsals: Vec<Rehearsal>,
    /// Absent where the run was killed before it could settle its accounts.
    pub ledger: Option<Ledger>,
}

/// Why a run's folder cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("{}\nhint: {}", missing(run, folder), known(folder))]
    Unknown { run: String, folder: PathBuf },
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl RunFolder {
    /// Makes a new run's folder and writes what it set out to do.
    pub fn create(target: &Path, intent: Intent) -> io::Result<RunFolder> {
        let (folder, intent) = RunFolder::begin(target, intent)?;
        folder.is_run(&intent)?;
        Ok(folder)
    }

    /// Makes a new folder that is no run yet, and fills in the run's id and when it began.
    pub fn begin(target: &Path, mut intent: Intent) -> io::Result<(RunFolder, Intent)> {
        let began = jiff::Timestamp::now();
        (intent.started, intent.run) = (written(began), id(began)?);
        let path = target.join("runs").join(&intent.run);
        fs::create_dir_all(target.join("runs"))?;
        // Fails where there is one of this name, so no run ever writes into another.
        fs::create_dir(&path)?;
        fs::create_dir(path.join("cells"))?;
        Ok((RunFolder { path }, intent))
    }

    /// Writes what the run set out to do, by which its folder is known as a run.
    pub fn is_run(&self, intent: &Intent) -> io::Result<()> {
        document::write(&self.path.join(PLAN), intent)
    }

    /// Points `latest` at this run.
    pub fn becomes_latest(&self, target: &Path) -> io::Result<()> {
        // Made in the run's own folder: where the harness is killed between the two, the link goes with the run.
        let link = self.path.join(LATEST);
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink(self.path.file_name().unwrap_or_default(), &link)?;
        fs::rename(link, target.join("runs").join(LATEST))
    }

    /// The folder of an earlier run: by its id, by its path, or the latest.
    pub fn open(target: &Path, run: Option<&str>) -> Result<RunFolder, FolderError> {
        let run = run.unwrap_or(LATEST);
        let folder = target.join("runs");
        let candidates = [folder.join(run), PathBuf::from(run)];
        let found = candidates.into_iter().find(|path| path.join(PLAN).is_file());
        match found {
            Some(path) => Ok(RunFolder { path: path.canonicalize()? }),
            None => Err(FolderError::Unknown { run: run.to_owned(), folder }),
        }
    }

    /// The folder that belongs to `cell` alone.
    #[must_use]
    pub fn cell(&self, cell: &CellId) -> PathBuf {
        self.path.join("cells").join(cell.to_string())
    }

    /// The folder of a rehearsed line.
    #[must_use]
    pub fn rehearsal(&self, line: Line) -> PathBuf {
        self.path.join("rehearsal").join(line.to_string())
    }

    /// The folder of a negative cell.
    #[must_use]
    pub fn negative(&self, id: &str) -> PathBuf {
        self.path.join("negative").join(id)
    }

    /// Keeps a file of the run's own, whole or not at all.
    pub fn keep(&self, name: &str, text: &str) -> io::Result<()> {
        let path = self.path.join(name);
        document::write_text(&path, text).map_err(|error| naming(&error, &path))
    }

    /// Keeps what happened in a cell.
    pub fn write(&self, record: &Record) -> io::Result<()> {
        let folder = self.cell(&record.cell);
        fs::create_dir_all(&folder)?;
        document::write(&folder.join(record::FILE), record)
    }

    /// Reads everything back.
    pub fn read(&self) -> io::Result<Contents> {
        let missing =
            || io::Error::new(io::ErrorKind::NotFound, format!("{}: no {PLAN}", self.path.display()));
        let path = self.path.join(PLAN);
        let intent: Intent = versioned(&path)?.ok_or_else(missing)?;
        let mut records = Vec::new();
        for planned in &intent.plan.cells {
            let path = self.cell(&planned.cell).join(record::FILE);
            records.extend(versioned(&path)?);
        }
        let mut negatives = Vec::new();
        for planned in &intent.plan.negatives {
            let path = self.negative(&planned.id).join(record::FILE);
            negatives.extend(versioned(&path)?);
        }
        let ledger = document::read(&self.path.join("ledger.json"))?;
        let mut rehearsals = Vec::new();
        for line in intent.plan.rehearsed() {
            rehearsals.extend(versioned(&self.rehearsal(line).join(record::FILE))?);
        }
        Ok(Contents { intent, records, negatives, rehearsals, ledger })
    }
}

/// The accounts of the newest runs, the newest first. A run that was killed has none.
#[must_use]
pub fn ledgers(target: &Path, newest: usize) -> Vec<Ledger> {
    let runs = newest_first(&target.join("runs")).unwrap_or_default();
    let ledgers = runs.iter().filter_map(|run| document::read(&run.path.join("ledger.json")).ok().flatten());
    ledgers.take(newest).collect()
}

/// The runs that are kept; none where there is no such folder. An id begins with the time at which its run began.
pub fn newest_first(runs: &Path) -> io::Result<Vec<RunFolder>> {
    let entries = match fs::read_dir(runs) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        // `latest` is a link to one of them.
        if entry.file_type()?.is_dir() {
            found.push(entry.path());
        }
    }
    found.sort_unstable_by(|one, other| other.cmp(one));
    Ok(found.into_iter().map(|path| RunFolder { path }).collect())
}

/// Reads a document of this harness's own form; another form is told by its number, not by a field that is missing.
pub fn versioned<T: serde::de::DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    let Some(document) = document::read::<serde_json::Value>(path)? else { return Ok(None) };
    match document["schema_version"].as_u64() {
        Some(version) if version == u64::from(SCHEMA_VERSION) => {
            let read = serde_json::from_value(document).map_err(io::Error::from);
            read.map(Some).map_err(|error| naming(&error, path))
        }
        version => {
            let version = version.map_or_else(|| "none".to_owned(), |version| version.to_string());
            let what = format!(
                "schema_version is {version}, this harness reads {SCHEMA_VERSION}\nhint: use the harness that wrote it"
            );
            Err(naming(&io::Error::new(io::ErrorKind::InvalidData, what), path))
        }
    }
}

/// Why `run` is not one.
fn missing(run: &str, folder: &Path) -> String {
    if run == LATEST {
        return format!("no run yet in {}", folder.display());
    }
    if Path::new(run).is_dir() {
        return format!("{run} is not the folder of a run: it holds no {PLAN}");
    }
    format!("no run {run} in {}", folder.display())
}

/// Which runs there are, for a hint.
pub fn known(runs: &Path) -> String {
    let entries = fs::read_dir(runs).into_iter().flatten();
    let mut ids: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| !name.starts_with(LATEST))
        .collect();
    ids.sort();
    match ids.last() {
        None => format!("`{} run` makes one", program::command()),
        Some(newest) => format!("there are {}, the newest is {newest}", ids.len()),
    }
}

/// The id of a run that began then: ids sort by time, also within a second, and those of two machines differ.
fn id(began: jiff::Timestamp) -> io::Result<String> {
    // 32 random bits within one microsecond.
    Ok(format!("{}-{:08x}", began.strftime("%Y%m%dT%H%M%S.%6fZ"), getrandom::u32()?))
}

/// Whether a folder of this name was made for a run: its name begins with a time. Older harnesses wrote whole seconds.
pub fn is_id(name: &str) -> bool {
    let time = name.split('-').next().unwrap_or_default();
    time.parse::<jiff::Timestamp>().is_ok()
}

/// The time, in UTC.
pub fn now() -> String {
    written(jiff::Timestamp::now())
}

fn written(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_within_a_second_and_two_of_one_moment_differ() {
        let at = |text: &str| id(text.parse().expect("a time")).expect("an id");
        let (one, two) = (at("2026-11-29T11:38:16.000009Z"), at("2026-11-29T11:38:16.000010Z"));
        assert!(one.starts_with("20261129T113816.000009Z-") && one < two, "{one} {two}");
        assert!(two < at("2026-11-29T11:38:17Z") && one != at("2026-11-29T11:38:16.000009Z"));
    }

    #[test]
    fn a_folder_of_a_run_is_known_by_its_name_whichever_harness_made_it() {
        let new = id(jiff::Timestamp::now()).expect("an id");
        for name in [&new, "20261129T113816Z-17396", "20261129T113816Z-17396-2"] {
            assert!(is_id(name), "{name}");
        }
        assert!(!["latest", ".removed", "notes-2026", ""].into_iter().any(is_id));
    }
}
