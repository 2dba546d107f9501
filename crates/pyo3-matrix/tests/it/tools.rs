//! Do all projects of a user share the tools of the harness, and is one project without the others where it has to be?

use std::path::{Path, PathBuf};
use std::process::Output;

use tempfile::TempDir;

use crate::harness::{cache, checkout, copy, matrix, shown, stdout};

/// A project without a service.
fn project() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    copy(&checkout().join("examples/plus"), folder.path());
    folder
}

/// Has `project` look for what a cell needs, with this cache. The output says where the tools are.
fn provision(project: &TempDir, cache: &Path) -> Output {
    let mut command = matrix();
    command.current_dir(project.path()).env("XDG_CACHE_HOME", cache).arg("provision");
    let output = command.output().expect("the binary starts");
    assert!(output.status.success(), "{}", shown(&output));
    output
}

fn installs(output: &Output) -> bool {
    shown(output).contains("installing tools.txt")
}

/// The folder of the tools.
fn folder(output: &Output) -> PathBuf {
    let text = stdout(output);
    let line = text.lines().find(|line| line.trim_start().starts_with("tools ")).expect("the tools");
    line.split_once(", in ").expect("a folder").1.into()
}

#[test]
fn what_one_project_has_installed_serves_the_next_and_stays_without_it() {
    let (one, other) = (project(), project());
    let first = provision(&one, &cache());
    let place = cache().canonicalize().expect("a path").join("pyo3-matrix/tools");
    assert_eq!(folder(&first).parent(), Some(&*place), "{}", shown(&first));
    let second = provision(&other, &cache());
    assert!(!installs(&second), "{}", shown(&second));
    assert_eq!(folder(&second), folder(&first));
    // What a user would do who does not know `clean`.
    std::fs::remove_dir_all(other.path().join("target")).expect("removed");
    assert!(!installs(&provision(&one, &cache())));
}

#[test]
fn tools_that_a_project_has_already_are_not_installed_again() {
    let (project, empty) = (project(), tempfile::tempdir().expect("a folder"));
    let shared = folder(&provision(&project, &cache()));
    // As an earlier harness left them, or a container: complete, in the project.
    let own = project.path().canonicalize().expect("a path").join("target/matrix/tools");
    let own = own.join(shared.file_name().expect("a name"));
    std::fs::create_dir_all(own.join("bin")).expect("a folder");
    std::fs::write(own.join("bin/python"), "").expect("written");
    let marker = std::fs::read_to_string(shared.join("finished.json")).expect("a marker");
    let moved = marker.replace(&*shared.to_string_lossy(), &own.to_string_lossy());
    std::fs::write(own.join("finished.json"), moved).expect("written");
    let output = provision(&project, empty.path());
    assert_eq!((folder(&output), installs(&output)), (own, false), "{}", shown(&output));
    assert_eq!(std::fs::read_dir(empty.path()).expect("a folder").count(), 0);
}
