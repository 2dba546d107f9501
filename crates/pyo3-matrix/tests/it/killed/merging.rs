//! What does a merge leave that is killed? The run that was the latest before, or a whole one.

use std::path::Path;
use std::time::Duration;

use super::machine::{Machine, below};
use super::marked;
use crate::harness::{Project, a_cell, alone, copy, fixture, json, run_folder, shown};

/// So many files beside a record take a merge long enough to be met in the middle of it.
const FILES: usize = 20_000;

/// A machine with two runs of one request in `parts`, of which one has much to copy.
fn machine() -> Machine {
    let (machine, project) = (Machine::new(), Project::testing(&fixture("passes")));
    for part in ["a", "b"] {
        let output = project.run(&["run", "--cell", &a_cell(), "--benchmarks", "off"]);
        assert!(output.status.success(), "{}", shown(&output));
        copy(&run_folder(&output), &machine.project.path().join("parts").join(part));
    }
    let cell = machine.project.path().join("parts/b/cells").join(a_cell());
    std::fs::create_dir(cell.join("many")).expect("a folder");
    for file in 0..FILES {
        std::fs::write(cell.join("many").join(file.to_string()), "").expect("written");
    }
    machine
}

/// The runs in `runs`, without the link to the latest.
fn ids(runs: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(runs).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|id| id != "latest")
        .collect()
}

#[test]
#[cfg(target_os = "linux")]
fn a_merge_that_is_killed_is_no_run_and_one_that_is_the_latest_is_whole() {
    let _alone = alone();
    let machine = machine();
    let runs = machine.runs();
    let copies = || below(&runs, &|name| name == "many").len() == 1;
    let mut merging = machine.start("merge", &["merge", "parts"]);
    marked::wait_until(&mut merging, copies, || machine.said());
    marked::kill(merging, "merge");
    assert!(!runs.join("latest").exists(), "half a run is the latest");
    let half = ids(&runs).pop().expect("the folder of half a run");
    let report = machine.run(&["report", &half]);
    assert_eq!(report.status.code(), Some(2), "half a run is one: {}", shown(&report));
    for delay in [0, 5, 20, 80, 320, 1280] {
        let merging = machine.start("merge", &["merge", "parts"]);
        std::thread::sleep(Duration::from_millis(delay));
        marked::kill(merging, "merge");
        is_none_or_whole(&machine, &format!("a merge that was killed after {delay} ms"));
    }
    let merged = machine.run(&["merge", "parts"]);
    assert!(merged.status.success(), "{}", shown(&merged));
    is_none_or_whole(&machine, "a merge that ended");
}

/// There is no latest run, or one that has all that its parts have.
fn is_none_or_whole(machine: &Machine, after: &str) {
    let latest = machine.runs().join("latest");
    let strays: Vec<String> =
        ids(&machine.runs()).into_iter().filter(|id| id.starts_with("latest")).collect();
    assert_eq!(strays, [""; 0], "{after}");
    if latest.is_symlink() {
        let report = machine.run(&["report"]);
        assert!(report.status.success(), "{after}: {}", shown(&report));
        let cell = latest.join("cells").join(a_cell());
        assert_eq!(below(&cell.join("many"), &|_| true).len(), FILES, "{after}");
        assert_eq!(json(&latest.join("ledger.json"))["schema_version"], 1, "{after}");
    }
}
