//! What does pytest load for its arguments? The checkout and the arguments in, files and folders of the checkout out.
//!
//! pytest imports the files that are named, their neighbours where they ask for them (its default import mode puts a file's
//! folder on `sys.path`), the `conftest.py` of every folder above, and its own settings:
//! <https://docs.pytest.org/en/stable/explanation/pythonpath.html>.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Files that pytest takes settings from.
const SETTINGS: [&str; 7] =
    ["pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg"];

/// Everything below `root` that decides what a test run of `arguments` does. Paths outside of it are none of its own.
#[must_use]
pub fn by_pytest(root: &Path, arguments: &[String]) -> BTreeSet<PathBuf> {
    let mut loaded = BTreeSet::new();
    for argument in arguments {
        // A test in a file is named `file::class::test`; parameters may hold anything.
        let path = Path::new(argument.split("::").next().unwrap_or_default());
        let full = root.join(path);
        if argument.starts_with('-') || !full.exists() {
            continue;
        }
        let folder = if full.is_dir() { path } else { path.parent().unwrap_or(Path::new("")) };
        let inside = folder.strip_prefix(root).unwrap_or(folder);
        if inside.is_absolute() || inside.starts_with("..") {
            continue;
        }
        if inside.as_os_str().is_empty() {
            // The root of a project holds more than tests.
            loaded.insert(path.strip_prefix(root).unwrap_or(path).to_owned());
        } else {
            loaded.insert(inside.to_owned());
        }
        let above = inside.ancestors().map(|above| above.join("conftest.py"));
        loaded.extend(above.filter(|file| root.join(file).is_file()));
    }
    loaded.extend(SETTINGS.iter().map(PathBuf::from).filter(|file| root.join(file).is_file()));
    loaded
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is loaded of a project with some tests.
    fn check(arguments: &[&str]) -> Vec<String> {
        let root = tempfile::tempdir().expect("a folder");
        for file in
            ["conftest.py", "tests/unit/conftest.py", "tests/unit/test_a.py", "test_top.py", "setup.cfg"]
        {
            let path = root.path().join(file);
            fs_err::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs_err::write(path, "").expect("written");
        }
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        by_pytest(root.path(), &arguments).iter().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn a_test_file_brings_its_neighbours_and_the_settings_above_it() {
        let expected = ["conftest.py", "setup.cfg", "tests/unit", "tests/unit/conftest.py"];
        assert_eq!(check(&["tests/unit/test_a.py"]), expected);
        assert_eq!(check(&["tests/unit/test_a.py::TestA::test_b[x::y]", "-q"]), expected);
    }

    #[test]
    fn a_folder_of_tests_is_loaded_whole_and_a_file_at_the_top_alone() {
        assert_eq!(check(&["tests"]), ["conftest.py", "setup.cfg", "tests"]);
        assert_eq!(check(&["test_top.py"]), ["conftest.py", "setup.cfg", "test_top.py"]);
    }

    #[test]
    fn an_option_its_value_and_what_lies_elsewhere_are_not_loaded() {
        assert_eq!(check(&["-m", "slow", "--ignore=tests", "/", "../.."]), ["setup.cfg"]);
    }
}
