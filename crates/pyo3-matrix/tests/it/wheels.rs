//! Is a wheel what its name claims? Its content, and the result of a cell with the wheel of another line.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::{Project, a_cell, alone, fixture, matrix, shown, stdout, target};

/// Returns the only wheel under the key that a record names.
fn kept(record: &Value) -> PathBuf {
    let key = record["hashes"]["wheel_key"].as_str().expect("a key");
    let folder = target().join("wheels").join(key);
    let mut entries = std::fs::read_dir(folder).expect("a kept wheel").flatten().map(|entry| entry.path());
    let is_wheel = |path: &PathBuf| path.extension().is_some_and(|suffix| suffix == "whl");
    entries.find(is_wheel).expect("a wheel")
}

/// Returns the record of the cell `cell`, after a run over tests that pass.
fn record_of(cell: &str) -> Value {
    let project = Project::testing(&fixture("passes"));
    let output = project.run(&["run", "--cell", cell, "--benchmarks", "off"]);
    let path = target().join("runs/latest/cells").join(cell).join("record.json");
    let text = std::fs::read_to_string(path).unwrap_or_else(|_| panic!("{}", shown(&output)));
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn a_kept_wheel_that_is_not_the_file_that_was_built_is_built_again() {
    let _alone = alone();
    let cell = a_cell();
    let own = record_of(&cell);
    assert_eq!(own["outcome"], "Passed", "{own}");
    let wheel = kept(&own);
    let built = std::fs::read(&wheel).expect("a wheel");
    std::fs::write(&wheel, [&built[..], b"more"].concat()).expect("written");
    let again = record_of(&cell);
    assert_eq!(again["outcome"], "Passed", "{again}");
    assert!(!std::fs::read(&wheel).expect("a wheel").ends_with(b"more"), "it was built again");
    assert_eq!(again["hashes"]["wheel_key"], own["hashes"]["wheel_key"]);
}

#[test]
fn a_wheel_holds_the_module_its_stubs_and_its_package() {
    let _alone = alone();
    let wheel = kept(&record_of(&a_cell()));
    let listing = listed(&wheel);
    for name in ["__init__.py", "_fraiseql_rs.pyi", "py.typed", ".so"] {
        assert!(listing.lines().any(|line| line.trim_end().ends_with(name)), "{name} is not in\n{listing}");
    }
}

/// Returns the names in an archive, read by the interpreter of a cell.
fn listed(wheel: &Path) -> String {
    let script = "import sys, zipfile; print(*zipfile.ZipFile(sys.argv[1]).namelist(), sep='\\n')";
    let cell = a_cell();
    let output = matrix().args(["shell", &cell, "--", "python", "-c", script]).arg(wheel).output();
    stdout(&output.expect("the binary starts"))
}
