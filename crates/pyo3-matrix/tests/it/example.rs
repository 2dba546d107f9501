//! Can another project have a matrix? The example of docs/own-project.md, in a folder that has nothing else of this
//! repository.

use std::fs;

use crate::harness::{checkout, copy, matrix, shown, stderr, stdout};

#[test]
fn a_copy_of_the_example_has_a_green_matrix() {
    let folder = tempfile::tempdir().expect("a folder");
    copy(&checkout().join("examples/hello"), folder.path());
    let ask = |arguments: &[&str], word: &str| {
        let output = matrix().current_dir(folder.path()).args(arguments).output().expect("the binary starts");
        assert!(output.status.success(), "{arguments:?}: {}", shown(&output));
        assert!((stdout(&output) + &stderr(&output)).contains(word), "{arguments:?}: {}", shown(&output));
    };
    ask(&["doctor"], "clean: ");
    ask(&["lock", "--check"], "0.30  up to date");
    fs::remove_dir_all(folder.path().join("lines")).expect("the locks");
    ask(&["lock"], "0.30  made");
    ask(&["plan"], "all: 4 cells on 4 wheels");
    ask(&["run", "--python", "3.13", "--lines", "0.30"], "decision  proceed");
}

/// pip would fetch what a wheel asks for, past every hash of the lock.
#[test]
fn a_wheel_that_needs_more_than_the_lock_installs_is_red_and_names_it() {
    let folder = tempfile::tempdir().expect("a folder");
    copy(&checkout().join("examples/hello"), folder.path());
    let pyproject = folder.path().join("pyproject.toml");
    let text = fs::read_to_string(&pyproject).expect("a pyproject");
    let run = |needs: &str| {
        let needing = text.replace("[project]\n", &format!("[project]\ndependencies = {needs}\n"));
        fs::write(&pyproject, needing).expect("written");
        let arguments = ["run", "--python", "3.13", "--lines", "0.30"];
        matrix().current_dir(folder.path()).args(arguments).output().expect("the binary starts")
    };
    let red = run("[\"anyio>=3.0.0\", \"psutil>=99\", \"iniconfig\", \"absent; python_version < '3'\"]");
    assert_eq!(red.status.code(), Some(1), "{}", shown(&red));
    let report = fs::read_to_string(folder.path().join("target/matrix/runs/latest/report.json"));
    let report: serde_json::Value = serde_json::from_str(&report.expect("a report")).expect("JSON");
    let cell = &report["verdict"]["cells"][0];
    assert_eq!(cell["outcome"], "ProvisionFailed", "{cell}");
    let reason = cell["reason"].as_str().expect("a reason");
    let needs = "anyio>=3.0.0, which is not installed; psutil>=99, and ";
    assert!(reason.contains(needs) && !reason.contains("iniconfig"), "{reason}");
    assert!(reason.contains("pyproject.toml cell.in -o requirements/py3.13.txt`"), "{reason}");
    let green = run("[\"iniconfig>=2\", \"psutil>=5\"]");
    assert!(green.status.success(), "{}", shown(&green));
}

/// Copies an example, and holds it to its size.
fn copied(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    copy(&checkout().join("examples").join(name), folder.path());
    let words = |path: std::path::PathBuf| {
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        text.lines().filter(|line| !line.trim().is_empty()).count()
    };
    let files = ["matrix.toml", "pyproject.toml", "src/lib.rs", &format!("tests/test_{name}.py")];
    let lines: usize = files.iter().map(|file| words(folder.path().join(file))).sum();
    assert!(lines < 60, "{name} has {lines} lines");
    folder
}

/// Runs a copy of an example. Returns what it printed.
fn green(name: &str) -> String {
    let folder = copied(name);
    let output = matrix().current_dir(folder.path()).arg("run").output().expect("the binary starts");
    assert!(output.status.success(), "{name}: {}", shown(&output));
    stdout(&output) + &stderr(&output)
}

/// One folder for all of it, since each has to have the tools first.
#[test]
fn a_module_without_asyncio_and_without_a_service_goes_from_red_to_green() {
    let folder = copied("plus");
    let run = |code| {
        let output = matrix().current_dir(folder.path()).arg("run").output().expect("the binary starts");
        assert_eq!(output.status.code(), Some(code), "{}", shown(&output));
        stdout(&output) + &stderr(&output)
    };
    let spoiled = |file: &str, spoil: &dyn Fn(&str) -> String| {
        let path = folder.path().join(file);
        let text = fs::read_to_string(&path).expect("a file");
        fs::write(&path, spoil(&text)).expect("written");
        let said = run(1);
        fs::write(&path, text).expect("written");
        said
    };
    let absent = |_: &str| format!("iniconfig==0.0.1 --hash=sha256:{}\n", "0".repeat(64));
    told_before_anything_is_built(&spoiled("requirements/py3.12.txt", &absent));
    let said = spoiled("src/lib.rs", &|text| format!("{text}\nuse pyo3::NoSuchName;\n"));
    shows_its_first_error(&said, folder.path());
    assert!(run(0).contains("py3.12-pyo3_0.30  "));
}

fn told_before_anything_is_built(said: &str) {
    assert!(
        said.contains("installing requirements/py3.12.txt for py3.12-pyo3_0.30 with Python 3.12"),
        "{said}"
    );
    assert!(said.contains("No matching distribution found for iniconfig==0.0.1"), "{said}");
    assert!(!said.contains("building wheel"), "{said}");
}

fn shows_its_first_error(said: &str, folder: &std::path::Path) {
    let report = &said[said.find("\nbuild failed: ").unwrap_or_else(|| panic!("{said}")) + 1..];
    let lines: Vec<&str> = report.lines().map(str::trim).collect();
    assert_eq!(
        lines[1..3],
        ["the build exited with code 1", "error[E0432]: unresolved import `pyo3::NoSuchName`"]
    );
    assert!(lines[3].starts_with("--> src/lib.rs:"), "{report}");
    let log = lines.iter().find_map(|line| line.strip_prefix("log    ")).expect("a log");
    assert!(fs::read_to_string(folder.join(log)).expect("the log").contains("NoSuchName"));
    assert!(lines.contains(&"again  cargo matrix run --cell py3.12-pyo3_0.30"), "{report}");
}

#[test]
fn an_awaitable_is_tested_beside_a_program_that_the_matrix_starts() {
    let said = green("knock");
    assert!(said.contains("web") && said.contains("py3.12-pyo3_0.30  "), "{said}");
}

#[test]
fn one_wheel_of_the_stable_abi_is_tested_on_three_pythons() {
    let said = green("stable");
    assert!(said.contains("3/3 cells green") && said.contains("1 built"), "{said}");
}

/// Pythons before 3.15 cannot load such a wheel. `.ci/later` runs this where 3.15 can be had.
#[test]
fn one_wheel_serves_pythons_with_and_without_the_gil() {
    let folder = copied("both");
    let ask = |verb: &str| {
        matrix()
            .current_dir(folder.path())
            .args([verb, "--python", "3.15"])
            .output()
            .expect("the binary starts")
    };
    let plan = matrix().current_dir(folder.path()).arg("plan").output().expect("the binary starts");
    assert!(stdout(&plan).contains("2 cells on 1 wheel (cp315-abi3.abi3t)"), "{}", shown(&plan));
    let found = ask("provision");
    if !(stdout(&found) + &stderr(&found)).contains("no Python 3.15 found") {
        let run = ask("run");
        assert!(stdout(&run).contains("1/1 cell green"), "{}", shown(&run));
    }
}

#[test]
fn a_value_of_an_axis_is_an_event_loop() {
    let said = green("nap");
    assert!(said.contains("py3.12-pyo3_0.30-asyncio") && said.contains("py3.12-pyo3_0.30-uvloop"), "{said}");
}
