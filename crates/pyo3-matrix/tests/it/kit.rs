//! What does a project get that names an adapter for the conformance kit? Its checks in every cell, and a hang with its class.

use crate::harness::{Project, alone, fixture, hold, json, run_folder, shown};

/// A project whose cells run one test, and the kit on the planted adapter.
fn planted() -> Project {
    let adapter = fixture("kit").join("adapter.py");
    let kit = format!("[suite]\nkit = \"{}\"", adapter.display());
    Project::testing_with(&fixture("passes"), |text| text.replace("[suite]", &kit))
}

#[test]
fn a_hang_in_one_cell_leaves_its_stacks_and_its_class_and_the_other_cell_is_green() {
    let _alone = alone();
    let project = planted();
    let cells = ["py3.9-pg16-pyo3_0.30", "py3.13-pg16-pyo3_0.30"];
    let output = project.run(&[
        "run",
        "--cell",
        cells[0],
        "--cell",
        cells[1],
        "--benchmarks",
        "off",
        "--",
        "-k",
        "passes or error-class",
    ]);
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    let folder = run_folder(&output).join("cells");
    let records = cells.map(|cell| json(&folder.join(cell).join("record.json")));
    assert_eq!(records[0]["outcome"], "TestsFailed", "{}", shown(&output));
    assert_eq!(records[1]["outcome"], "Passed", "{}", shown(&output));
    let checks = records.each_ref().map(|record| record["kit"]["checks"].clone());
    assert_eq!((&checks[0][0]["id"], &checks[0][0]["outcome"]), (&"core/error-class".into(), &"hung".into()));
    assert_eq!(checks[0][0]["hang"], "lost wake-up");
    assert_eq!(checks[1][0]["outcome"], "passed");
    let incident = folder.join(cells[0]).join("incidents").join("core-error-class.txt");
    let told = std::fs::read_to_string(incident).expect("the stacks");
    assert!(told.contains("class: lost wake-up") && told.contains("in fail"), "{told}");
    // The server that the kit may kill is of the cell's own release.
    let log = std::fs::read_to_string(folder.join(cells[1]).join("output.log")).expect("the log");
    assert!(log.contains("--bridge-server-bin=") && log.contains("/postgres/16."), "{log}");
    // The line that a grid has room for says what hangs, and how.
    let said = &records[0]["failures"]["pytest_pyo3_bridge::core/error-class"]["message"];
    assert!(
        said.as_str().is_some_and(|said| said.contains("core/error-class") && said.contains("lost wake-up")),
        "{said}"
    );
}

#[test]
fn what_judges_times_and_slopes_runs_by_itself_with_the_benchmarks() {
    let _alone = alone();
    let project = planted();
    let cell = "py3.13-pg16-pyo3_0.30";
    // A project that has the kit and no benchmarks gets these as well.
    let file = project.path().join("matrix.toml");
    let text = std::fs::read_to_string(&file).expect("text");
    let without = text.lines().filter(|line| !line.starts_with("benchmarks = ["));
    std::fs::write(&file, without.collect::<Vec<_>>().join("\n")).expect("written");
    let output = project.run(&["run", "--cell", cell, "--", "-k", "passes or success"]);
    let record = json(&run_folder(&output).join("cells").join(cell).join("record.json"));
    assert_eq!(record["outcome"], "Passed", "{}", shown(&output));
    let checks = record["kit"]["checks"].as_array().expect("checks");
    let check = |id: &str| {
        &checks.iter().find(|check| check["id"] == id).unwrap_or_else(|| panic!("{id}: {checks:?}"))["outcome"]
    };
    for id in [
        "core/no-leak-on-success",
        "core/answers-take-the-gil-shortly",
        "core/answers-come-beside-busy-threads",
    ] {
        assert_eq!(check(id), "passed", "{id}");
    }
    assert!(record["durations"]["benchmarks"].as_f64().is_some_and(|seconds| seconds > 0.0));
}

#[test]
fn a_cell_that_plants_faults_has_the_table_of_what_caught_them_in_its_record_and_on_the_page() {
    let _alone = alone();
    let project = Project::testing(&fixture("plants"));
    let cell = "py3.13-pg16-pyo3_0.30";
    let output = project.run(&["run", "--cell", cell, "--benchmarks", "off"]);
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
    let folder = run_folder(&output);
    let record = json(&folder.join("cells").join(cell).join("record.json"));
    hold(&record, "record");
    assert_eq!(record["detection"][0]["fault"]["id"], "gil-held", "{record}");
    let page = std::fs::read_to_string(folder.join("report.html")).expect("a page");
    for said in [
        "1 of 2 planted faults caught as meant; 0 findings where nothing was planted",
        "core/gil-free-while-waiting, 1.2 s",
        "not caught",
        "core/answers-reach-their-caller",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
}
