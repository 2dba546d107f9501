use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::config::Missing;
use crate::model::document;
use crate::plan::Plan;
use crate::plan::part::Part;
use crate::store::alive::Alive;
use crate::store::basis::Basis;
use crate::store::intent::Terms;
use crate::store::merge::{Merged, Source};

fn plan() -> Plan {
    Plan {
        preset: "grid".into(),
        missing: Missing::Fail,
        services: BTreeMap::new(),
        stable: Vec::new(),
        cells: Vec::new(),
        negatives: Vec::new(),
    }
}

/// A run of its own named `id`, which `edit` may have refer to others.
fn run(runs: &Path, id: &str, edit: impl FnOnce(&mut Intent)) -> RunFolder {
    let mut intent = Intent::of(plan(), Terms::default(), Basis::default());
    edit(&mut intent);
    let path = runs.join(id);
    fs::create_dir_all(path.join("cells")).expect("made");
    document::write(&path.join(PLAN), &intent).expect("written");
    RunFolder { path }
}

fn retries(run: &str) -> impl FnOnce(&mut Intent) {
    let cut = Cut::Retry { run: run.to_owned() };
    move |intent| intent.part = Some(Part { whole: plan(), cut })
}

fn merges(runs: [&str; 2]) -> impl FnOnce(&mut Intent) {
    let source = |run: &str| Source {
        run: run.to_owned(),
        started: String::new(),
        part: None,
        cells: 0,
        commit: None,
        host: None,
    };
    let merged = Merged { runs: runs.map(source).into(), contested: Vec::new() };
    move |intent| intent.merged = Some(merged)
}

fn names(paths: &[PathBuf]) -> Vec<&str> {
    paths.iter().filter_map(|path| path.file_name()?.to_str()).collect()
}

#[test]
fn the_newest_runs_stay_and_what_is_no_run_is_not_looked_at() {
    let runs = tempfile::tempdir().expect("a folder");
    for id in ["1", "2", "3"] {
        run(runs.path(), id, |_| {});
    }
    let ended = run(runs.path(), "4", |_| {});
    fs::create_dir(runs.path().join("0-notes")).expect("made");
    let old = |keep| old_runs(runs.path(), keep, &ended).expect("a list");
    assert_eq!(names(&old(Kept::Newest(2))), ["1", "2"]);
    assert_eq!(names(&old(Kept::Newest(0))), ["1", "2", "3"]);
    assert_eq!(names(&old(Kept::Newest(9))), [""; 0]);
    assert_eq!(names(&old(Kept::All)), [""; 0]);
}

#[test]
fn the_latest_run_stays_with_all_that_it_was_made_from() {
    let runs = tempfile::tempdir().expect("a folder");
    run(runs.path(), "1", |_| {});
    run(runs.path(), "2", |_| {});
    run(runs.path(), "3", retries("2"));
    run(runs.path(), "4", merges(["2", "3"]));
    std::os::unix::fs::symlink("4", runs.path().join(LATEST)).expect("a link");
    run(runs.path(), "5", |_| {});
    // The end of a retry of what was merged, before both are merged in turn.
    let ended = run(runs.path(), "6", retries("4"));
    assert_eq!(names(&old_runs(runs.path(), Kept::Newest(0), &ended).expect("a list")), ["1", "5"]);
}

#[test]
fn of_the_wheels_those_stay_that_were_used_last_or_by_this_run() {
    let target = tempfile::tempdir().expect("a folder");
    let (ended, wheels) = (run(&target.path().join(RUNS), "1", |_| {}), target.path().join("wheels"));
    let began = fs::metadata(ended.path.join(PLAN)).and_then(|plan| plan.modified()).expect("a time");
    for (name, before) in [("a", 30), ("b", 10), ("c", 20), ("used-now", 0)] {
        fs::create_dir_all(wheels.join(name)).expect("made");
        let folder = std::fs::File::open(wheels.join(name)).expect("a folder");
        folder.set_modified(began - Duration::from_secs(before)).expect("a time");
    }
    let old = |keep| old_wheels(&wheels, keep, &ended).expect("a list");
    assert_eq!(names(&old(Kept::Newest(2))), ["c", "a"]);
    assert_eq!(names(&old(Kept::Newest(0))), ["b", "c", "a"]);
    assert_eq!(names(&old(Kept::All)), [""; 0]);
}

#[test]
fn what_is_removed_is_counted_and_what_a_killed_harness_had_moved_aside_goes_with_it() {
    let runs = tempfile::tempdir().expect("a folder");
    let old = run(runs.path(), "1", |_| {}).path;
    fs::write(old.join("file"), [0; 1000]).expect("written");
    fs::create_dir_all(runs.path().join(REMOVED).join("0")).expect("made");
    let (count, bytes) = remove(runs.path(), &[old]).expect("removed");
    assert_eq!(
        (count, folders(runs.path()).expect("a list"), runs.path().join(REMOVED).exists()),
        (1, vec![], false)
    );
    assert!(bytes > 1000, "{bytes}");
}

#[test]
fn what_never_became_a_run_goes_unless_it_may_still_become_one() {
    let target = tempfile::tempdir().expect("a folder");
    let runs = target.path().join(RUNS);
    let ended = run(&runs, "20260101T120000Z-9", |_| {});
    run(&runs, "20260101T110000Z-1", |_| {});
    let began = fs::metadata(ended.path.join(PLAN)).and_then(|plan| plan.modified()).expect("a time");
    let leave = |name: &str, at: SystemTime| {
        fs::create_dir(runs.join(name)).expect("made");
        let alive = name.ends_with('3').then(|| Alive::claim(&RunFolder { path: runs.join(name) }));
        std::fs::File::open(runs.join(name)).and_then(|folder| folder.set_modified(at)).expect("a time");
        alive.map(|alive| alive.expect("claimed"))
    };
    let before = began - Duration::from_secs(10);
    leave("20260101T110000Z-2", before);
    let _at_work = leave("20260101T110000Z-3", before);
    leave("20260101T120001Z-4", began + Duration::from_secs(1));
    leave("notes", before);
    assert_eq!(names(&wrecks(&runs, &ended).expect("a list")), ["20260101T110000Z-2"]);
}
