//! What does pytest load for a suite? The checkout and the suite in, files of the checkout out.
//!
//! pytest imports the files that are named, their neighbours where they ask for them (its default import mode puts a file's
//! folder on `sys.path`), the `conftest.py` of every folder above, and its own settings:
//! <https://docs.pytest.org/en/stable/explanation/pythonpath.html>.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;
use walkdir::DirEntry;

use crate::config::Suite;
use crate::config::pytest::{SETTINGS, what_runs};
use crate::model::fingerprint;

/// Folders that hold what programs made. So do hidden folders, and those that one of `MARKS` marks.
const MADE: [&str; 2] = ["node_modules", "target"];

/// Files that mark a cache, and a virtual environment.
const MARKS: [&str; 2] = ["CACHEDIR.TAG", "pyvenv.cfg"];

/// Every file below `root` that decides what a test run of `suite` does, besides those that its `sources` name.
pub fn by_pytest(root: &Path, suite: &Suite) -> io::Result<BTreeSet<PathBuf>> {
    let mut loaded = BTreeSet::new();
    for stage in [&suite.tests, &suite.benchmarks].into_iter().filter(|stage| !stage.is_empty()) {
        for path in what_runs(root, stage) {
            loaded.extend(with_neighbours(root, &path)?);
        }
    }
    let settings = SETTINGS.iter().map(PathBuf::from);
    loaded.extend(settings.filter(|file| root.join(file).is_file()));
    let loaded: Vec<PathBuf> = loaded.into_iter().collect();
    let is_made = |entry: &DirEntry| is_made(entry.path());
    Ok(fingerprint::files_where(root, &loaded, |entry| !is_made(entry))?.into_iter().collect())
}

/// What a run of `path` loads. Paths outside of the checkout are none of its own.
fn with_neighbours(root: &Path, path: &Path) -> io::Result<Vec<PathBuf>> {
    let is_folder = root.join(path).is_dir();
    let folder = if is_folder { path } else { path.parent().unwrap_or(Path::new("")) };
    let inside = folder.strip_prefix(root).unwrap_or(folder);
    let inside = inside.strip_prefix(".").unwrap_or(inside);
    if inside.is_absolute() || inside.starts_with("..") {
        return Ok(Vec::new());
    }
    let above = inside.ancestors().map(|above| above.join("conftest.py"));
    let mut loaded: Vec<PathBuf> = above.filter(|file| root.join(file).is_file()).collect();
    if inside.as_os_str().is_empty() && !is_folder {
        // The root of a project holds more than modules.
        loaded.extend(modules(root)?);
    } else {
        loaded.push(inside.to_owned());
    }
    Ok(loaded)
}

/// What a file at the root can import from there: files, and folders with a module in them.
fn modules(root: &Path) -> io::Result<Vec<PathBuf>> {
    let is_module = |path: &Path| path.extension().is_some_and(|suffix| suffix == "py") && path.is_file();
    let mut found = Vec::new();
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        let holds =
            || Ok::<_, io::Error>(fs::read_dir(&path)?.flatten().any(|inner| is_module(&inner.path())));
        if is_module(&path) || (path.is_dir() && !is_made(&path) && holds()?) {
            found.push(path.strip_prefix(root).unwrap_or(&path).to_owned());
        }
    }
    Ok(found)
}

/// Whether this is a folder of files that programs made, and none of the project's own.
fn is_made(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_named = name.starts_with('.') || MADE.contains(&name);
    path.is_dir() && (is_named || MARKS.iter().any(|mark| path.join(mark).is_file()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The files of a project.
    const FILES: [&str; 17] = [
        ".git/HEAD",
        "README.md",
        "caches/CACHEDIR.TAG",
        "caches/a.py",
        "conftest.py",
        "helpers/__init__.py",
        "helpers/data/a.json",
        "neighbour.py",
        "plugins/cell/plugin.py",
        "pyproject.toml",
        "src/lib.rs",
        "target/debug/a.py",
        "test_top.py",
        "tests/unit/conftest.py",
        "tests/unit/target/a.json",
        "tests/unit/test_a.py",
        "venv/pyvenv.cfg",
    ];

    /// What is loaded of a project with some tests.
    fn check(settings: &str, tests: &[&str], benchmarks: &[&str]) -> Vec<String> {
        let root = tempfile::tempdir().expect("a folder");
        for file in FILES {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, "").expect("written");
        }
        fs::write(root.path().join("pyproject.toml"), settings).expect("written");
        let text = |arguments: &[&str]| arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let suite = Suite {
            requirements: Some("requirements".into()),
            packages: None,
            folder: PathBuf::new(),
            kit: None,
            copy: false,
            tests: text(tests),
            benchmarks: text(benchmarks),
            sources: Vec::new(),
            pass_env: Vec::new(),
            flaky: crate::config::Flaky::Fail,
        };
        let loaded = by_pytest(root.path(), &suite).expect("a list");
        loaded.iter().map(|path| path.display().to_string()).collect()
    }

    const UNIT: [&str; 4] =
        ["conftest.py", "pyproject.toml", "tests/unit/conftest.py", "tests/unit/test_a.py"];

    #[test]
    fn a_test_file_brings_its_neighbours_and_the_settings_above_it() {
        assert_eq!(check("", &["tests/unit/test_a.py"], &[]), UNIT);
        assert_eq!(check("", &["./tests/unit/test_a.py::TestA::test_b[x::y]", "-q"], &[]), UNIT);
    }

    #[test]
    fn a_folder_of_tests_is_loaded_whole_without_what_programs_made() {
        assert_eq!(check("", &["tests"], &[]), UNIT);
    }

    #[test]
    fn a_file_at_the_root_brings_the_modules_beside_it() {
        let expected = [
            "conftest.py",
            "helpers/__init__.py",
            "helpers/data/a.json",
            "neighbour.py",
            "pyproject.toml",
            "test_top.py",
        ];
        assert_eq!(check("", &["test_top.py"], &[]), expected);
    }

    #[test]
    fn the_root_is_loaded_without_what_programs_made() {
        let made = [".git/", "caches/", "target/", "tests/unit/target/", "venv/"];
        let mut expected = FILES.to_vec();
        expected.retain(|file| !made.iter().any(|folder| file.starts_with(folder)));
        for root in [".", "./"] {
            assert_eq!(check("", &[root], &[]), expected, "{root}");
        }
    }

    #[test]
    fn options_alone_load_what_the_settings_name_and_each_stage_has_its_own() {
        let settings = "[tool.pytest.ini_options]\ntestpaths = [\"tests\"]";
        assert_eq!(check(settings, &["-m", "not slow"], &[]), UNIT);
        let both = check(settings, &["-m", "not slow"], &["helpers"]);
        assert_eq!(both.len(), UNIT.len() + 2, "{both:?}");
        assert_eq!(check("", &["tests"], &["-q"]), UNIT);
    }

    #[test]
    fn an_option_its_value_and_what_lies_elsewhere_are_not_loaded() {
        let loaded = check("", &["-m", "slow", "--ignore=tests", "/", "../.."], &[]);
        assert_eq!(loaded, ["pyproject.toml"]);
    }
}
