//! How is a cell tried again? Its tests failed in, the record of its last try out, with the tries before.

use std::io;
use std::path::Path;

use fs_err as fs;

use crate::model::event::Event;
use crate::model::record::{Attempt, Durations, Outcome, Record};
use crate::provision::Context;

/// Where the files of earlier tries are kept, in the cell's folder.
const FOLDER: &str = "attempts";

/// The tries of one stage of a cell.
pub struct Tries<'a, 'p> {
    /// The cell's folder.
    pub folder: &'a Path,
    /// What the stage writes there, by name; with none, everything.
    pub writes: &'a [&'a str],
    /// What the record took before this stage.
    pub spent: Durations,
    /// The failed tries of earlier stages.
    pub before: Vec<Attempt>,
    /// How many failed tries a cell may have.
    pub retries: usize,
    pub context: &'a Context<'p>,
}

/// Runs a stage, and again while its tests fail and retries are left.
#[must_use]
pub fn attempts(tries: Tries<'_, '_>, stage: impl Fn() -> Record) -> Record {
    let Tries { folder, writes, spent, before, retries, context } = tries;
    let mut attempts = before;
    let mut record = stage();
    while attempts.len() < retries && record.may_be_flaky() && !context.processes.interrupted() {
        let at = attempts.len() + 1;
        if let Err(error) = set_aside(folder, writes, at) {
            (context.tell)(&Event::NotTriedAgain { cell: &record.cell, error: &error });
            break;
        }
        (context.tell)(&Event::TriedAgain { record: &record, again: at, of: retries });
        let again = stage();
        // A try that was interrupted, or lost its database, says nothing. The failure before it stands.
        if again.outcome == Outcome::Lost {
            break;
        }
        attempts.push(record.attempt(None));
        record = again.lasting(&record, spent);
    }
    record.after(attempts)
}

/// Moves what a try left out of the next one's way.
fn set_aside(folder: &Path, writes: &[&str], attempt: usize) -> io::Result<()> {
    let aside = folder.join(FOLDER).join(attempt.to_string());
    fs::create_dir_all(&aside)?;
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let moves = writes.is_empty() || writes.iter().any(|written| name == *written);
        if name != FOLDER && moves {
            fs::rename(folder.join(&name), aside.join(&name))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_try_left_is_kept_apart_and_not_met_by_the_next_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path();
        for attempt in 1..=2 {
            fs::write(path.join("events.jsonl"), attempt.to_string()).expect("written");
            fs::create_dir(path.join("tox")).expect("made");
            set_aside(path, &[], attempt).expect("moved");
            let left: Vec<_> = fs::read_dir(path).expect("a folder").flatten().collect();
            assert_eq!(left.len(), 1, "{left:?}");
            let kept = path.join(FOLDER).join(attempt.to_string());
            let text = fs::read_to_string(kept.join("events.jsonl")).expect("kept");
            assert_eq!(text, attempt.to_string());
            assert!(kept.join("tox").is_dir());
        }
    }

    #[test]
    fn of_a_later_stage_only_its_own_files_are_put_aside() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["junit.xml", "benchmark.json"] {
            fs::write(folder.path().join(name), name).expect("written");
        }
        set_aside(folder.path(), &["benchmark.json"], 1).expect("moved");
        assert!(folder.path().join("junit.xml").is_file());
        assert!(folder.path().join("attempts/1/benchmark.json").is_file());
    }
}
