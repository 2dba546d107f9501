//! Does `doctor` answer on whatever machine it finds itself on? Variables of any bytes, and links without an end.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::{doctor, fixture};
use crate::harness::{shown, stdout};
use crate::mends::copy_all;

/// `doctor`, to be run in `folder`.
fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pyo3-matrix"));
    command.current_dir(folder).arg("doctor");
    command
}

/// A copy of a fixture that a test may change.
fn copy(name: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    copy_all(&fixture(name), folder.path());
    folder
}

#[test]
fn a_variable_of_any_bytes_is_passed_by() {
    let mut command = command(&fixture("ok_without_async_runtimes"));
    let bytes = OsStr::from_bytes(b"\xff");
    let output = command.env("FOO", bytes).env(bytes, "PYO3").env("PYO3_FOO", bytes).output();
    let output = output.expect("the binary starts");
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
}

#[test]
fn links_that_lead_round_in_a_circle_end() {
    let folder = copy("a9_removed_name");
    for link in ["src/one", "src/two", "three", "four"] {
        symlink(".", folder.path().join(link)).expect("a link");
    }
    let check = |with: &str| {
        let output = doctor(folder.path(), &[]);
        assert_eq!(output.status.code(), Some(1), "{with}: {}", shown(&output));
        assert!(stdout(&output).contains("\n3 errors in . (1 manifest, "), "{with}: {}", shown(&output));
    };
    check("with a lock");
    fs::remove_file(folder.path().join("Cargo.lock")).expect("a lock");
    check("without one");
}

#[test]
fn a_folder_of_crates_is_searched_once_whatever_links_to_it() {
    let folder = tempfile::tempdir().expect("a folder");
    copy_all(&fixture("a9_removed_name"), &folder.path().join("crates/one"));
    symlink("crates", folder.path().join("link")).expect("a link");
    symlink("..", folder.path().join("crates/up")).expect("a link");
    let output = doctor(folder.path(), &[]);
    assert!(stdout(&output).contains("\n3 errors in . (1 manifest, "), "{}", shown(&output));
}

#[test]
fn a_member_that_is_a_link_is_resolved_where_it_leads() {
    let folder = tempfile::tempdir().expect("a folder");
    let (root, elsewhere) = (folder.path().join("root"), folder.path().join("elsewhere"));
    copy_all(&fixture("a12_panic_aborts"), &elsewhere);
    let text = fs::read_to_string(elsewhere.join("Cargo.toml")).expect("a manifest");
    fs::write(elsewhere.join("Cargo.toml"), text.replace("[workspace]\n", "")).expect("written");
    fs::create_dir(&root).expect("a folder");
    fs::write(root.join("Cargo.toml"), "[workspace]\nmembers = [\"member\"]\n").expect("written");
    symlink("../elsewhere", root.join("member")).expect("a link");
    let output = doctor(&root, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
    assert!(stdout(&output).contains("pyo3 0.30"), "{}", shown(&output));
}
