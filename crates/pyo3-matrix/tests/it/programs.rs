//! Is `cargo matrix` true wherever it is printed? The harness's two programs, and cargo outside of this repository.

use std::path::Path;
use std::process::{Command, Output};

use crate::doctor::fixture;
use crate::harness::{a_cell, copy, likeness, matrix, run, shown, stdout};

/// The harness under the name that cargo looks for.
const SUBCOMMAND: &str = env!("CARGO_BIN_EXE_cargo-matrix");

/// Runs `cargo ARGUMENTS` in `folder`, with only the harness's folder before the rest of PATH.
fn cargo(folder: &Path, arguments: &[&str]) -> Output {
    let own = Path::new(SUBCOMMAND).parent().expect("a folder").to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path =
        std::env::join_paths(std::iter::once(own).chain(std::env::split_paths(&path))).expect("a PATH");
    Command::new("cargo").args(arguments).current_dir(folder).env("PATH", path).output().expect("cargo")
}

#[test]
fn cargo_finds_the_harness_outside_of_this_repository() {
    let folder = tempfile::tempdir().expect("a folder");
    let version = concat!("cargo matrix ", env!("CARGO_PKG_VERSION"), "\n");
    let output = cargo(folder.path(), &["matrix", "--version"]);
    assert_eq!(stdout(&output), version, "{}", shown(&output));
    // The harness starts itself once more, as its guardian.
    copy(&fixture("a12_panic_aborts"), folder.path());
    let output = cargo(folder.path(), &["matrix", "doctor"]);
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    assert!(stdout(&output).starts_with("A12 "), "{}", shown(&output));
}

/// What `repro` prints first.
fn again(mut command: Command, cell: &str) -> String {
    let output =
        command.env_remove("CARGO_PKG_NAME").args(["repro", cell]).output().expect("the binary starts");
    let text = stdout(&output);
    text.lines()
        .find(|line| line.contains(" run --cell "))
        .unwrap_or_else(|| panic!("{}", shown(&output)))
        .to_owned()
}

#[test]
fn what_is_printed_to_be_pasted_names_the_program_as_it_was_started_and_the_project_that_was_named() {
    let (cell, program) = (a_cell(), env!("CARGO_BIN_EXE_pyo3-matrix"));
    assert_eq!(again(matrix(), &cell), format!("{program} run --cell {cell}"));
    let folder = Path::new(program).parent().expect("a folder").as_os_str();
    let on_path = || {
        let mut command = matrix();
        command.env("PATH", folder);
        command
    };
    assert_eq!(again(on_path(), &cell), format!("pyo3-matrix run --cell {cell}"));
    let mut of_cargo = Command::new(SUBCOMMAND);
    of_cargo.current_dir(likeness());
    assert_eq!(again(of_cargo, &cell), format!("cargo matrix run --cell {cell}"));
    // Pasted beside the project, it asks about that project.
    let elsewhere = tempfile::tempdir().expect("a folder");
    let config = elsewhere.path().join("a link");
    std::os::unix::fs::symlink(likeness(), &config).expect("a link");
    let mut command = on_path();
    command.current_dir(elsewhere.path()).args(["--config", "a link/matrix.toml"]);
    let line = again(command, &cell);
    assert_eq!(line, format!("pyo3-matrix --config 'a link/matrix.toml' run --cell {cell}"));
    let mut pasted = Command::new("/bin/sh");
    pasted.args(["-c", &line.replace(" run ", " plan ")]).current_dir(elsewhere.path()).env("PATH", folder);
    let planned = pasted.output().expect("a shell");
    assert!(stdout(&planned).contains(&format!("\n{cell} ")), "{}", shown(&planned));
}

#[test]
fn only_the_word_that_cargo_adds_is_left_out() {
    let ask = |arguments: &[&str]| {
        Command::new(SUBCOMMAND).args(arguments).current_dir(likeness()).output().expect("the binary starts")
    };
    // An option of an axis is known before the command line is read.
    let plan = ["plan", "--preset", "smoke", "--pooler", "all"];
    let own = run(&plan);
    assert!(own.status.success(), "{}", shown(&own));
    for arguments in [&plan[..], &[&["matrix"], &plan[..]].concat()] {
        assert_eq!(stdout(&ask(arguments)), stdout(&own), "{arguments:?}");
    }
    for output in [ask(&["matrix", "matrix", "plan"]), run(&["matrix", "plan"])] {
        assert_eq!(output.status.code(), Some(2), "{}", shown(&output));
    }
}
