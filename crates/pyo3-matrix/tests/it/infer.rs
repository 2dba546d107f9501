//! Can a project be tested that knows nothing of the harness? One without a `matrix.toml`, which stays as it is.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;
use walkdir::WalkDir;

use crate::harness::{copy, fixture, hold, json, matrix, shown, stderr, stdout, words};

/// A copy of the fixture, with a build in it that went stale.
struct Stranger {
    folder: tempfile::TempDir,
    /// Path → content, as it was.
    before: BTreeMap<PathBuf, Vec<u8>>,
}

impl Stranger {
    fn new(edit: impl FnOnce(&Path)) -> Stranger {
        let folder = tempfile::tempdir().expect("a folder");
        copy(&fixture("stranger"), folder.path());
        fs::write(folder.path().join("stranger/_native.abi3.so"), "stale").expect("written");
        edit(folder.path());
        let before = contents(folder.path());
        Stranger { folder, before }
    }

    /// Runs the harness there, from the folder or one below, and holds the project to what it was.
    fn ask(&self, arguments: &[&str]) -> Output {
        let output =
            matrix().current_dir(self.folder.path()).args(arguments).output().expect("the binary starts");
        assert_eq!(contents(self.folder.path()), self.before, "{arguments:?} changed the project");
        output
    }

    /// The report of the run that printed this.
    fn report(output: &Output) -> Value {
        let text = stdout(output);
        let path = text.lines().find_map(|line| line.strip_prefix("report    "));
        let page = Path::new(path.unwrap_or_else(|| panic!("{}", shown(output))));
        json(&page.with_file_name("report.json"))
    }
}

fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = WalkDir::new(folder).into_iter().map(|entry| entry.expect("an entry").into_path());
    files.filter(|path| path.is_file()).map(|path| (path.clone(), fs::read(path).expect("a file"))).collect()
}

const CELLS: [&str; 4] = ["--python", "3.13", "--lines", "0.28,0.30"];

/// The stale build lies where pytest's own search would find it; the fixture's tests need pytest-xdist, take warnings for errors,
/// and remove a file beside themselves.
#[test]
fn a_project_without_a_file_runs_as_it_is_and_newer_lines_are_rehearsed() {
    let project = Stranger::new(|_| ());
    let output = project.ask(&[&["run"], &CELLS[..]].concat());
    assert!(output.status.success(), "{}", shown(&output));
    let report = Stranger::report(&output);
    let [cell] = &report["verdict"]["cells"].as_array().expect("cells")[..] else { panic!("{report}") };
    assert_eq!((&cell["outcome"], &cell["passed"]), (&"Passed".into(), &4.into()), "{cell}");
    let rehearsed = &report["verdict"]["rehearsals"][0];
    assert_eq!(rehearsed["outcome"], "BuildFailed", "{rehearsed}");
    let rehearsal = &report["rehearsals"][0];
    let edit = &rehearsal["edits"][0];
    assert_eq!((&edit["from"], &edit["to"], &edit["line"]), (&"0.28.3".into(), &"0.30".into(), &11.into()));
    let obstacles = rehearsal["obstacles"].to_string();
    assert!(obstacles.contains("downcast") && obstacles.contains("cast"), "{rehearsal}");
    // What is built is built; other arguments of pytest make another run, and --strict counts the rehearsal.
    let strict = project.ask(&[&["run", "--strict"], &CELLS[..], &["--", "-k", "dict"]].concat());
    assert_eq!(strict.status.code(), Some(1), "{}", shown(&strict));
    let report = Stranger::report(&strict);
    assert_eq!(report["verdict"]["green"], true);
    assert_eq!(report["verdict"]["cells"][0]["total"], 1, "{}", report["verdict"]["cells"][0]);
    let refused = project.ask(&["run", "--python", "3.13", "--", "--nope"]);
    assert_eq!(refused.status.code(), Some(1), "{}", shown(&refused));
    let reason = Stranger::report(&refused)["verdict"]["cells"][0]["reason"].to_string();
    assert!(
        reason.contains("exit code 4 of pytest: pytest: error: unrecognized arguments: --nope"),
        "{reason}"
    );
}

#[test]
fn setuptools_rust_builds_as_well() {
    let project = Stranger::new(|folder| {
        let edited = |file: &str, edit: &dyn Fn(String) -> String| {
            let text = fs::read_to_string(folder.join(file)).expect("a file");
            fs::write(folder.join(file), edit(text)).expect("written");
        };
        edited("pyproject.toml", &|text| {
            let text = text.replace("\"maturin>=1.9,<2\"", "\"setuptools>=77\", \"setuptools-rust>=1.10\"");
            let text =
                text.replace("build-backend = \"maturin\"", "build-backend = \"setuptools.build_meta\"");
            text.replace(
                "[tool.maturin]\nmodule-name = \"stranger._native\"",
                "[tool.setuptools]\npackages = [\"stranger\"]\n[[tool.setuptools-rust.ext-modules]]\ntarget = \"stranger._native\"",
            )
        });
    });
    let output = project.ask(&["run", "--python", "3.13"]);
    assert!(output.status.success(), "{}", shown(&output));
    let cell = &Stranger::report(&output)["verdict"]["cells"][0];
    assert_eq!((&cell["outcome"], &cell["passed"]), (&"Passed".into(), &4.into()), "{cell}");
}

/// The word is no secret by its name or its look, and must not be kept even so: tox writes down what each variable holds.
#[test]
fn variables_that_tox_passes_on_reach_the_tests_and_nothing_keeps_their_values() {
    let word = "seven-green-bottles";
    let project = Stranger::new(|folder| {
        let pyproject = fs::read_to_string(folder.join("pyproject.toml")).expect("a file");
        let pyproject = pyproject.replace("testpaths = [\"tests\"]\n", "");
        fs::write(folder.join("pyproject.toml"), pyproject).expect("written");
        let tox = "[testenv]\npassenv = STRANGER_*, PGHOST, NOT_SET\ncommands = pytest tests\n";
        fs::write(folder.join("tox.ini"), tox).expect("written");
        let test = "import os\n\ndef test_env():\n    assert len(os.environ['STRANGER_WORD']) == 19\n    \
                    assert os.environ['PGHOST'] == 'nowhere'\n    assert 'UNNAMED' not in os.environ\n";
        fs::write(folder.join("tests/test_env.py"), test).expect("written");
    });
    let ask = |arguments: &[&str]| {
        let mut command = matrix();
        command.current_dir(project.folder.path()).env("STRANGER_WORD", word).env("PGHOST", "nowhere");
        command.env("UNNAMED", "x").args(arguments).output().expect("the binary starts")
    };
    let explained = words_of(&ask(&["plan", "--explain"]));
    for said in [
        "pass_env STRANGER_*, PGHOST, NOT_SET from tox.ini:2",
        "passed PGHOST, STRANGER_WORD from your shell, as [suite] pass_env asks for: STRANGER_*, PGHOST, NOT_SET",
    ] {
        assert!(explained.contains(said), "{said}: {explained}");
    }
    let output = ask(&["run", "--python", "3.13"]);
    assert!(output.status.success(), "{}", shown(&output));
    let text = stdout(&output);
    let report = Path::new(text.lines().find_map(|line| line.strip_prefix("report    ")).expect("a report"));
    let run = report.parent().expect("a folder");
    let record = json(&run.join("cells/py3.13-pyo3_0.28/record.json"));
    assert_eq!(record["passed_env"], serde_json::json!(["PGHOST", "STRANGER_WORD"]), "{record}");
    hold(&record, "record");
    let kept = contents(run.ancestors().nth(2).expect("what is kept"));
    let holds = |bytes: &Vec<u8>| bytes.windows(word.len()).any(|window| window == word.as_bytes());
    let told: Vec<_> = kept.iter().filter(|(_, bytes)| holds(bytes)).map(|(path, _)| path).collect();
    assert!(told.is_empty() && !shown(&output).contains(word), "{told:?}");
}

#[test]
fn tests_inside_of_the_package_are_refused_before_anything_is_built() {
    let project = Stranger::new(|folder| {
        fs::rename(folder.join("tests"), folder.join("stranger/tests")).expect("moved");
        fs::write(folder.join("stranger/tests/__init__.py"), "").expect("written");
        let pyproject = fs::read_to_string(folder.join("pyproject.toml")).expect("a file");
        let pyproject = pyproject.replace("testpaths = [\"tests\"]", "testpaths = [\"stranger/tests\"]");
        fs::write(folder.join("pyproject.toml"), pyproject).expect("written");
    });
    let output = project.ask(&["run", "--python", "3.13"]);
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    let cell = &Stranger::report(&output)["verdict"]["cells"][0];
    assert_eq!(cell["outcome"], "ProvisionFailed", "{cell}");
    let reason = cell["reason"].as_str().expect("a reason");
    assert!(
        reason.starts_with("stranger/tests is a part of the package that the wheel installs"),
        "{reason}"
    );
    assert!(!stderr(&output).contains("building") && reason.contains("stranger.tests"), "{}", shown(&output));
}

#[test]
fn every_inferred_value_is_told_with_its_source_and_written_once() {
    let project = Stranger::new(|_| ());
    let explained = words_of(&project.ask(&["plan", "--explain"]));
    for said in [
        "module stranger._native from pyproject.toml, [tool.maturin] module-name",
        "python 3.12, 3.13 from a classifier, pyproject.toml:10",
        "lines 0.28 from Cargo.toml, the newest that it asks for: there is no Cargo.lock",
        "rehearsals 0.29, 0.30",
        "tests tests from pyproject.toml, testpaths",
        "packages group test from pyproject.toml, [dependency-groups] test",
    ] {
        assert!(explained.contains(said), "{said}: {explained}");
    }
    let inferred = project.ask(&["plan", "--format", "json"]);
    let folder = &project.folder;
    let init = || matrix().current_dir(folder.path()).arg("init").output().expect("the binary starts");
    assert!(init().status.success());
    let again = init();
    assert_eq!(again.status.code(), Some(2), "{}", shown(&again));
    assert!(words(&again).contains("is there already"), "{}", stderr(&again));
    let written = matrix().current_dir(folder.path()).args(["plan", "--format", "json"]).output();
    let cells = |output: &Output| -> Value {
        let plan: Value = serde_json::from_str(&stdout(output)).expect("JSON");
        plan["cells"].clone()
    };
    assert_eq!(
        cells(&written.expect("the binary starts")),
        cells(&inferred),
        "the file says what was inferred"
    );
}

#[test]
fn a_lock_with_an_older_package_than_is_asked_for_is_refused() {
    let package = |name: &str, version: &str| {
        let hash = "0".repeat(64);
        format!(
            "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = {{ registry = \"https://example.org/simple\" }}\n\
             wheels = [{{ url = \"https://example.org/{name}-{version}-py3-none-any.whl\", hash = \"sha256:{hash}\" }}]\n\n"
        )
    };
    let own = "[[package]]\nname = \"stranger\"\nversion = \"0.1.0\"\nsource = { editable = \".\" }\n\
               [package.dev-dependencies]\ntest = [{ name = \"pytest\" }, { name = \"pytest_xdist\" }]\n";
    let head = "version = 1\nrequires-python = \">=3.9\"\n\n";
    let lock = [head, &package("pytest", "7.4.0"), &package("pytest_xdist", "3.6.1"), own].concat();
    let project = Stranger::new(|folder| {
        fs::write(folder.join("uv.lock"), lock.replace("name = \"pytest_xdist", "name = \"pytest-xdist"))
            .expect("written");
    });
    let output = project.ask(&["provision", "--python", "3.13"]);
    assert_eq!(output.status.code(), Some(3), "{}", shown(&output));
    let said = words_of(&output);
    assert!(
        said.contains("uv.lock holds pytest 7.4.0, and the pyproject.toml asks for pytest>=8"),
        "{}",
        shown(&output)
    );
}

#[test]
fn a_requires_python_that_is_none_is_told_and_passed_over() {
    let project = Stranger::new(|folder| {
        let pyproject = fs::read_to_string(folder.join("pyproject.toml")).expect("a file");
        fs::write(folder.join("pyproject.toml"), pyproject.replace("\">=3.9\"", "\"3.13+\""))
            .expect("written");
    });
    let explained = words_of(&project.ask(&["plan", "--explain"]));
    let said = "warning requires-python = \"3.13+\" is no version specifier, and is passed over";
    assert!(explained.contains(said) && explained.contains("from pyproject.toml:8"), "{explained}");
    assert!(explained.contains("python 3.12, 3.13 from a classifier"), "{explained}");
}

/// What was printed, as it was before it was broken into lines.
fn words_of(output: &Output) -> String {
    stdout(output).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn what_cannot_be_inferred_is_told_with_what_to_do() {
    let told = |edit: &dyn Fn(&Path), said: &str| {
        let project = Stranger::new(edit);
        let output = project.ask(&["plan"]);
        assert_eq!(output.status.code(), Some(2), "{}", shown(&output));
        assert!(words(&output).contains(said), "{said}: {}", stderr(&output));
    };
    let without = |file: &str, text: &str| {
        let (file, text) = (file.to_owned(), text.to_owned());
        move |folder: &Path| {
            let path = folder.join(&file);
            let edited = fs::read_to_string(&path).expect("a file").replace(&text, "");
            fs::write(path, edited).expect("written");
        }
    };
    told(&|folder| fs::remove_dir_all(folder.join("tests")).expect("removed"), "no tests found");
    told(&without("Cargo.toml", "pyo3 = \"0.28.3\" # the bridge"), "nothing says which PyO3 this is");
    let plain = |folder: &Path| {
        fs::write(folder.join("pyproject.toml"), "[project]\nname = \"x\"\n").expect("written");
    };
    told(&plain, "hint: run this in a project");
    told(&|folder| fs::remove_file(folder.join("Cargo.toml")).expect("removed"), "Cargo.toml");
    told(&|folder| fs::write(folder.join("Cargo.toml"), "[package").expect("written"), "Cargo.toml");
}
