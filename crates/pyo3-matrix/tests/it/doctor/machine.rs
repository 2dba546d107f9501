//! Does `doctor` answer on whatever machine it finds itself on? Variables of any bytes.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::Command;

use super::fixture;
use crate::harness::shown;

/// `doctor`, to be run in `folder`.
fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pyo3-matrix"));
    command.current_dir(folder).arg("doctor");
    command
}

#[test]
fn a_variable_of_any_bytes_is_passed_by() {
    let mut command = command(&fixture("ok_without_async_runtimes"));
    let bytes = OsStr::from_bytes(b"\xff");
    let output = command.env("FOO", bytes).env(bytes, "PYO3").env("PYO3_FOO", bytes).output();
    let output = output.expect("the binary starts");
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
}
