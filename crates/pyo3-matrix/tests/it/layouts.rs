//! Does a line's project work for the layout of an ordinary checkout? The example of docs/own-project.md in other
//! layouts: its lines are locked, and the locks are right.

use std::fs;
use std::path::Path;

use crate::harness::{checkout, copy, matrix, shown, stdout};

/// Returns a copy of the example, with the text of its manifest.
fn example() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    copy(&checkout().join("examples/hello"), folder.path());
    let manifest = fs::read_to_string(folder.path().join("Cargo.toml")).expect("a manifest");
    (folder, manifest)
}

/// Writes a file of the project, with its folder.
fn put(project: &Path, path: &str, text: &str) {
    let path = project.join(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(path, text).expect("written");
}

/// Makes the locks, and checks that they are right.
fn lock(project: &Path) {
    for arguments in [&["lock"][..], &["lock", "--check"]] {
        let output = matrix().current_dir(project).args(arguments).output().expect("the binary starts");
        assert!(output.status.success(), "{arguments:?}: {}", shown(&output));
        assert!(stdout(&output).contains("0.30  "), "{arguments:?}: {}", shown(&output));
    }
}

#[test]
fn a_single_crate_needs_no_workspace_table() {
    let (folder, manifest) = example();
    put(folder.path(), "Cargo.toml", &manifest.replace("[workspace]", ""));
    lock(folder.path());
}

#[test]
fn the_extension_may_be_the_root_package_beside_other_members() {
    let (folder, manifest) = example();
    put(folder.path(), "Cargo.toml", &manifest.replace("[workspace]", "[workspace]\nmembers = [\"other\"]"));
    put(folder.path(), "other/Cargo.toml", "[package]\nname = \"other\"\nversion = \"0.1.0\"\n");
    put(folder.path(), "other/src/lib.rs", "");
    lock(folder.path());
}

#[test]
fn the_crate_may_stand_in_a_folder_below_no_manifest() {
    let (folder, manifest) = example();
    put(folder.path(), "rust/Cargo.toml", &manifest.replace("[workspace]", ""));
    for moved in ["build.rs", "src"] {
        fs::rename(folder.path().join(moved), folder.path().join("rust").join(moved)).expect("moved");
    }
    for gone in ["Cargo.toml", "Cargo.lock"] {
        fs::remove_file(folder.path().join(gone)).expect("removed");
    }
    let config = fs::read_to_string(folder.path().join("matrix.toml")).expect("a config");
    let config = config.replace("\"Cargo.toml\"", "\"rust/Cargo.toml\"");
    let config = config.replace("\"build.rs\", \"src\"", "\"rust/build.rs\", \"rust/src\"");
    put(folder.path(), "matrix.toml", &config);
    lock(folder.path());
}

/// If the root is a crate, cargo builds and checks the root instead of its members wherever it is not told which
/// member to take.
#[test]
fn the_extension_may_stand_with_its_pyproject_below_a_root_that_is_a_crate() {
    let (folder, manifest) = example();
    let project = folder.path();
    put(project, "python/Cargo.toml", &manifest.replace("[workspace]", ""));
    for moved in ["build.rs", "src", "pyproject.toml"] {
        fs::rename(project.join(moved), project.join("python").join(moved)).expect("moved");
    }
    let pyproject = fs::read_to_string(project.join("python/pyproject.toml")).expect("a pyproject");
    put(
        project,
        "python/pyproject.toml",
        &pyproject.replace("python-source = \"python\"", "python-source = \".\""),
    );
    put(project, "pyproject.toml", "[tool.pytest.ini_options]\nasyncio_mode = \"auto\"\n");
    put(
        project,
        "Cargo.toml",
        "[workspace]\nmembers = [\"python\"]\n[package]\nname = \"core\"\nversion = \"0.1.0\"\n",
    );
    put(project, "src/lib.rs", "");
    let config = fs::read_to_string(project.join("matrix.toml")).expect("a config");
    let config = config.replace("= \"Cargo.toml\"", "= \"python/Cargo.toml\"");
    let config = config.replace("= \"pyproject.toml\"", "= \"python/pyproject.toml\"");
    let config = config.replace("\"build.rs\", \"src\"", "\"src\", \"python/build.rs\", \"python/src\"");
    let negative = "[[negative]]\nline = \"0.30\"\npython = \"3.8\"\nmessage = \"version (3.8) is lower\"\n";
    put(project, "matrix.toml", &format!("{config}\n{negative}"));
    lock(project);
    let mut command = matrix();
    command.current_dir(project).args(["run", "--python", "3.13", "--lines", "0.30", "--negative"]);
    let output = command.output().expect("the binary starts");
    assert!(output.status.success(), "{}", shown(&output));
    assert!(stdout(&output).contains("negative cells: 1/1 failed as foretold"), "{}", shown(&output));
}

#[test]
fn what_is_inherited_from_a_path_or_for_tests_alone_is_locked_as_asked() {
    let (folder, manifest) = example();
    let lent = "[workspace]\nmembers = [\"other\"]\n[workspace.dependencies]\npyo3 = \">=0.29, <0.31\"\n";
    let manifest = manifest.replace("[workspace]\n", lent);
    let manifest =
        manifest.replace("\npyo3 = \">=0.29, <0.31\"\npyo3-async", "\npyo3.workspace = true\npyo3-async");
    let path = "other = { path = \"other\" }\n[dev-dependencies]\nbytes = \"1\"\n\n[build-dependencies]";
    put(folder.path(), "Cargo.toml", &manifest.replace("\n[build-dependencies]", path));
    put(folder.path(), "other/Cargo.toml", "[package]\nname = \"other\"\nversion = \"0.1.0\"\n");
    put(folder.path(), "other/src/lib.rs", "");
    let config = fs::read_to_string(folder.path().join("matrix.toml")).expect("a config");
    put(
        folder.path(),
        "matrix.toml",
        &config.replace("\"build.rs\", \"src\"", "\"build.rs\", \"other\", \"src\""),
    );
    lock(folder.path());
}
