//! Does `doctor` still say about each fixture what it said when a person last read it? The corpus: every failure, and
//! every near miss.

mod machine;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::harness::{checkout, shown, stderr, stdout, words};

/// Variables that would change the findings, and that belong to the machine.
const OURS: [&str; 4] = ["PYO3_PYTHON", "PYO3_CONFIG_FILE", "PYO3_CROSS", "PYO3_NO_PYTHON"];

/// Runs `doctor` in `folder`.
pub fn doctor(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pyo3-matrix"));
    for name in OURS {
        command.env_remove(name);
    }
    command.current_dir(folder).arg("doctor").args(arguments).output().expect("the binary starts")
}

/// The folder of a fixture.
pub fn fixture(name: &str) -> PathBuf {
    checkout().join("crates/pyo3-matrix/tests/it/fixtures/doctor").join(name)
}

/// Every fixture, in the order of their names.
fn fixtures() -> Vec<String> {
    let entries = std::fs::read_dir(fixture("")).expect("the corpus").flatten();
    let mut names: Vec<String> = entries
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into())
        .collect();
    names.sort();
    names
}

#[test]
fn each_fixture_is_reported_as_it_was_read() {
    for name in fixtures() {
        let output = doctor(&fixture(&name), &[]);
        let text = stdout(&output);
        assert!(stderr(&output).is_empty(), "{name}: {}", shown(&output));
        let code = match name.split('_').next() {
            Some("ok" | "lock") => 0,
            Some("unseen") => 3,
            _ => 1,
        };
        assert_eq!(output.status.code(), Some(code), "{name}: {}", shown(&output));
        let id = name.split('_').next().unwrap_or_default().to_uppercase();
        assert!(code != 1 || text.lines().any(|line| line.starts_with(&format!("{id} "))), "{name}: {text}");
        insta::with_settings!({ snapshot_suffix => &name, omit_expression => true }, {
            insta::assert_snapshot!("doctor", text);
        });
    }
}

#[test]
fn nothing_but_what_must_be_copied_whole_is_wider_than_80_columns() {
    for name in fixtures() {
        for line in stdout(&doctor(&fixture(&name), &[])).lines() {
            let one_word = line.split_whitespace().count() <= 2;
            assert!(line.chars().count() <= 80 || one_word || line.contains("--precise"), "{name}: {line}");
        }
    }
}

#[test]
fn the_corpus_has_every_id() {
    let list = std::fs::read_to_string(checkout().join("docs/doctor.md")).expect("the catalogue");
    let names = fixtures();
    let headings = list.lines().filter_map(|line| line.strip_prefix("## ")?.split(' ').next());
    for id in headings.filter(|word| word.ends_with(|c: char| c.is_ascii_digit())).map(str::to_lowercase) {
        assert!(names.iter().any(|name| name.starts_with(&format!("{id}_"))), "no fixture shows {id}");
    }
}

#[test]
fn nothing_is_found_in_this_repository_and_what_is_no_member_is_named() {
    let output = doctor(&checkout(), &["--format", "json"]);
    assert_eq!(output.status.code(), Some(3), "{}", shown(&output));
    let value: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    assert_eq!(value["findings"], serde_json::json!([]), "{value}");
    let unseen = value["unseen"].as_array().expect("a list");
    let unseen: Vec<&str> = unseen.iter().filter_map(|part| part["what"].as_str()).collect();
    let (corpus, others): (Vec<&str>, Vec<&str>) =
        unseen.into_iter().partition(|what| what.contains("crates/pyo3-matrix/tests/it/fixtures"));
    assert!(!corpus.is_empty(), "{value}");
    let examples = ["both", "hello", "knock", "nap", "plus", "stable"];
    let of_examples = format!("6 crates in examples: {} and 1 more", examples[..5].join(", "));
    assert_eq!(others, ["crates/mutants".to_owned(), of_examples]);
    for folder in
        examples.map(|example| format!("examples/{example}")).iter().chain([&"crates/mutants".to_owned()])
    {
        let output = doctor(&checkout(), &[folder]);
        assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
    }
    for lock in ["0.23", "0.30"] {
        let output = doctor(&checkout(), &[&format!("crates/fraiseql_rs/lines/{lock}.lock")]);
        assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
    }
}

#[test]
fn what_is_no_project_or_cannot_be_read_ends_with_code_2() {
    let folder = tempfile::tempdir().expect("a folder");
    let check = |expected: &str| {
        let output = doctor(folder.path(), &[]);
        assert_eq!(output.status.code(), Some(2), "{}", shown(&output));
        assert!(words(&output).contains(expected), "{}", shown(&output));
    };
    check("is not a Cargo project: no Cargo.toml and no Cargo.lock");
    std::fs::write(folder.path().join("Cargo.toml"), "[package\n").expect("written");
    check("error: Cargo.toml cannot be understood: TOML parse error at line 1");
    let output = doctor(folder.path(), &["no/such/path"]);
    assert_eq!(output.status.code(), Some(2), "{}", shown(&output));
    assert!(words(&output).contains(" hint: name what is there;"), "{}", shown(&output));
    let output = doctor(folder.path(), &["--log", "no-such.log"]);
    assert_eq!(output.status.code(), Some(2), "{}", shown(&output));
}

#[test]
fn a_log_of_which_nothing_is_known_is_not_called_clean() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("build.log"), "error: linking with `cc` failed\n").expect("written");
    let output = doctor(folder.path(), &["--log", "build.log"]);
    assert_eq!(output.status.code(), Some(3), "{}", shown(&output));
    let text = stdout(&output);
    assert!(text.starts_with("not looked at\n    what build.log says\n"), "{text}");
    assert!(text.ends_with("\nnothing known found: build.log (1 line)\n"), "{text}");
}

#[test]
fn the_json_is_held_to_its_schema() {
    let text = stdout(&doctor(&fixture("a9_removed_name"), &["--format", "json"]));
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let schema = std::fs::read_to_string(checkout().join("crates/pyo3-matrix/schemas/diagnosis.schema.json"));
    let schema = serde_json::from_str(&schema.expect("the schema")).expect("JSON");
    jsonschema::validate(&schema, &value).expect("as the schema says");
    assert_eq!(value["findings"][0]["mend"][0]["kind"], "replace");
    assert_eq!(value["findings"][0]["place"]["line"], 2);
}

#[test]
fn variables_of_the_process_are_examined_too() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pyo3-matrix"));
    command.current_dir(fixture("ok_without_async_runtimes")).args(["doctor", "--format", "github"]);
    let output = command.env("UNSAFE_PYO3_SKIP_VERSION_CHECK", "1").output().expect("the binary starts");
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    assert!(stdout(&output).starts_with("::warning file=environment,title=A6%3A "), "{}", shown(&output));
}

#[test]
fn paths_and_folders_are_those_of_the_current_folder() {
    let check = |name: &str, command: &[&str]| {
        let text = stdout(&doctor(&fixture(""), &[name, "--format", "json"]));
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let findings = value["findings"].as_array().expect("findings");
        for finding in findings {
            let file = finding["place"]["file"].as_str().expect("a path");
            assert!(fixture("").join(file).is_file(), "{file}");
        }
        let mut steps = findings.iter().flat_map(|finding| finding["mend"].as_array().expect("steps"));
        let step = steps.find(|step| step["kind"] == "run").unwrap_or_else(|| panic!("{text}"));
        assert_eq!(step["command"], serde_json::json!(command), "{text}");
        assert_eq!(step["folder"], name, "{text}");
    };
    check("m1_several_pyo3", &["cargo", "tree", "--invert", "pyo3@0.28.3"]);
    check("a6_version_check_switched_off", &["cargo", "clean", "--package", "pyo3-ffi"]);
}
