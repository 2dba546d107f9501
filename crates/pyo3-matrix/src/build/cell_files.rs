//! What does a cell bring along besides the project? The in-cell plugin, the conformance kit and tox's file, which are a part
//! of this program, in; a folder that has them out.
//!
//! The folder is named by its content, so that harnesses of several versions may share a checkout.

mod kit;

use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::build::line::keep;
use crate::model::fingerprint::{self, Fingerprint};

/// The name of tox's file in the folder.
pub const TOX: &str = "tox.toml";

/// The module of the plugin that says what an installed wheel lacks. It runs as a program.
pub const WHEEL_NEEDS: &str = "matrix_cell/wheel_needs.py";

/// The folder of the plugin, a Python package.
const PLUGIN: &str = "matrix_cell/";

/// Path and content of each file below `crates/pyo3-matrix/cell/`.
macro_rules! embedded {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("../../cell/", $path)))),*]
    };
}

const FILES: [(&str, &str); 24] = embedded![
    "matrix_cell/__init__.py",
    "matrix_cell/benchmark_files.py",
    "matrix_cell/benchmark_rounds.py",
    "matrix_cell/build_info.py",
    "matrix_cell/crates.py",
    "matrix_cell/events.py",
    "matrix_cell/gate.py",
    "matrix_cell/harness.py",
    "matrix_cell/installed.py",
    "matrix_cell/json_file.py",
    "matrix_cell/loaded.py",
    "matrix_cell/memory.py",
    "matrix_cell/observation.py",
    "matrix_cell/phases.py",
    "matrix_cell/plugin.py",
    "matrix_cell/request.py",
    "matrix_cell/service/__init__.py",
    "matrix_cell/service/postgres.py",
    "matrix_cell/service/program.py",
    "matrix_cell/unobservable.py",
    "matrix_cell/watched.py",
    "matrix_cell/wheel_needs.py",
    "matrix_cell/workers.py",
    "tox.toml",
];

/// All files: path and content.
fn all() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    FILES.iter().chain(&kit::FILES)
}

/// The hash of all files: runs of harnesses that differ in it are not judged together.
#[must_use]
pub fn digest() -> String {
    all().fold(Fingerprint::default(), |print, (path, text)| print.with(path, text)).hex()
}

/// The hash of the plugin, by which it knows the harness that it belongs to. `matrix_cell/harness.py` makes the same of the
/// files that a cell imports.
#[must_use]
pub fn plugin() -> String {
    let mut hash = Sha256::new();
    for (path, text) in FILES.iter().filter_map(|(path, text)| Some((path.strip_prefix(PLUGIN)?, text))) {
        hash.update(format!("{path} {}\n", fingerprint::of_text(text)));
    }
    fingerprint::hex(&hash.finalize())
}

/// Writes the files below `target` unless they are there, and returns their folder.
pub fn provide(target: &Path) -> io::Result<PathBuf> {
    let folder = target.join("cell").join(&digest()[..16]);
    for (path, text) in all() {
        keep(&folder.join(path), text.as_bytes())?;
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use fs_err as fs;

    use super::*;

    #[test]
    fn every_file_of_the_folder_is_in_the_program() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cell");
        let found = fingerprint::files(&folder, &[PathBuf::from("matrix_cell"), TOX.into()]).expect("a list");
        let embedded: Vec<&str> = FILES.iter().map(|(path, _)| *path).collect();
        assert_eq!(found, embedded.iter().map(PathBuf::from).collect::<Vec<_>>());
    }

    #[test]
    fn every_module_of_the_kit_is_in_the_program() {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("kit");
        let mut found = fingerprint::files(&sources, &[PathBuf::from("pytest_pyo3_bridge")]).expect("a list");
        found.retain(|path| path.extension().is_some_and(|end| end == "py"));
        let embedded: Vec<&str> = kit::FILES.iter().map(|(path, _)| *path).collect();
        assert_eq!(found, embedded.iter().map(PathBuf::from).collect::<Vec<_>>());
    }

    #[test]
    fn what_was_changed_in_the_folder_is_written_again() {
        let target = tempfile::tempdir().expect("a folder");
        let folder = provide(target.path()).expect("written");
        let plugin = folder.join("matrix_cell/plugin.py");
        let text = fs::read_to_string(&plugin).expect("a file");
        fs::write(&plugin, "").expect("written");
        fs::remove_file(folder.join(TOX)).expect("removed");
        assert_eq!(provide(target.path()).expect("written"), folder);
        assert_eq!(fs::read_to_string(&plugin).expect("a file"), text);
        assert!(folder.join(TOX).is_file());
    }
}
