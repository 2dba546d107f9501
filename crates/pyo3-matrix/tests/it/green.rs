//! Is green what passed, and nothing else? One cell for each way in which a run could call green what is not.

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use crate::harness::{
    Project, a_cell, alone, checkout, copy, fixture, json, run_folder, shown, stderr, stdout, suite, target,
};

/// The record of a cell after a run of `project`.
fn record_of(project: &Project, cell: &str, arguments: &[&str]) -> (Value, Output) {
    let output = project.run(&[&["run", "--cell", cell, "--benchmarks", "off"], arguments].concat());
    (json(&run_folder(&output).join("cells").join(cell).join("record.json")), output)
}

fn said(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Where the environment of a cell has its packages.
fn site_packages(cell: &str) -> PathBuf {
    let (python, rest) = cell.split_once("-pg").expect("an id");
    let line = rest.split_once("-pyo3_").expect("an id").1;
    let library = target().join("tox").join(format!("{python}-pyo3_{line}")).join("lib");
    library.join(format!("python{}", python.trim_start_matches("py"))).join("site-packages")
}

#[test]
fn a_package_of_the_same_name_at_the_root_of_the_project_is_not_what_a_cell_imports() {
    let _alone = alone();
    let project = Project::testing(&fixture("passes"));
    let package = project.path().join("fraiseql");
    std::fs::create_dir(&package).expect("made");
    std::fs::write(package.join("__init__.py"), "raise RuntimeError('the tree, not the wheel')")
        .expect("written");
    let (record, output) = record_of(&project, &a_cell(), &[]);
    assert_eq!(record["outcome"], "Passed", "{}", shown(&output));
}

#[test]
fn a_stale_shared_object_that_shadows_the_wheel_is_a_mismatch() {
    let _alone = alone();
    let cell = a_cell();
    // A private copy holds no such object.
    let project = Project::testing_with(&fixture("passes"), |text| text.replace("copy = true\n", ""));
    let (own, output) = record_of(&project, &cell, &[]);
    assert_eq!(own["outcome"], "Passed", "{}", shown(&output));
    // The folder of the tests stands before the installed packages on a cell's path.
    let tests = project.path().join("tests");
    std::fs::remove_file(&tests).expect("a link");
    std::fs::create_dir(&tests).expect("made");
    for name in ["prototype", "loop_choice.py"] {
        std::os::unix::fs::symlink(checkout().join("tests").join(name), tests.join(name)).expect("a link");
    }
    copy(&site_packages(&cell).join("fraiseql"), &tests.join("fraiseql"));
    let loaded = std::fs::read_dir(tests.join("fraiseql")).expect("a package").flatten();
    let object =
        loaded.map(|entry| entry.path()).find(|path| path.extension().is_some_and(|end| end == "so"));
    let object = object.expect("a shared object");
    let bytes = std::fs::read(&object).expect("its bytes");
    std::fs::write(&object, [&bytes[..], b"stale"].concat()).expect("written");
    let (record, output) = record_of(&project, &cell, &[]);
    assert_eq!(record["outcome"], "Mismatch", "{}", shown(&output));
    assert!(said(&record["reason"]).contains("which is no file of the wheel"), "{}", record["reason"]);
    assert!(record["hashes"]["wheel"].is_null(), "nothing says that the wheel was tested: {record}");
    assert!(record["tests"].as_object().is_some_and(serde_json::Map::is_empty), "no test ran: {record}");
}

#[test]
fn an_installed_file_that_was_edited_is_a_mismatch_and_the_next_run_installs_the_wheel_again() {
    let _alone = alone();
    let cell = a_cell();
    let project = Project::testing(&fixture("passes"));
    let (own, output) = record_of(&project, &cell, &[]);
    assert_eq!(own["outcome"], "Passed", "{}", shown(&output));
    assert_eq!(said(&own["hashes"]["wheel"]).len(), 64);
    assert!(
        said(&own["observed"]["loaded"]["path"]).starts_with(&site_packages(&cell).display().to_string())
    );
    let file = site_packages(&cell).join("fraiseql/__init__.py");
    let text = std::fs::read_to_string(&file).expect("a module");
    std::fs::write(&file, text + "\n# by hand\n").expect("written");
    let (record, output) = record_of(&project, &cell, &[]);
    assert_eq!(record["outcome"], "Mismatch", "{}", shown(&output));
    assert!(said(&record["reason"]).contains("fraiseql/__init__.py is not as the wheel has it"), "{record}");
    let (record, output) = record_of(&project, &cell, &[]);
    assert_eq!(record["outcome"], "Passed", "{}", shown(&output));
}

#[test]
fn a_session_that_ends_before_its_collected_tests_did_is_red_and_names_them() {
    let _alone = alone();
    let cell = a_cell();
    let (record, output) = record_of(&Project::testing(&fixture("leaves_early")), &cell, &[]);
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    assert_eq!(record["outcome"], "TestsFailed", "{}", shown(&output));
    let tests = record["tests"].as_object().expect("tests");
    let without = tests.iter().filter(|(_, result)| *result == "notrun" || *result == "running");
    assert!(without.count() >= 1, "{tests:?}");
    assert!(stdout(&output).contains("test_c_never_runs"), "{}", shown(&output));
}

#[test]
fn skipped_tests_are_counted_apart_with_their_reasons() {
    let _alone = alone();
    let cell = a_cell();
    let (record, output) = record_of(&Project::testing(&fixture("skips")), &cell, &[]);
    assert_eq!(record["outcome"], "Passed", "{}", shown(&output));
    assert!(stderr(&output).contains("1 of 4 tests, 2 skipped, 1 expected to fail"), "{}", shown(&output));
    let skips = record["skips"].as_object().expect("skips");
    assert_eq!(
        skips.values().filter(|why| said(why).contains("no server of that kind")).count(),
        2,
        "{skips:?}"
    );
    assert!(skips.values().any(|why| said(why).contains("a known fault")), "{skips:?}");
    let text = stdout(&output);
    for part in ["✔ 1/4", "2 tests in ", "no server of that kind", "a known fault"] {
        assert!(text.contains(part), "{part} is not in {}", shown(&output));
    }
}

/// A project whose one failing test passes from the second time on, with this policy.
fn fails_once(tests: &Path, policy: &str) -> Project {
    let table = format!("[suite]\nflaky = \"{policy}\"");
    Project::testing_with(tests, |text| text.replacen("[suite]", &table, 1))
}

#[test]
fn a_cell_that_passes_on_a_second_try_inside_a_run_is_flaky_and_red_by_default() {
    let _alone = alone();
    let cell = a_cell();
    let tests = suite("fails_once");
    let (record, output) = record_of(&Project::testing(tests.path()), &cell, &["--retries", "2"]);
    assert_eq!(record["outcome"], "Flaky", "{}", shown(&output));
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    assert!(
        stdout(&output).contains("0/1 cells green, 1 flaky")
            || stdout(&output).contains("0/1 cell green, 1 flaky"),
        "{}",
        shown(&output)
    );
    let attempts = record["attempts"].as_array().expect("tries");
    assert_eq!(attempts.len(), 1, "{record}");
    assert!(attempts[0]["failing"].to_string().contains("the first time"), "{record}");
    let folder = run_folder(&output).join("cells").join(&cell);
    assert!(folder.join("attempts/1/output.log").is_file() && folder.join("output.log").is_file());
    let badge = json(&run_folder(&output).join("badge.json"));
    assert_eq!((&badge["message"], &badge["color"]), (&"0/1, 1 flaky".into(), &"red".into()));
    std::fs::remove_file(tests.path().join("seen")).expect("removed");
    let (record, output) = record_of(&fails_once(tests.path(), "pass"), &cell, &["--retries", "1"]);
    assert_eq!((&record["outcome"], output.status.code()), (&"Flaky".into(), Some(0)), "{}", shown(&output));
    let badge = json(&run_folder(&output).join("badge.json"));
    assert_eq!((&badge["message"], &badge["color"]), (&"1/1, 1 flaky".into(), &"brightgreen".into()));
}

#[test]
fn a_crash_is_not_tried_again() {
    let _alone = alone();
    let (record, output) = record_of(&Project::testing(&fixture("crashes")), &a_cell(), &["--retries", "3"]);
    assert_eq!(record["outcome"]["Crashed"]["signal"], "SIGSEGV", "{}", shown(&output));
    assert!(record["attempts"].is_null(), "{record}");
}

#[test]
fn a_retry_that_runs_no_test_leaves_what_it_retries_red() {
    let _alone = alone();
    let cell = a_cell();
    let project = Project::testing(&fixture("fails"));
    let (record, _) = record_of(&project, &cell, &[]);
    assert_eq!(record["outcome"], "TestsFailed");
    let major =
        cell.split_once("-pg").and_then(|(_, rest)| rest.split_once('-')).expect("an id").0.to_owned();
    let mut again = crate::harness::matrix();
    again.current_dir(project.path()).env(format!("PYO3_MATRIX_POSTGRES_{major}"), "/nonexistent");
    let output = again.args(["run", "--failed"]).output().expect("the binary starts");
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    let report = json(&target().join("runs/latest/report.json"));
    assert_eq!(report["verdict"]["cells"][0]["outcome"], "TestsFailed", "{}", shown(&output));
    assert_eq!(report["merged"]["contested"][0]["why"], "no_test", "{report}");
}

/// A project whose cells run these tests in two workers of pytest-xdist.
fn with_workers(tests: &Path) -> Project {
    let alone = format!("tests = [\"{}\"]", tests.display());
    let beside = format!("tests = [\"{}\", \"-n\", \"2\"]", tests.display());
    Project::testing_with(tests, |text| text.replacen(&alone, &beside, 1))
}

#[test]
fn workers_of_pytest_xdist_make_a_cell_as_green_and_as_red_as_one_process_does() {
    let _alone = alone();
    let (record, output) = record_of(&with_workers(&fixture("passes")), &a_cell(), &[]);
    assert_eq!(record["outcome"], "Passed", "{}", shown(&output));
    let tests = record["tests"].as_object().expect("tests");
    assert!(!tests.is_empty() && tests.values().all(|result| result == "passed"), "{tests:?}");
    let (record, output) = record_of(&with_workers(&fixture("crashes")), &a_cell(), &["--retries", "1"]);
    assert_eq!(record["outcome"]["Crashed"]["signal"], "SIGSEGV", "{}", shown(&output));
    let reason = said(&record["reason"]);
    assert!(reason.starts_with("worker gw") && reason.contains(" was ended by SIGSEGV in "), "{reason}");
    assert!(record["attempts"].is_null(), "{record}");
}
