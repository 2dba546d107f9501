//! Is what a cell gets on a server gone when its stage ends, however it ends, and what the server said kept?

use std::path::Path;

use serde_json::Value;

use crate::harness::{Project, a_cell, alone, fixture, run_folder, shown};

/// The record of `cell` in the run `folder`.
fn record(folder: &Path, cell: &str) -> Value {
    let path = folder.join("cells").join(cell).join("record.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("a record")).expect("JSON")
}

#[test]
fn a_crashed_cell_leaves_its_server_to_the_next_one_as_it_was_and_keeps_what_the_server_said() {
    let _alone = alone();
    let newest = a_cell();
    let (python, rest) = newest.split_once('-').expect("an id");
    let oldest = format!("py3.9-{rest}");
    let project = Project::testing(&fixture("leases"));
    let output =
        project.run(&["run", "--cell", &oldest, "--cell", &newest, "--benchmarks", "off", "--jobs", "1"]);
    let folder = run_folder(&output);
    assert_eq!(record(&folder, &oldest)["outcome"]["Crashed"]["signal"], "SIGSEGV", "{}", shown(&output));
    assert_eq!(record(&folder, &newest)["outcome"], "Passed", "{python}: {}", shown(&output));

    let log =
        std::fs::read_to_string(folder.join("cells").join(&oldest).join("postgres.log")).expect("a log");
    assert!(log.contains("column \"no_such_column\" does not exist"), "{log}");
    assert!(log.contains("select no_such_column, '***'"), "the password is replaced: {log}");
    assert!(log.lines().count() <= 200, "{} lines", log.lines().count());
    assert!(!folder.join("cells").join(&newest).join("postgres.log").exists(), "a green cell needs none");
}
