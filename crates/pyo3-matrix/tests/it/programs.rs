//! Is `cargo matrix` true wherever it is printed? The harness's two programs, and cargo outside of this repository.

use std::path::Path;
use std::process::{Command, Output};

use crate::doctor::fixture;
use crate::harness::{copy, likeness, run, shown, stdout};

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
