//! What did a stage of a cell leave on disk? Its folder in, the text of each file out.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::Path;

use fs_err as fs;

use crate::model::{detection, kit};

/// How much of a file of stacks a record keeps, in bytes: the class of the hang and the stacks of Python come first.
const STACKS: u64 = 24 * 1024;

/// The files that the in-cell plugin writes. One that is not there is none: the cell may have ended at any moment.
#[derive(Debug, Default)]
pub struct Left {
    /// `observed.json`.
    pub observed: Option<String>,
    /// `events.jsonl`.
    pub events: Option<String>,
    /// `memory.json`.
    pub memory: Option<String>,
    /// `bridge.json`: what the conformance kit found.
    pub kit: Option<String>,
    /// `detection.json`: what the kit found with each fault planted.
    pub detection: Option<String>,
    /// Name → the beginning of the file: the stacks of checks that hung or crashed.
    pub incidents: BTreeMap<String, String>,
}

/// The files of the benchmark stage.
#[derive(Debug, Default)]
pub struct Measured {
    /// pytest-benchmark's own `benchmark.json`.
    pub benchmarks: Option<String>,
    /// `speedup.json`: the interleaved comparisons.
    pub speedup: Option<String>,
}

impl Left {
    /// Reads what a stage wrote in `folder`, and the stacks in `incidents`.
    pub fn read(folder: &Path, incidents: &Path) -> io::Result<Left> {
        let file = |name| text(&folder.join(name));
        Ok(Left {
            observed: file("observed.json")?,
            events: file("events.jsonl")?,
            memory: file("memory.json")?,
            kit: file(kit::FILE)?,
            detection: file(detection::FILE)?,
            incidents: beginnings(incidents)?,
        })
    }
}

impl Measured {
    /// Reads what the benchmark stage of a cell wrote: in the cell's folder and in the stage's own.
    pub fn read(cell: &Path, stage: &Path) -> io::Result<Measured> {
        let (benchmarks, speedup) = (cell.join("benchmark.json"), stage.join("speedup.json"));
        Ok(Measured { benchmarks: text(&benchmarks)?, speedup: text(&speedup)? })
    }
}

/// The beginning of each file of a folder. A folder that is not there has none.
fn beginnings(folder: &Path) -> io::Result<BTreeMap<String, String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        entries => entries?,
    };
    let mut all = BTreeMap::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            let mut bytes = Vec::new();
            fs::File::open(entry.path())?.take(STACKS).read_to_end(&mut bytes)?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            all.insert(entry.file_name().to_string_lossy().into_owned(), text);
        }
    }
    Ok(all)
}

/// The text of a file. Bytes that are no UTF-8 are replaced: the file says what it says.
fn text(path: &Path) -> io::Result<Option<String>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_that_left_nothing_has_no_files_and_one_that_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let left = Left::read(folder.path(), folder.path()).expect("read");
        assert!(left.observed.is_none() && left.events.is_none() && left.memory.is_none());
        fs::create_dir(folder.path().join("memory.json")).expect("made");
        let message = Left::read(folder.path(), folder.path()).expect_err("a folder").to_string();
        assert!(message.contains("memory.json"), "{message}");
    }

    #[test]
    fn each_file_is_read_from_its_place() {
        let (cell, stage) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        for (folder, name) in [(&cell, "benchmark.json"), (&stage, "speedup.json"), (&cell, "events.jsonl")] {
            fs::write(folder.path().join(name), name).expect("written");
        }
        let measured = Measured::read(cell.path(), stage.path()).expect("read");
        assert_eq!(measured.benchmarks.as_deref(), Some("benchmark.json"));
        assert_eq!(measured.speedup.as_deref(), Some("speedup.json"));
        fs::write(stage.path().join("core-a.txt"), "s".repeat(30_000)).expect("written");
        let left = Left::read(cell.path(), stage.path()).expect("read");
        assert_eq!(left.events.as_deref(), Some("events.jsonl"));
        assert_eq!(left.incidents["core-a.txt"].len(), 24 * 1024);
        assert!(Left::read(cell.path(), &stage.path().join("none")).expect("read").incidents.is_empty());
    }
}
