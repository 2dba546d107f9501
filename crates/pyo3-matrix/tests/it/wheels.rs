//! Is a wheel what its name says? What is in it, and what a cell says of one that belongs to another line.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::{Project, a_cell, alone, checkout, fixture, matrix, run, shown, stdout};

/// The only wheel kept under the key that a record names.
fn kept(record: &Value) -> PathBuf {
    let key = record["hashes"]["wheel_key"].as_str().expect("a key");
    let folder = checkout().join("target/matrix/wheels").join(key);
    let mut entries = std::fs::read_dir(folder).expect("a kept wheel").flatten().map(|entry| entry.path());
    let is_wheel = |path: &PathBuf| path.extension().is_some_and(|suffix| suffix == "whl");
    entries.find(is_wheel).expect("a wheel")
}

/// The record of the one cell that `cell` names, after a run over tests that pass.
fn record_of(cell: &str) -> Value {
    let project = Project::testing(&fixture("passes"));
    let output = project.run(&["run", "--cell", cell, "--benchmarks", "off"]);
    let path = checkout().join("target/matrix/runs/latest/cells").join(cell).join("record.json");
    let text = std::fs::read_to_string(path).unwrap_or_else(|_| panic!("{}", shown(&output)));
    serde_json::from_str(&text).expect("JSON")
}

/// Puts a file in another's place, and back when dropped.
struct Swapped {
    place: PathBuf,
    original: Vec<u8>,
}

impl Swapped {
    fn put(file: &Path, place: &Path) -> Swapped {
        let original = std::fs::read(place).expect("a file");
        std::fs::copy(file, place).expect("copied");
        Swapped { place: place.to_owned(), original }
    }
}

impl Drop for Swapped {
    fn drop(&mut self) {
        std::fs::write(&self.place, &self.original).expect("put back");
    }
}

/// The same Python and server on the line before the newest.
fn on_another_line(cell: &str) -> String {
    let plan = stdout(&run(&["plan", "--lines", "all", "--format", "json"]));
    let plan: Value = serde_json::from_str(&plan).expect("a plan in JSON");
    let before = cell.split_once("-pyo3_").expect("a line").0;
    let cells =
        plan["cells"].as_array().expect("cells").iter().filter_map(|planned| planned["cell"].as_str());
    let same: Vec<&str> = cells.filter(|other| other.starts_with(before) && *other != cell).collect();
    (*same.last().expect("another line")).to_owned()
}

#[test]
fn a_wheel_of_another_line_put_in_place_is_a_mismatch() {
    let _alone = alone();
    let cell = a_cell();
    let other = record_of(&on_another_line(&cell));
    let own = record_of(&cell);
    assert_eq!((&own["outcome"], &other["outcome"]), (&"Passed".into(), &"Passed".into()));
    let swapped = Swapped::put(&kept(&other), &kept(&own));
    let record = record_of(&cell);
    assert_eq!(record["outcome"], "Mismatch", "{record}");
    assert!(record["tests"].as_object().is_some_and(serde_json::Map::is_empty), "no test ran: {record}");
    assert_eq!(record["observed"]["pyo3"], other["requested"]["pyo3"]);
    assert!(record["reason"].as_str().is_some_and(|reason| reason.contains("pyo3: expected ")), "{record}");
    drop(swapped);
    assert_eq!(record_of(&cell)["outcome"], "Passed", "the right wheel is installed again");
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

/// The names in an archive, told by the interpreter of a cell.
fn listed(wheel: &Path) -> String {
    let script = "import sys, zipfile; print(*zipfile.ZipFile(sys.argv[1]).namelist(), sep='\\n')";
    let cell = a_cell();
    let output = matrix().args(["shell", &cell, "--", "python", "-c", script]).arg(wheel).output();
    stdout(&output.expect("the binary starts"))
}
