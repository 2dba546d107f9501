//! Can tests talk to something else than a Postgres? Programs with and without releases, by matrix.toml alone.

use std::path::Path;

use serde_json::Value;

use crate::harness::{Project, a_cell, alone, fixture, hold, json, run_folder, shown, stderr, stdout};

/// A service with two releases, after the first of the file.
const ECHO: &str = r#"
[service.echo]
run = "python3 ECHO serve {port} {version}"
ready = { output = "^echo .* is ready" }
env = { ECHO_PORT = "{port}", ECHO_RELEASE = "{version}" }
observe = "python3 ECHO version {version}"

[[service.echo.release]]
version = "1.2"

[[service.echo.release]]
version = 2
scope = "cell"

[preset.talks]
python = "newest"
postgres = "newest"
line = "newest"
echo = "all"

"#;

/// The project of the tests, with only this one preset. `edit` changes the service.
fn project(edit: impl FnOnce(String) -> String) -> Project {
    let tests = fixture("talks");
    let echo = edit(ECHO.replace("ECHO serve", "FILE serve").replace("ECHO version", "FILE version"));
    let echo = echo.replace("FILE", &tests.join("echo.py").display().to_string());
    Project::testing_with(&tests, |text| {
        let (before, presets) = text.split_once("[preset.smoke]").expect("presets");
        let (_, criteria) = presets.split_once("[[criterion]]").expect("criteria");
        let echo = echo.replace("[preset.talks]", "[preset.talks]\ndefault = true");
        format!("{before}{echo}[[criterion]]{criteria}")
    })
}

/// Runs the tests of each cell. Returns what was printed, and the folder of the run.
fn run(project: &Project) -> (String, std::path::PathBuf) {
    let output = project.run(&["run", "--benchmarks", "off", "--jobs", "2"]);
    (shown(&output), run_folder(&output))
}

/// The records of a run, by the end of their cell's id.
fn records(folder: &Path) -> Vec<(String, Value)> {
    let entries = std::fs::read_dir(folder.join("cells")).expect("cells").flatten();
    let mut records: Vec<_> = entries
        .map(|entry| {
            (entry.file_name().to_string_lossy().into_owned(), json(&entry.path().join("record.json")))
        })
        .collect();
    records.sort_by(|one, other| one.0.cmp(&other.0));
    records
}

#[test]
fn a_second_service_has_an_axis_and_is_observed_in_each_cell() {
    let _alone = alone();
    let project = project(|text| text);
    let (said, folder) = run(&project);
    hold(&json(&folder.join("plan.json")), "plan");
    assert!(said.contains("echo 1.2.7") && said.contains("echo 2.7"), "{said}");
    let records = records(&folder);
    let ids: Vec<&str> = records.iter().map(|(id, _)| id.as_str()).collect();
    let cell = a_cell();
    let (python, line) = cell.split_once("-pyo3").expect("a line");
    assert_eq!(ids, [format!("{python}-echo1.2-pyo3{line}"), format!("{python}-echo2-pyo3{line}")]);
    for (id, record) in &records {
        hold(record, "record");
        assert_eq!(record["outcome"], "Passed", "{id}: {said}");
        assert_eq!(record["requested"]["echo"], record["observed"]["echo"]);
    }
    assert_eq!(records[0].1["observed"]["echo_full"], "1.2.7");
    let table = stdout(&project.run(&["report"]));
    assert!(table.contains("echo1.2") && table.contains("echo2"), "{table}");
}

#[test]
fn a_release_that_shows_another_version_is_refused_before_anything_is_built() {
    let _alone = alone();
    let project = project(|text| text.replace("FILE version {version}", "FILE version 1.2"));
    let (said, folder) = run(&project);
    let records = records(&folder);
    assert_eq!(records[0].1["outcome"], "Passed", "{said}");
    assert_eq!(records[1].1["outcome"], "ProvisionFailed", "{said}");
    let reason = records[1].1["reason"].as_str().expect("a reason");
    assert!(reason.starts_with("echo 2 shows 1.2.7: `observe` has to print 2 or 2.…"), "{reason}");
}

#[test]
fn a_cell_whose_service_died_is_lost_and_keeps_what_the_service_said() {
    let _alone = alone();
    let project = project(|text| text.replace("env = {", "env = { MAY_KILL = \"1\","));
    let (said, folder) = run(&project);
    for (id, record) in records(&folder) {
        assert_eq!(record["outcome"], "Lost", "{id}: {said}");
        let reason = record["reason"].as_str().expect("a reason");
        assert!(reason.contains("exited with code 3 beside the cell"), "{reason}");
        let log = std::fs::read_to_string(folder.join("cells").join(&id).join("echo.log")).expect("a log");
        assert!(log.contains("told to die"), "{log}");
    }
}

#[test]
fn a_service_that_never_comes_is_told_with_its_own_words_and_nothing_is_built() {
    let _alone = alone();
    let project = project(|text| text.replace("{port} {version}\"", "{port} broken\""));
    // Another profile of the compiler's would be another wheel: there is none yet.
    let output = crate::harness::matrix()
        .current_dir(project.path())
        .env("RUSTFLAGS", "--cfg=of_a_test_that_builds_nothing")
        .args(["run", "--benchmarks", "off"])
        .output()
        .expect("the binary starts");
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    assert!(!stderr(&output).contains("building wheel"), "{}", shown(&output));
    for (id, record) in records(&run_folder(&output)) {
        assert_eq!(record["outcome"], "ProvisionFailed", "{id}");
        let reason = record["reason"].as_str().expect("a reason");
        assert!(reason.contains("exited with code 1 before it was ready"), "{reason}");
        assert!(reason.contains("cannot bind: no such thing"), "{reason}");
    }
}

#[test]
fn cells_of_a_program_that_is_nowhere_are_skipped_where_matrix_toml_says_so() {
    let _alone = alone();
    let without = |missing: &str| {
        let missing = missing.to_owned();
        project(move |text| text.replace("run = \"python3", &format!("{missing}run = \"no-such-echo")))
    };
    let (said, folder) = run(&without("missing = \"skip\"\n"));
    for (id, record) in records(&folder) {
        let reason =
            record["outcome"]["Skipped"]["reason"].as_str().unwrap_or_else(|| panic!("{id}: {said}"));
        assert!(reason.starts_with("no echo "), "{reason}");
    }
    let (_, folder) = run(&without(""));
    let record = &records(&folder)[0].1;
    assert_eq!(record["outcome"], "ProvisionFailed");
    let reason = record["reason"].as_str().expect("a reason");
    assert!(
        reason.contains("no-such-echo: is on PATH nowhere") && reason.contains("install that program"),
        "{reason}"
    );
}

#[test]
fn a_value_of_an_axis_puts_a_program_before_a_service() {
    let _alone = alone();
    let front = r#"
[service.front]
run = "python3 FILE serve {port} before_{ECHO_PORT}"
scope = "cell"
env = { FRONT_PORT = "{port}" }

[[axis]]
name = "way"
value = [{ name = "plain" }, { name = "front", service = ["front"] }]

[preset.talks]"#;
    let project = project(|text| {
        text.replace("[preset.talks]", front).replace("echo = \"all\"", "echo = \"all\"\nway = \"all\"")
    });
    let (said, folder) = run(&project);
    let records = records(&folder);
    assert_eq!(records.len(), 4, "{said}");
    assert!(records.iter().all(|(_, record)| record["outcome"] == "Passed"), "{said}");
    assert!(records[0].0.ends_with("-front"), "{}", records[0].0);
}
