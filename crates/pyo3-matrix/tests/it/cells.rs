//! Do cells report the truth? Whole runs over two Pythons and two servers, and one cell for each way to be red.

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::harness::{Project, a_cell, alone, fixture, hold, json, run, run_folder, shown, stdout};

/// Returns the record of one cell that ran the tests of a fixture.
fn record_of(name: &str, cell: &str) -> (Value, Output) {
    let project = Project::testing(&fixture(name));
    let output = project.run(&["run", "--cell", cell, "--benchmarks", "off"]);
    let record = json(&run_folder(&output).join("cells").join(cell).join("record.json"));
    hold(&record, "record");
    (record, output)
}

#[test]
fn two_pythons_on_two_servers_are_green_and_say_what_they_ran_on() {
    let _alone = alone();
    let output = run(&["run", "--python", "3.9,3.13", "--postgres", "13,16"]);
    let folder = run_folder(&output);
    hold(&json(&folder.join("report.json")), "report");
    hold(&json(&folder.join("plan.json")), "plan");
    hold(&json(&folder.join("ledger.json")), "ledger");
    let mut observed = Vec::new();
    for entry in std::fs::read_dir(folder.join("cells")).expect("cells").flatten() {
        let record = json(&entry.path().join("record.json"));
        hold(&record, "record");
        observed.push(complete(&record, &output));
    }
    observed.sort();
    assert_eq!(observed, ["3.13 on 13", "3.13 on 16", "3.9 on 13", "3.9 on 16"]);
    // Speed is a criterion of the verdict, not of this test: a machine that others use may be too slow for it.
    let report = json(&folder.join("report.json"));
    assert_eq!(
        output.status.success(),
        report["verdict"]["green"].as_bool().expect("a verdict"),
        "{}",
        shown(&output)
    );
    let missed = |criterion: &&Value| criterion["status"] != "met" && criterion["unit"] == "cells";
    assert_eq!(report["verdict"]["criteria"].as_array().expect("criteria").iter().find(missed), None);
}

/// Checks that a green record lists everything that it must; returns what it observed.
fn complete(record: &Value, output: &Output) -> String {
    assert_eq!(record["outcome"], "Passed", "{}", shown(output));
    for axis in ["python", "postgres", "pyo3", "pyo3_async_runtimes"] {
        assert_eq!(record["requested"][axis], record["observed"][axis]);
    }
    let tests = record["tests"].as_object().expect("tests");
    for class in ["Basic", "Concurrent", "Cancellation", "ErrorHandling", "PoolHealth", "MemoryLeaks"] {
        let of_class = tests.iter().filter(|(name, _)| name.contains(&format!("::Test{class}")));
        let results: Vec<_> = of_class.map(|(_, result)| result).collect();
        assert!(
            !results.is_empty() && results.iter().all(|result| *result == "passed"),
            "{class}: {tests:?}"
        );
    }
    let benchmarks = record["benchmarks"].as_array().expect("benchmarks");
    let rounds = benchmarks.iter().filter(|benchmark| benchmark["rounds"].as_u64() > Some(1));
    assert!(rounds.count() >= 3, "{benchmarks:?}");
    assert!(record["memory"]["samples"].as_array().map_or(0, Vec::len) >= 20);
    format!(
        "{} on {}",
        record["observed"]["python"].as_str().expect("a version"),
        record["observed"]["postgres"].as_str().expect("a version")
    )
}

#[test]
fn a_report_is_made_again_from_the_records_alone() {
    let _alone = alone();
    let cell = a_cell();
    let (_, output) = record_of("passes", &cell);
    let folder = run_folder(&output);
    let report = json(&folder.join("report.json"));
    std::fs::remove_file(folder.join("report.json")).expect("removed");
    let again = run(&[
        "report",
        folder.file_name().and_then(|name| name.to_str()).expect("an id"),
        "--format",
        "json",
    ]);
    assert_eq!(serde_json::from_str::<Value>(&stdout(&again)).expect("JSON"), report);
}

#[test]
fn each_way_to_be_red_has_its_outcome() {
    let _alone = alone();
    let cell = a_cell();
    for (name, outcome, reason) in [
        ("empty", r#""TestsFailed""#, "no test ran"),
        ("fails", r#""TestsFailed""#, "1 of 2 tests failed"),
        ("crashes", r#"{"Crashed":{"signal":"SIGSEGV"}}"#, "ended by SIGSEGV in "),
        ("does_not_import", r#""TestsFailed""#, "1 of 1 tests failed"),
    ] {
        let (record, output) = record_of(name, &cell);
        assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
        assert_eq!(record["outcome"].to_string(), outcome, "{}", shown(&output));
        assert!(
            record["reason"].as_str().is_some_and(|text| text.contains(reason)),
            "{name}: {}",
            record["reason"]
        );
    }
}

#[test]
fn a_hung_cell_is_ended_with_its_whole_tree_and_keeps_its_output() {
    let _alone = alone();
    let cell = a_cell();
    let tests = fixture("hangs");
    let project = Project::new(|text| {
        let text = text.replace("tests = [\"tests/", &format!("tests = [\"{}\", \"tests/", tests.display()));
        // pytest prints the stack after three quarters of this limit. Even a busy machine must reach the test before
        // that.
        text.replace("\ntests = 180", "\ntests = 20")
    });
    let output = project.run(&["run", "--cell", &cell, "--benchmarks", "off"]);
    let folder = run_folder(&output).join("cells").join(&cell);
    let record = json(&folder.join("record.json"));
    assert_eq!(record["outcome"], "Hung", "{}", shown(&output));
    assert!(
        record["reason"].as_str().is_some_and(|text| text.contains("test_hangs")),
        "{}",
        record["reason"]
    );
    let log = std::fs::read_to_string(folder.join("output.log")).expect("a log");
    assert!(log.contains("in test_hangs"), "the stack of the hung test is in the log: {log}");
    let child = std::fs::read_to_string(folder.join("escaped.pid")).expect("the escaped child's id");
    // A killed process that waits for its new parent has no command line any more.
    let command = std::fs::read(Path::new("/proc").join(child.trim()).join("cmdline")).unwrap_or_default();
    assert!(command.is_empty(), "process {child} outlived its cell");
}

#[test]
fn a_requirement_that_cannot_be_met_leaves_the_other_cells_alone() {
    let _alone = alone();
    let cell = a_cell();
    let project = Project::testing(&fixture("passes"));
    let line = cell.split_once("-pyo3_").expect("a line").1;
    let other = format!("py3.9-pg16-pyo3_{line}");
    let mut command = crate::harness::matrix();
    command.current_dir(project.path()).env("PYO3_MATRIX_POSTGRES_13", "/nonexistent");
    let output = command
        .args(["run", "--cell", &other, "--cell", &other.replace("pg16", "pg13"), "--benchmarks", "off"])
        .output()
        .expect("the binary starts");
    let folder = run_folder(&output).join("cells");
    assert_eq!(json(&folder.join(&other).join("record.json"))["outcome"], "Passed", "{}", shown(&output));
    let red = json(&folder.join(other.replace("pg16", "pg13")).join("record.json"));
    assert_eq!(red["outcome"], "ProvisionFailed");
    assert!(red["reason"].as_str().is_some_and(|text| text.contains("hint: ")), "{}", red["reason"]);
}
