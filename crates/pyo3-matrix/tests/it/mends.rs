//! Does each failure of the corpus really fail, with the words that `doctor` quotes, and does it pass after the edit
//! that it prints?
//!
//! Each fixture is copied, built, mended by a program that knows only the JSON of `doctor`, and built again. Fixtures
//! that need an interpreter or a copy of PyO3 run only with `PYO3_MATRIX_SLOW=1`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::doctor::{doctor, fixture};
use crate::harness::{shown, stderr, stdout};

/// A copy of a fixture.
struct Copy {
    folder: tempfile::TempDir,
}

impl Copy {
    fn of(name: &str) -> Copy {
        let copy = Copy { folder: tempfile::tempdir().expect("a folder") };
        copy_all(&fixture(name), copy.path());
        copy
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the findings, as `doctor` gives them to programs.
    fn findings(&self) -> Vec<Value> {
        let output = doctor(self.path(), &["--format", "json"]);
        let value: Value =
            serde_json::from_str(&stdout(&output)).unwrap_or_else(|_| panic!("{}", shown(&output)));
        value["findings"].as_array().expect("findings").clone()
    }

    /// Applies the findings in their order, and the edits of one file from its end.
    fn mend(&self, findings: &[Value]) {
        let mut steps: Vec<&Value> =
            findings.iter().flat_map(|finding| finding["mend"].as_array().expect("steps")).collect();
        steps.sort_by_key(|step| std::cmp::Reverse(step["line"].as_u64().unwrap_or(0)));
        for step in steps {
            match step["kind"].as_str().expect("a kind") {
                "run" => self.run(step),
                "advise" => panic!("no program can do this: {step}"),
                kind => self.edit(kind, step),
            }
        }
    }

    fn run(&self, step: &Value) {
        let words: Vec<&str> =
            step["command"].as_array().expect("words").iter().filter_map(Value::as_str).collect();
        let folder = self.path().join(step["folder"].as_str().expect("a folder"));
        let output = Command::new(words[0])
            .args(&words[1..])
            .current_dir(folder)
            .env("CARGO_TARGET_DIR", target())
            .output()
            .expect("it starts");
        assert!(output.status.success(), "{}", shown(&output));
    }

    fn edit(&self, kind: &str, step: &Value) {
        let path = self.path().join(step["file"].as_str().expect("a file"));
        let text = fs::read_to_string(&path).expect("the file");
        let word = |name: &str| step[name].as_str().expect("a text").to_owned();
        let edited = if kind == "append" {
            text + &word("text")
        } else {
            let number = usize::try_from(step["line"].as_u64().expect("a line")).expect("a number");
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            if kind == "delete" {
                assert_eq!(lines.remove(number - 1), word("text"));
            } else {
                assert!(lines[number - 1].contains(&word("old")), "{step}");
                lines[number - 1] = lines[number - 1].replacen(&word("old"), &word("new"), 1);
            }
            lines.join("\n") + "\n"
        };
        fs::write(path, edited).expect("written");
    }

    /// Runs cargo in the copy, for a Python that need not be installed.
    fn cargo(&self, arguments: &[&str], python: Option<&str>) -> Output {
        let mut command = Command::new("cargo");
        command
            .args(arguments)
            .current_dir(self.path())
            .env("CARGO_TARGET_DIR", target())
            .env("CARGO_TERM_COLOR", "never");
        for name in ["PYO3_PYTHON", "PYO3_CONFIG_FILE"] {
            command.env_remove(name);
        }
        if let Some(python) = python {
            command.env("PYO3_CONFIG_FILE", config(python));
        }
        command.output().expect("cargo starts")
    }
}

/// Returns one target folder for all fixtures, because most of them share their pyo3.
fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("doctor")
}

/// Writes the configuration that pyo3 needs of an interpreter, for one that need not be installed.
fn config(python: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("python-{python}.txt"));
    let mut text = String::from("implementation=CPython\nshared=true\nabi3=false\npointer_width=64\n");
    let _ = writeln!(text, "version={}", python.trim_end_matches('t'));
    let _ = writeln!(text, "build_flags={}", if python.ends_with('t') { "Py_GIL_DISABLED" } else { "" });
    text += "suppress_build_script_link_lines=false\n";
    // An unchanged file keeps its time, so pyo3 keeps its build.
    if fs::read_to_string(&path).ok().as_deref() != Some(text.as_str()) {
        fs::write(&path, text).expect("written");
    }
    path
}

pub fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_all(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}

/// Returns the words that a finding quotes.
fn says(findings: &[Value], id: &str) -> String {
    let finding =
        findings.iter().find(|finding| finding["id"] == id).unwrap_or_else(|| panic!("{id}: {findings:?}"));
    finding["says"].as_str().expect("a quotation").to_owned()
}

/// Checks that `before` fails with the quoted words, that `after` succeeds once the copy is mended, and that `doctor`
/// is then clean.
fn seen(copy: &Copy, id: &str, before: impl FnOnce() -> Output, after: impl FnOnce() -> Output) -> Output {
    let findings = copy.findings();
    let failed = before();
    assert!(!failed.status.success(), "{id} does not fail: {}", shown(&failed));
    let said = says(&findings, id);
    assert!(stderr(&failed).contains(&said), "{id} does not say {said:?}: {}", shown(&failed));
    holds(copy, &findings, after);
    failed
}

/// Checks that `after` succeeds once the copy is mended, and that `doctor` is then clean.
fn holds(copy: &Copy, findings: &[Value], after: impl FnOnce() -> Output) {
    copy.mend(findings);
    let output = after();
    assert!(output.status.success(), "after the mend: {}", shown(&output));
    assert_eq!(copy.findings(), Vec::<Value>::new(), "after the mend");
}

/// Checks a copy for one Python before the mend and for another after it. `doctor --log` explains the failure with
/// the same id.
fn check(copy: &Copy, id: &str, before: &str, after: &str) {
    let cargo = |python| copy.cargo(&["check"], Some(python));
    let failed = seen(copy, id, || cargo(before), || cargo(after));
    explained(copy, &failed, id);
}

/// Checks that `doctor --log` explains the failure with the same id.
fn explained(copy: &Copy, failed: &Output, id: &str) {
    let log = copy.path().join("build.log");
    fs::write(&log, &failed.stderr).expect("written");
    let explained = stdout(&doctor(copy.path(), &["--log", "build.log"]));
    assert!(
        explained.lines().any(|line| line.starts_with(&format!("{id} "))),
        "{explained}{}",
        stderr(failed)
    );
    fs::remove_file(log).expect("removed");
}

fn slow() -> bool {
    std::env::var_os("PYO3_MATRIX_SLOW").is_some()
}

#[test]
fn a1_companions_of_other_lines_are_refused_by_cargo() {
    check(&Copy::of("a1_companion_of_another_line"), "A1", "3.12", "3.12");
}

#[test]
fn a5_a_python_that_requires_python_lets_in_is_refused_by_the_build() {
    check(&Copy::of("a5_requires_python_older_than_the_line"), "A5", "3.8", "3.12");
}

#[test]
fn a9_a_removed_name_is_not_found_by_rustc() {
    check(&Copy::of("a9_removed_name"), "A9", "3.12", "3.12");
}

#[test]
fn a11_features_that_the_line_dropped_are_refused_by_cargo() {
    check(&Copy::of("a11_feature_that_the_line_dropped"), "A11", "3.12", "3.12");
}

#[test]
fn a8_a_yanked_release_cannot_be_locked_anew() {
    let copy = Copy::of("a8_yanked_release");
    let lock = || copy.cargo(&["generate-lockfile"], None);
    let anew = || fs::remove_file(copy.path().join("Cargo.lock")).map(|()| lock()).expect("removed");
    let failed = seen(&copy, "A8", anew, lock);
    explained(&copy, &failed, "A8");
}

#[test]
fn a6_the_switch_hides_what_the_build_says_without_it() {
    let copy = Copy::of("a6_version_check_switched_off");
    let findings = copy.findings();
    let fetched = copy.cargo(&["check", "--package", "pyo3-ffi"], Some("3.17"));
    assert!(fetched.status.success(), "the switch has to hide it: {}", shown(&fetched));
    copy.mend(&findings);
    let refused = copy.cargo(&["check", "--package", "pyo3-ffi"], Some("3.17"));
    assert!(stderr(&refused).contains(&says(&findings, "A6")), "{}", shown(&refused));
    assert_eq!(copy.findings(), Vec::<Value>::new());
}

#[test]
fn a10_an_interpreter_that_is_gone_stops_every_build() {
    let copy = Copy::of("a10_interpreter_that_is_gone");
    let failed = seen(&copy, "A10", || copy.cargo(&["check"], None), || copy.cargo(&["check"], Some("3.12")));
    explained(&copy, &failed, "A10");
}

#[test]
fn a4_a_newer_python_is_refused_by_the_build() {
    if slow() {
        check(&Copy::of("a4_classifier_newer_than_the_line"), "A4", "3.14", "3.14");
    }
}

#[test]
fn a3_a_source_for_the_line_that_was_asked_for_does_not_build() {
    if !slow() {
        return;
    }
    let copy = Copy::of("a3_open_range_held_back");
    let findings = copy.findings();
    let failed = copy.cargo(&["check"], Some("3.12"));
    assert!(stderr(&failed).contains("PyContext"), "{}", shown(&failed));
    explained(&copy, &failed, "A3");
    holds(&copy, &findings, || copy.cargo(&["check"], Some("3.12")));
}

#[test]
fn a2_two_copies_have_different_types() {
    if slow() {
        let copy = Copy::of("a2_copy_beside_the_registry");
        copy_all(&released("pyo3", "0.28.3"), &copy.path().join("copy/pyo3"));
        check(&copy, "A2", "3.12", "3.12");
    }
}

/// Returns the folder of a release, as cargo unpacked it.
fn released(name: &str, version: &str) -> PathBuf {
    let folder = tempfile::tempdir().expect("a folder");
    let manifest = format!(
        "[package]\nname = \"x\"\nversion = \"0.0.0\"\n[lib]\npath = \"x.rs\"\n[dependencies]\n{name} = \"={version}\"\n"
    );
    fs::write(folder.path().join("Cargo.toml"), manifest).expect("written");
    fs::write(folder.path().join("x.rs"), "").expect("written");
    let mut command = Command::new("cargo");
    let output = command
        .args(["metadata", "--format-version", "1"])
        .current_dir(folder.path())
        .output()
        .expect("cargo starts");
    let metadata: Value =
        serde_json::from_str(&stdout(&output)).unwrap_or_else(|_| panic!("{}", shown(&output)));
    let packages = metadata["packages"].as_array().expect("packages").iter();
    let package =
        packages.filter(|package| package["name"] == name).find(|package| package["version"] == version);
    let path = package.expect("the release")["manifest_path"].as_str().expect("a path").to_owned();
    PathBuf::from(path).parent().expect("a folder").to_owned()
}

/// Cargo asks the compiler for its version, so a program that reports an older version can play an older compiler.
#[test]
fn a7_a_rust_that_is_too_old_is_refused_by_cargo() {
    if !slow() {
        return;
    }
    let copy = Copy::of("a7_toolchain_older_than_the_line");
    let check = || {
        let text = fs::read_to_string(copy.path().join("rust-toolchain.toml")).expect("the toolchain");
        let channel = text.split('"').nth(1).expect("a channel").to_owned();
        let rustc = copy.path().join(format!("rustc-{channel}"));
        let version = format!("s/^release: .*/release: {channel}.0/; s/^rustc [0-9.]*/rustc {channel}.0/");
        let script = format!(
            "#!/bin/sh\n[ \"$1\" = -vV ] && exec sh -c 'rustc -vV | sed \"{version}\"'\nexec rustc \"$@\"\n"
        );
        fs::write(&rustc, script).expect("written");
        fs::set_permissions(&rustc, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("executable");
        let mut command = Command::new("cargo");
        command
            .arg("check")
            .current_dir(copy.path())
            .env("RUSTC", rustc)
            .env("PYO3_CONFIG_FILE", config("3.12"));
        // The fixture's toolchain file must not make rustup look for a toolchain that is not installed.
        command.env("RUSTUP_TOOLCHAIN", std::env::var_os("RUSTUP_TOOLCHAIN").unwrap_or("stable".into()));
        command.env("CARGO_TARGET_DIR", target().join(channel)).env_remove("PYO3_PYTHON");
        command.output().expect("cargo starts")
    };
    let failed = seen(&copy, "A7", check, check);
    explained(&copy, &failed, "A7");
}

#[test]
fn a11_an_abi_above_requires_python_stops_a_build_from_source() {
    if slow() {
        check(&Copy::of("a11_abi3_above_requires_python"), "A11", "3.11", "3.12");
    }
}

/// Builds the extension of a copy, and runs `code` in python3 with it.
fn import(copy: &Copy, code: &str) -> Output {
    let mut command = Command::new("cargo");
    command.args(["build", "--release"]).current_dir(copy.path()).env("CARGO_TARGET_DIR", target());
    let built = command.env("PYO3_PYTHON", "python3").output().expect("cargo starts");
    assert!(built.status.success(), "{}", shown(&built));
    fs::copy(target().join("release/libfixture.so"), copy.path().join("fixture.so")).expect("the module");
    let mut command = Command::new("python3");
    command.args(["-c", code]).current_dir(copy.path()).output().expect("python3 starts")
}

#[test]
fn a10_a_module_for_another_python_does_not_import() {
    if !slow() {
        return;
    }
    let copy = Copy::of("a10_config_of_another_python");
    let code = "import fixture; assert fixture.first({'first': 1}) == 1";
    // python3 has to be older than the 3.13 of the configuration.
    seen(&copy, "A10", || import(&copy, code), || import(&copy, code));
}

#[test]
fn a12_a_panic_ends_the_interpreter_or_becomes_an_exception() {
    use std::os::unix::process::ExitStatusExt as _;
    if !slow() {
        return;
    }
    let copy = Copy::of("a12_panic_aborts");
    let findings = copy.findings();
    let code =
        "import fixture\ntry: fixture.boom()\nexcept BaseException as error: assert 'boom' in str(error)";
    let ended = import(&copy, code);
    assert_eq!(
        (ended.status.signal(), says(&findings, "A12").as_str()),
        (Some(6), "SIGABRT"),
        "{}",
        shown(&ended)
    );
    holds(&copy, &findings, || import(&copy, code));
}
