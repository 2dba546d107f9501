//! Does a secret get out? One is planted in each place that is printed or written, and then looked for everywhere.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use crate::harness::{Project, a_cell, alone, fixture, matrix, run_folder, shown, stderr, stdout, target};

/// Each way of writing it, JSON, XML, Python or a shell, leaves its last word as it is.
const TOKEN: &str = "hush \"it's\" <&> \\é core-of-it";
const CORE: &str = "core-of-it";
const VARIABLE: &str = "PYO3_MATRIX_PLANTED_TOKEN";

/// The files below `folder`, wheels apart, that hold `secret` in their content or in their name.
fn holding(folder: &Path, secret: &str) -> Vec<PathBuf> {
    let (mut open, mut found) = (vec![folder.to_owned()], Vec::new());
    while let Some(path) = open.pop() {
        let entries = std::fs::read_dir(&path).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()).filter(|path| !path.is_symlink()) {
            let named = path.file_name().is_some_and(|name| name.to_string_lossy().contains(secret));
            let bytes = std::fs::read(&path).unwrap_or_default();
            if named || bytes.windows(secret.len()).any(|part| part == secret.as_bytes()) {
                found.push(path.clone());
            }
            if path.is_dir() {
                open.push(path);
            }
        }
    }
    found
}

fn is_nowhere(secret: &str, folders: &[&Path], output: &Output) {
    for folder in folders {
        assert!(folder.is_dir(), "{}", folder.display());
        assert_eq!(holding(folder, secret), [""; 0].map(PathBuf::from), "in {}", folder.display());
    }
    for text in [stdout(output), stderr(output)] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn what_a_cell_tells_of_its_secrets_is_in_no_file_and_on_no_stream() {
    let _alone = alone();
    let cell = a_cell();
    let project = Project::testing(&fixture("tells"));
    let mut command = matrix();
    // The second went into the label and the key of a wheel once.
    command.current_dir(project.path()).env(VARIABLE, TOKEN).env("MATURIN_PYPI_TOKEN", TOKEN);
    command.args(["run", "--cell", &cell, "--benchmarks", "off"]);
    let output = command.output().expect("the binary starts");
    let run = run_folder(&output);
    let folder = run.join("cells").join(&cell);
    let password = std::fs::read_to_string(folder.join("backwards.txt"))
        .unwrap_or_else(|_| panic!("{}", shown(&output)))
        .chars()
        .rev()
        .collect::<String>();
    assert_eq!(password.len(), 32);
    let (logs, wheels) = (target().join("logs"), target().join("wheels"));
    for secret in [CORE, &password] {
        is_nowhere(secret, &[&run, &logs, &wheels], &output);
    }
    let record: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("record.json")).expect("a record"))
            .expect("JSON");
    assert_eq!(record["outcome"], "TestsFailed", "{record}");
    let failure = |test: &str| {
        let failures = record["failures"].as_object().expect("failures");
        let (_, failure) = failures.iter().find(|(name, _)| name.contains(test)).expect(test);
        failure["message"].as_str().expect("a message").to_owned()
    };
    assert_eq!(failure("test_in_a_message"), "AssertionError: *** and ***");
    let junit = std::fs::read_to_string(folder.join("junit.xml")).expect("junit.xml");
    assert!(junit.contains("value=\"*** and ***\"") && junit.ends_with("</testsuites>"), "{junit}");
    let log = std::fs::read_to_string(folder.join("output.log")).expect("a log");
    assert!(log.contains("*** and ***"), "{log}");
}

#[test]
fn what_a_build_tells_of_a_secret_is_in_no_log_and_on_no_stream() {
    let _alone = alone();
    let project = Project::testing(&fixture("passes"));
    let compiler = project.path().join("compiler.sh");
    std::fs::write(&compiler, format!("#!/bin/sh\necho \"told ${VARIABLE}\" >&2\nexit 1\n"))
        .expect("written");
    std::fs::set_permissions(&compiler, std::fs::Permissions::from_mode(0o755)).expect("executable");
    let mut command = matrix();
    command.current_dir(project.path()).env(VARIABLE, TOKEN).env("RUSTC", &compiler);
    let output = command.args(["build", "--cell", &a_cell()]).output().expect("the binary starts");
    assert!(stdout(&output).contains("told ***"), "{}", shown(&output));
    is_nowhere(CORE, &[&target().join("logs")], &output);
}

#[test]
fn an_error_of_the_harness_tells_no_secret() {
    let check = |variable: &str, value: &str, arguments: &[&str], expected: &str| {
        let output = matrix().env(variable, value).args(arguments).output().expect("the binary starts");
        assert!(!output.status.success(), "{}", shown(&output));
        let text = stderr(&output);
        assert!(text.contains(expected), "{text}");
        assert!(!text.contains(CORE), "{text}");
    };
    let config = format!("/nonexistent/{TOKEN}/matrix.toml");
    check(VARIABLE, TOKEN, &["--config", &config, "plan"], "/nonexistent/***/matrix.toml");
    let server = ["postgres", "16", "--", "true"];
    let place = "u:***@127.0.0.1:1/d";
    let keywords = "host=127.0.0.1 port=1 user=u password='it\\'s core-of-it' dbname=d";
    check("PYO3_MATRIX_POSTGRES_16", keywords, &server, place);
    check("PYO3_MATRIX_POSTGRES_16", "postgresql://u:it%27s%20core-of-it@127.0.0.1:1/d", &server, place);
    check("PYO3_MATRIX_POSTGRES_16", "postgresql+psycopg://u:core-of-it@h/d", &server, "it is no DSN");
}
