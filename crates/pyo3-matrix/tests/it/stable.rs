//! Is a wheel of the stable ABI built once and tested on every Python that its tag promises? And is a module known without its
//! help? A project of a synchronous module, without a service and without companions of `PyO3`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Output;

use nix::fcntl::Flock;
use serde_json::Value;

use crate::harness::{checkout, copy, fixture, json, lock, matrix, shown, stderr, stdout};

/// The project, for one test at a time. What was installed and compiled for it stays from test to test.
struct Steady {
    folder: PathBuf,
    _one: Flock<File>,
}

impl Steady {
    fn new() -> Steady {
        let one = lock("steady-lock");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("steady");
        copy(&fixture("stable"), &folder);
        let requirements = folder.join("requirements");
        if !requirements.exists() {
            std::os::unix::fs::symlink(checkout().join("requirements"), requirements).expect("a link");
        }
        Steady { folder, _one: one }
    }

    /// Changes the module.
    fn with(self, old: &str, new: &str) -> Steady {
        let path = self.folder.join("src/lib.rs");
        let text = fs::read_to_string(&path).expect("a source");
        assert!(text.contains(old), "{old}");
        fs::write(path, text.replace(old, new)).expect("written");
        self
    }

    fn target(&self) -> PathBuf {
        self.folder.join("target/matrix")
    }

    /// Has every wheel be built anew.
    fn without_wheels(self) -> Steady {
        let _ = fs::remove_dir_all(self.target().join("wheels"));
        self
    }

    fn ask(&self, arguments: &[&str]) -> Output {
        matrix().current_dir(&self.folder).args(arguments).output().expect("the binary starts")
    }

    fn record(&self, cell: &str) -> Value {
        json(&self.target().join("runs/latest/cells").join(cell).join("record.json"))
    }

    /// The record of one cell after a run of it.
    fn run(&self, cell: &str) -> (Value, Output) {
        let output = self.ask(&["run", "--cell", cell]);
        (self.record(cell), output)
    }

    /// The wheels that the last run built and kept.
    fn counts(&self) -> (Value, Value) {
        let ledger = json(&self.target().join("runs/latest/ledger.json"));
        (ledger["wheels_built"].clone(), ledger["wheels_kept"].clone())
    }

    /// The module's shared object, where a cell of this environment has it.
    fn object(&self, environment: &str) -> PathBuf {
        let packages = self.target().join("tox").join(environment).join("lib/python3.12/site-packages");
        packages.join("steady/steady.abi3.so")
    }
}

fn key(record: &Value) -> &str {
    record["hashes"]["wheel_key"].as_str().unwrap_or_default()
}

fn reason(record: &Value) -> &str {
    record["reason"].as_str().unwrap_or_default()
}

#[test]
fn a_wheel_of_the_stable_abi_is_built_once_and_tested_on_every_python_that_its_tag_promises() {
    let project = Steady::new().without_wheels();
    let plan = project.ask(&["plan", "--lines", "0.30"]);
    assert!(
        stdout(&plan).contains("all: 3 cells on 1 wheel (cp311-abi3): Python 3.11 3.12"),
        "{}",
        shown(&plan)
    );
    let output = project.ask(&["run", "--lines", "0.30"]);
    assert!(output.status.success(), "{}", shown(&output));
    assert!(
        stderr(&output).contains("py3.13-pyo3_0.30 takes steady-0.1.0-cp311-abi3-"),
        "{}",
        shown(&output)
    );
    assert_eq!(project.counts(), (1.into(), 0.into()), "{}", shown(&output));
    let record = |python: &str| project.record(&format!("py{python}-pyo3_0.30"));
    for python in ["3.11", "3.12", "3.13"] {
        let record = record(python);
        assert_eq!((&record["outcome"], &record["observed"]["python"]), (&"Passed".into(), &python.into()));
        assert!(key(&record).starts_with("py3.11-pyo3_0.30-"), "{record}");
        assert_eq!(key(&record), key(&project.record("py3.11-pyo3_0.30")));
    }
    let output = project.ask(&["run", "--lines", "0.30", "--python", "3.13"]);
    assert!(output.status.success(), "{}", shown(&output));
    assert_eq!(project.counts(), (0.into(), 1.into()), "a kept wheel serves as well: {}", shown(&output));
    assert!(key(&record("3.13")).starts_with("py3.11-pyo3_0.30-"));
}

/// maturin gives it a wheel for that Python alone, with the features of the stable ABI that it does not have.
#[test]
fn a_python_that_the_tag_does_not_promise_is_built_for_by_itself_and_red_where_that_fails() {
    let project = Steady::new();
    let output = project.ask(&["run", "--lines", "0.30", "--python", "3.10,3.11"]);
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    let (record, other) = (project.record("py3.10-pyo3_0.30"), project.record("py3.11-pyo3_0.30"));
    assert_eq!((&record["outcome"], &other["outcome"]), (&"TestsFailed".into(), &"Passed".into()));
    let told = "cannot import module steady: ImportError: ";
    assert!(reason(&record).contains(told) && reason(&record).contains("cpython-310"), "{record}");
}

#[test]
fn a_wheel_that_breaks_the_promise_of_its_tag_is_a_failed_build_of_every_python_that_it_would_serve() {
    let foreign = "    unsafe extern \"C\" { fn PyUnicode_AsUTF8(object: *mut pyo3::ffi::PyObject) -> *const std::ffi::c_char; }\n    \
                   let text = Python::attach(|py| unsafe { PyUnicode_AsUTF8(py.None().as_ptr()) });\n    \
                   number + u64::from(!text.is_null())";
    let project = Steady::new().without_wheels().with("    number + 1", foreign);
    let output = project.ask(&["run", "--lines", "0.30", "--python", "3.11,3.12"]);
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    for cell in ["py3.11-pyo3_0.30", "py3.12-pyo3_0.30"] {
        let record = project.record(cell);
        assert_eq!(record["outcome"], "BuildFailed", "{}", shown(&output));
        let told = "steady.abi3.so uses PyUnicode_AsUTF8, which is in no stable ABI";
        assert!(reason(&record).contains(told), "{record}");
        assert!(reason(&record).contains("hint: "), "{record}");
    }
    assert_eq!(stderr(&output).matches("building wheel").count(), 1, "{}", shown(&output));
    let again = project.ask(&["run", "--lines", "0.30", "--python", "3.11"]);
    assert_eq!(project.record("py3.11-pyo3_0.30")["outcome"], "BuildFailed", "{}", shown(&again));
}

#[test]
fn a_module_that_says_nothing_of_its_build_is_known_by_what_was_observed() {
    let project = Steady::new();
    let (record, output) = project.run("py3.12-pyo3_0.30");
    assert_eq!(record["outcome"], "Passed", "{}", shown(&output));
    let observed = &record["observed"];
    assert_eq!((&observed["pyo3"], &observed["build_info"]), (&"0.30.1".into(), &serde_json::json!({})));
    let companion = "pyo3_async_runtimes";
    assert!(observed[companion].is_null() && record["requested"][companion].is_null(), "{record}");
    // The module is a package that was generated around the shared object.
    assert!(observed["loaded"]["path"].to_string().contains("/steady/steady.abi3.so"), "{record}");
}

#[test]
fn a_module_that_lies_in_its_build_info_is_a_mismatch() {
    let claim = |name: &str, version: &str| {
        let before = "#[pymodule]\nfn steady(module: &Bound<'_, PyModule>) -> PyResult<()> {";
        let function = format!("{before}\n    module.add_function(wrap_pyfunction!(build_info, module)?)?;");
        let info = format!(
            "#[pyfunction]\nfn build_info() -> std::collections::HashMap<&'static str, &'static str> {{\n    \
             [(\"{name}\", \"{version}\")].into()\n}}\n\n{function}"
        );
        Steady::new().with(before, &info).run("py3.12-pyo3_0.30")
    };
    let (record, output) = claim("pyo3_async_runtimes", "0.29.0");
    assert_eq!(record["outcome"], "Mismatch", "{}", shown(&output));
    let told = "pyo3_async_runtimes: the wheel was built without it, the module says 0.29.0";
    assert!(reason(&record).contains(told), "{record}");
    assert!(record["observed"]["pyo3_async_runtimes"].is_null(), "{record}");
    let (record, output) = claim("pyo3", "0.29.3");
    assert_eq!(record["outcome"], "Mismatch", "{}", shown(&output));
    assert!(
        reason(&record).contains("pyo3: the wheel was built with 0.30.1, the module says 0.29.3"),
        "{record}"
    );
    assert_eq!(record["observed"]["pyo3"], "0.30.1");
    let (record, output) = claim("pyo3", "0.30.1");
    assert_eq!(record["outcome"], "Passed", "{}", shown(&output));
}

#[test]
fn the_wheel_of_another_line_is_a_mismatch_that_names_that_line() {
    let project = Steady::new();
    for line in ["0.29", "0.30"] {
        let (record, output) = project.run(&format!("py3.12-pyo3_{line}"));
        assert_eq!(record["outcome"], "Passed", "{}", shown(&output));
    }
    fs::copy(project.object("py3.12-pyo3_0.29"), project.object("py3.12-pyo3_0.30")).expect("a copy");
    let (record, output) = project.run("py3.12-pyo3_0.30");
    assert_eq!(record["outcome"], "Mismatch", "{}", shown(&output));
    assert!(reason(&record).contains("pyo3: expected 0.30.1, got 0.29.3"), "{record}");
    assert!(reason(&record).contains("which is no file of the wheel"), "{record}");
    let (record, output) = project.run("py3.12-pyo3_0.30");
    assert_eq!(record["outcome"], "Passed", "the wheel is installed again: {}", shown(&output));
}

#[test]
fn a_stale_shared_object_in_the_place_of_the_wheels_is_a_mismatch() {
    let project = Steady::new();
    let (record, output) = project.run("py3.12-pyo3_0.30");
    assert_eq!(record["outcome"], "Passed", "{}", shown(&output));
    let object = project.object("py3.12-pyo3_0.30");
    let bytes = fs::read(&object).expect("a shared object");
    fs::write(&object, [&bytes[..], b"an earlier build"].concat()).expect("written");
    let (record, output) = project.run("py3.12-pyo3_0.30");
    assert_eq!(record["outcome"], "Mismatch", "{}", shown(&output));
    assert!(reason(&record).contains("steady/steady.abi3.so is not as the wheel has it"), "{record}");
    assert!(record["hashes"]["wheel"].is_null(), "nothing says that the wheel was tested: {record}");
}
