//! Which run is meant? An id, a folder, a report's file or the name of a commit in; a run's folder or a report's file out.

use std::io;
use std::path::{Path, PathBuf};

use crate::model::document;
use crate::model::origin::Commit;
use crate::model::program;
use crate::store::folder::{FolderError, PLAN, RunFolder, known, newest_first};
use crate::store::intent::Intent;

/// How many commits of runs are named where none is the one that was meant.
const COMMITS: usize = 5;

/// What was meant.
#[derive(Debug)]
pub enum Named {
    Run(RunFolder),
    /// A report that came without its run.
    Report(PathBuf),
}

/// Why nothing is meant.
#[derive(Debug, thiserror::Error)]
pub enum NamedError {
    #[error(
        "`{asked}` is no run, no report and no commit\nhint: name a run's id or folder, a report.json, or a commit that was run; {}",
        known(runs)
    )]
    Unknown { asked: String, runs: PathBuf },
    #[error("no run of commit {} (`{}`) in {}\nhint: {}", .0.commit, .0.asked, .0.runs.display(), commits(.0))]
    NotRun(Box<NotRun>),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A commit of which no run is kept.
#[derive(Debug)]
pub struct NotRun {
    asked: String,
    commit: Commit,
    runs: PathBuf,
    /// Commits that were run.
    others: Vec<Commit>,
    /// The newest run of the commit with changes.
    dirty: Option<String>,
}

/// What `asked` names. `hash_of` tells the hash of the commit that a name stands for; it is asked last.
pub fn find(
    target: &Path,
    asked: &str,
    report: &str,
    hash_of: impl FnOnce(&str) -> Option<String>,
) -> Result<Named, NamedError> {
    match RunFolder::open(target, Some(asked)) {
        Ok(folder) => return Ok(Named::Run(folder)),
        Err(FolderError::Io(error)) => return Err(error.into()),
        Err(FolderError::Unknown { .. }) => {}
    }
    let path = Path::new(asked);
    if let Some(file) = [path.to_owned(), path.join(report)].into_iter().find(|path| path.is_file()) {
        return Ok(Named::Report(file));
    }
    let runs = target.join("runs");
    match hash_of(asked) {
        Some(hash) => of_commit(&runs, asked, hash),
        None => Err(NamedError::Unknown { asked: asked.to_owned(), runs }),
    }
}

/// The newest run of a commit whose tree was clean.
fn of_commit(runs: &Path, asked: &str, hash: String) -> Result<Named, NamedError> {
    let (mut others, mut dirty) = (Vec::new(), None);
    for folder in newest_first(runs)? {
        // What this harness cannot read says nothing of a commit.
        let Ok(Some(Intent { origin, run, .. })) = document::read(&folder.path.join(PLAN)) else { continue };
        match origin.commit {
            Some(commit) if commit.hash == hash && !commit.dirty => return Ok(Named::Run(folder)),
            Some(commit) if commit.hash == hash => {
                dirty.get_or_insert(run);
            }
            Some(commit) if !others.contains(&commit) => others.push(commit),
            _ => {}
        }
    }
    let (asked, runs, commit) = (asked.to_owned(), runs.to_owned(), Commit { hash, dirty: false });
    Err(NamedError::NotRun(Box::new(NotRun { asked, commit, runs, others, dirty })))
}

/// What to do where no run of a commit is kept.
fn commits(NotRun { asked, others, dirty, .. }: &NotRun) -> String {
    if let Some(run) = dirty {
        return format!("run {run} was of that commit with changes: name it by its id");
    }
    let program = program::command();
    let run = format!("`{program} run` makes one once `{asked}` is checked out");
    let named: Vec<String> = others.iter().take(COMMITS).map(ToString::to_string).collect();
    if named.is_empty() { run } else { format!("{run}; there are runs of {}", named.join(", ")) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::Missing;
    use crate::model::origin::Origin;
    use crate::plan::Plan;
    use crate::store::basis::Basis;
    use crate::store::intent::Terms;

    /// A run of this commit, in a new target folder or an older one.
    fn run(target: &Path, hash: &str, dirty: bool) -> String {
        let plan = Plan {
            preset: "grid".into(),
            missing: Missing::Fail,
            services: BTreeMap::new(),
            stable: Vec::new(),
            cells: Vec::new(),
            negatives: Vec::new(),
        };
        let commit = Some(Commit { hash: hash.into(), dirty });
        let mut intent = Intent::of(plan, Terms::default(), Basis::default());
        intent.origin = Origin { commit, ..Origin::default() };
        let folder = RunFolder::create(target, intent).expect("a run");
        folder.path.file_name().expect("a name").to_string_lossy().into_owned()
    }

    /// Looks for the run of a commit of this hash.
    fn check(target: &Path, hash: &str) -> Result<String, String> {
        match find(target, "main", "report.json", |_| Some(hash.to_owned())) {
            Ok(Named::Run(folder)) => {
                Ok(folder.path.file_name().expect("a name").to_string_lossy().into_owned())
            }
            Ok(Named::Report(path)) => Ok(path.display().to_string()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn a_commit_means_its_newest_run_with_a_clean_tree() {
        let target = tempfile::tempdir().expect("a folder");
        let _older = run(target.path(), "aaa", false);
        let newer = run(target.path(), "aaa", false);
        let dirty = run(target.path(), "ccc", true);
        let _dirty = run(target.path(), "aaa", true);
        assert_eq!(check(target.path(), "aaa"), Ok(newer));
        let none = check(target.path(), "bbb").expect_err("no run");
        assert!(none.starts_with("no run of commit bbb (`main`) in "), "{none}");
        assert!(none.contains("there are runs of aaa with changes, ccc with changes, aaa"), "{none}");
        let none = check(target.path(), "ccc").expect_err("no clean run");
        assert!(none.contains(&format!("run {dirty} was of that commit with changes: name it")), "{none}");
    }

    #[test]
    fn an_id_a_folder_and_a_report_come_before_a_commit_of_that_name() {
        let target = tempfile::tempdir().expect("a folder");
        let id = run(target.path(), "aaa", false);
        let folder = target.path().join("runs").join(&id);
        let named = |asked: &str| find(target.path(), asked, "report.json", |_| panic!("asked git"));
        for asked in [id.as_str(), folder.to_str().expect("UTF-8")] {
            assert!(matches!(named(asked), Ok(Named::Run(_))), "{asked}");
        }
        let reports = tempfile::tempdir().expect("a folder");
        std::fs::write(reports.path().join("report.json"), "{}").expect("written");
        for asked in [reports.path().to_owned(), reports.path().join("report.json")] {
            let found = named(asked.to_str().expect("UTF-8")).expect("a report");
            let Named::Report(path) = found else { panic!("a report: {found:?}") };
            assert!(path.ends_with("report.json"));
        }
        let unknown = find(target.path(), "nope", "report.json", |_| None).expect_err("nothing");
        let unknown = unknown.to_string();
        assert!(unknown.starts_with("`nope` is no run, no report and no commit\nhint: "), "{unknown}");
        assert!(unknown.contains(&format!("there are 1, the newest is {id}")), "{unknown}");
    }
}
