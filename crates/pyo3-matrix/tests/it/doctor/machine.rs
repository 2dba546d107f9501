//! Does `doctor` answer on any machine? Variables of any bytes, links without an end, no registry, unreadable
//! folders, paths that look like patterns, and another compiler elsewhere.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use super::{doctor, fixture};
use crate::harness::{hold, shown, stdout};
use crate::mends::copy_all;

/// A user that owns nothing.
const NOBODY: u32 = 65534;

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

/// Runs `doctor` on a project without a lock file, where cargo reaches no registry.
fn offline(folder: &Path, arguments: &[&str]) -> Output {
    let _ = fs::remove_file(folder.join("Cargo.lock"));
    let home = tempfile::tempdir().expect("a folder");
    let mut command = command(folder);
    command.env("CARGO_HOME", home.path()).env("CARGO_NET_OFFLINE", "true").args(arguments);
    command.output().expect("the binary starts")
}

#[test]
fn what_needs_no_lock_is_found_where_cargo_cannot_resolve() {
    let output = offline(copy("a12_panic_aborts").path(), &[]);
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    let text = stdout(&output);
    assert!(text.starts_with("A12 a Rust panic kills the interpreter\n"), "{}", shown(&output));
    for part in ["\nnot looked at\n    the releases that cargo would lock", "cargo generate-lockfile"] {
        assert!(text.contains(part), "{}", shown(&output));
    }
    assert!(text.ends_with("1 error in . (1 manifest, pyo3 0.30)\n"), "{}", shown(&output));
}

#[test]
fn a_project_that_cannot_be_resolved_is_not_called_clean() {
    let folder = copy("ok_without_async_runtimes");
    let output = offline(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(3), "{}", shown(&output));
    assert!(stdout(&output).contains("\nnothing found in the rest: . ("), "{}", shown(&output));
    let output = offline(folder.path(), &["--format", "json"]);
    let value: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    hold(&value, "diagnosis");
    assert!(value["unseen"][0]["why"].as_str().is_some_and(|why| why.contains("error: ")), "{value}");
    let output = offline(folder.path(), &["--format", "github"]);
    let start = "::warning title=not looked at::the releases that cargo would lock for Cargo.toml%0A";
    assert!(stdout(&output).starts_with(start), "{}", shown(&output));
}

#[test]
fn a_folder_that_may_not_be_read_is_named() {
    let folder = copy("a12_panic_aborts");
    fs::remove_file(folder.path().join("Cargo.lock")).expect("a lock");
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).expect("a folder");
    let allow = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
    allow(&closed, 0o000).expect("allowed");
    allow(folder.path(), 0o755).expect("allowed");
    let mut command = command(folder.path());
    if fs::read_dir(&closed).is_ok() {
        // Root may read everything, and the user `nobody` may not start a program in a home folder.
        let program = folder.path().join("doctor");
        fs::copy(env!("CARGO_BIN_EXE_pyo3-matrix"), &program).expect("copied");
        command = Command::new(program);
        command.current_dir(folder.path()).arg("doctor").uid(NOBODY).gid(NOBODY);
    }
    let output = command.output().expect("the binary starts");
    allow(&closed, 0o755).expect("allowed");
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    let text = stdout(&output);
    assert!(text.starts_with("A12 ") && text.contains("\n    closed\n    why    this user"), "{text}");
}

#[test]
fn the_members_of_a_workspace_are_found_in_a_folder_that_looks_like_a_pattern() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("[a]");
    copy_all(&fixture("ok_inherited_in_a_workspace"), &root);
    let output = doctor(&root, &[]);
    assert!(stdout(&output).starts_with("clean: . (3 manifests, "), "{}", shown(&output));
}

#[test]
fn a_folder_of_members_belongs_to_the_workspace_above() {
    let folder = tempfile::tempdir().expect("a folder");
    copy_all(&fixture("ok_inherited_in_a_workspace"), folder.path());
    let (root, crates) = (folder.path().join("Cargo.toml"), folder.path().join("crates"));
    fs::create_dir(&crates).expect("a folder");
    for member in ["one", "two"] {
        fs::rename(folder.path().join(member), crates.join(member)).expect("moved");
    }
    let text = fs::read_to_string(&root).expect("a manifest");
    fs::write(&root, text.replace(r#"["one", "two"]"#, r#"["crates/*"]"#)).expect("written");
    let output = doctor(folder.path(), &["crates"]);
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
    assert!(
        stdout(&output).starts_with("clean: crates (3 manifests, 1 lock, pyo3 0.30)"),
        "{}",
        shown(&output)
    );
}

#[test]
fn the_compiler_is_the_one_of_the_project() {
    let folder = tempfile::tempdir().expect("a folder");
    copy_all(&fixture("ok_without_async_runtimes"), &folder.path().join("project"));
    let rustc = folder.path().join("rustc");
    let script = "#!/bin/sh\ncase $PWD in */project) echo rustc 1.70.0;; *) echo rustc 1.99.0;; esac\n";
    fs::write(&rustc, script).expect("written");
    fs::set_permissions(&rustc, fs::Permissions::from_mode(0o755)).expect("allowed");
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = command(folder.path());
    let path = format!("{}:{path}", folder.path().display());
    let output = command.arg("project").env("PATH", path).output().expect("the binary starts");
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    assert!(stdout(&output).contains("rustc 1.70 runs here"), "{}", shown(&output));
}
