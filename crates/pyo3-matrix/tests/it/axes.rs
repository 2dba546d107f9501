//! Can a cell differ by more than Python, a server and a line? A free axis in matrix.toml alone, and what becomes of it.

use crate::harness::{Project, alone, fixture, hold, json, run_folder, shown, stderr, stdout};

const AXIS: &str = r#"
[[axis]]
name = "allocator"
value = [
  { name = "debug", env = { PYTHONMALLOC = "debug" }, pytest = ["-k", "not only"] },
  { name = "malloc", env = { PYTHONMALLOC = "malloc" } },
]
"#;

fn project() -> Project {
    Project::testing_with(&fixture("chosen"), |text| text + AXIS)
}

#[test]
fn a_free_axis_gives_its_cells_variables_and_arguments_and_an_id_of_their_own() {
    let _alone = alone();
    let project = project();
    let output = project.run(&[
        "run",
        "--preset",
        "smoke",
        "--allocator",
        "debug,malloc",
        "--benchmarks",
        "off",
        "--jobs",
        "2",
    ]);
    let folder = run_folder(&output);
    let (plan, report) = (json(&folder.join("plan.json")), json(&folder.join("report.json")));
    hold(&plan, "plan");
    hold(&report, "report");
    assert!(report["verdict"]["green"].as_bool() == Some(true), "{}", shown(&output));
    let mut tests = Vec::new();
    for entry in std::fs::read_dir(folder.join("cells")).expect("cells").flatten() {
        let record = json(&entry.path().join("record.json"));
        hold(&record, "record");
        let id = record["cell"].as_str().expect("an id").to_owned();
        assert_eq!(entry.file_name().to_str(), Some(id.as_str()));
        let choice = id.rsplit('-').next().expect("a choice").to_owned();
        tests.push((choice, record["tests"].as_object().expect("tests").len()));
    }
    tests.sort();
    assert_eq!(tests, [("debug".to_owned(), 1), ("malloc".to_owned(), 2)], "{}", shown(&output));
    // Two values of one axis, and one of each other.
    let text = stdout(&project.run(&["report"]));
    assert!(text.contains("\n  debug           ✔ 1\n  malloc          ✔ 2\n"), "{text}");
}

#[test]
fn a_preset_gives_its_cells_arguments() {
    let _alone = alone();
    let short = "\n[preset.short]\npython = \"newest\"\npostgres = \"newest\"\nline = \"newest\"\npytest = [\"-k\", \"not only\"]\n";
    let project = Project::testing_with(&fixture("chosen"), |text| text + short);
    let output = project.run(&["run", "--preset", "short", "--benchmarks", "off"]);
    let folder = run_folder(&output);
    let mut cells = std::fs::read_dir(folder.join("cells")).expect("cells").flatten();
    let cell = cells.next().expect("a cell").path();
    let record = json(&cell.join("record.json"));
    assert_eq!(record["tests"].as_object().expect("tests").len(), 1, "{}", shown(&output));
    // What runs the cell again runs the same tests.
    let page = std::fs::read_to_string(folder.join("report.html")).expect("a page");
    let name = cell.file_name().expect("a name").to_string_lossy();
    assert!(page.contains(&format!("run --cell {name} -- -k 'not only'")), "{page}");
}

#[test]
fn a_request_over_an_axis_that_is_not_there_says_what_is() {
    let project = project();
    let plan = |arguments: &[&str]| project.run(&[&["plan", "--preset", "smoke"], arguments].concat());
    let text = stdout(&plan(&["--allocator", "all"]));
    assert!(text.contains("-debug") && text.contains("-malloc"), "{text}");
    let wrong = plan(&["--allocator", "mimalloc"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(
        stderr(&wrong).contains("unknown allocator `mimalloc`\nhint: known are debug, malloc"),
        "{}",
        shown(&wrong)
    );
    let wrong = plan(&["--flavour", "all"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr(&wrong).contains("unexpected argument '--flavour'"), "{}", shown(&wrong));
    // Without the file nothing knows its axes, and what is wrong with the file is what the user has to hear.
    std::fs::write(project.path().join("matrix.toml"), "schema_version = 1\n[budget]\n").expect("written");
    let wrong = plan(&["--allocator", "all"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr(&wrong).contains("unknown field `budget`"), "{}", shown(&wrong));
}

#[test]
fn a_failure_is_explained_by_running_the_cells_that_tell_its_causes_apart() {
    let _alone = alone();
    let project = Project::testing_with(&fixture("allocator"), |text| text + AXIS);
    let cells = ["py3.12-pg16-pyo3_0.30-malloc", "py3.13-pg16-pyo3_0.30-debug"];
    let named = ["run", "--cell", cells[0], "--cell", cells[1], "--benchmarks", "off", "--jobs", "2"];
    let guessed = project.run(&named);
    let said = stdout(&guessed);
    assert!(said.contains("or on") && said.contains("tells"), "two causes explain it: {}", shown(&guessed));
    let output = project.run(&[&named[..], &["--explain"]].concat());
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    let report = json(&run_folder(&output).join("report.json"));
    hold(&report, "report");
    let [found] = &report["verdict"]["attributions"].as_array().expect("attributions")[..] else {
        panic!("one symptom: {}", shown(&output))
    };
    assert_eq!(report["verdict"]["cells"].as_array().map(Vec::len), Some(3), "{}", shown(&output));
    assert_eq!(found["explanations"], serde_json::json!([[[{"choice": "debug"}]]]), "{}", shown(&output));
    assert!(found["decides"].is_null());
    assert!(stderr(&output).contains("to tell what explains the failures: py3.1"), "{}", shown(&output));
}

#[test]
fn sources_that_changed_meanwhile_are_explained_by_no_further_cell() {
    let _alone = alone();
    let edit = |text: String| {
        let axis = AXIS.replace("PYTHONMALLOC", "NOTES = \"notes.txt\", PYTHONMALLOC");
        text.replace("sources = [\"bridge-known.toml\"", "sources = [\"notes.txt\", \"bridge-known.toml\"")
            + &axis
    };
    let project = Project::testing_with(&fixture("changes"), edit);
    let notes = project.path().join("notes.txt");
    std::fs::write(&notes, "").expect("written");
    let file = project.path().join("matrix.toml");
    let text = std::fs::read_to_string(&file).expect("text");
    std::fs::write(&file, text.replace("\"notes.txt\", PY", &format!("{notes:?}, PY"))).expect("written");
    let cells = ["py3.12-pg16-pyo3_0.30-malloc", "py3.13-pg16-pyo3_0.30-debug"];
    let output =
        project.run(&["run", "--cell", cells[0], "--cell", cells[1], "--benchmarks", "off", "--explain"]);
    let report = json(&run_folder(&output).join("report.json"));
    assert_eq!(report["verdict"]["cells"].as_array().map(Vec::len), Some(2), "{}", shown(&output));
    assert!(report["merged"].is_null(), "{}", shown(&output));
    assert!(stderr(&output).contains("the suite changed since run "), "{}", shown(&output));
}
