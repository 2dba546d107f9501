//! What does pytest run for its arguments? A stage's arguments and pytest's own settings in, files and folders out.
//!
//! Only without a file or folder among its arguments does pytest read `testpaths`:
//! <https://docs.pytest.org/en/stable/reference/customize.html>.

use std::path::{Component, Path, PathBuf};

use fs_err as fs;
use toml::{Table, Value};

/// The files that pytest takes settings from. The first of them that has any is read.
pub const SETTINGS: [&str; 7] =
    ["pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg"];

/// Short options whose value is the next argument.
const WITH_VALUE: [&str; 8] = ["-c", "-k", "-m", "-n", "-o", "-p", "-r", "-W"];

/// The files and folders that a stage with these arguments runs, as they are named. They are there, maybe elsewhere.
#[must_use]
pub fn what_runs(root: &Path, arguments: &[String]) -> Vec<PathBuf> {
    // With `--pyargs` an argument may be a module, which no path shows; then `testpaths` are not read either.
    let modules = arguments.iter().any(|argument| argument == "--pyargs");
    let (mut paths, mut sure) = (Vec::new(), false);
    let before = std::iter::once("").chain(arguments.iter().map(String::as_str));
    for (before, argument) in before.zip(arguments) {
        // A test in a file is named `file::class::test`; parameters may hold anything.
        let path = Path::new(argument.split("::").next().unwrap_or_default());
        if argument.starts_with('-') || WITH_VALUE.contains(&before) {
            continue;
        }
        if !root.join(path).exists() {
            sure |= modules && (before == "--pyargs" || !before.starts_with("--"));
            continue;
        }
        paths.push(path.to_owned());
        // After `--an-option` it may be the option's value, and `testpaths` are read as well.
        sure |= !before.starts_with("--") || before.contains('=');
    }
    if !sure {
        let testpaths = testpaths(root);
        paths
            .extend(testpaths.iter().map(|pattern| above_pattern(pattern)).filter(|p| root.join(p).exists()));
    }
    paths
}

/// What pytest's own settings say is run.
fn testpaths(root: &Path) -> Vec<String> {
    SETTINGS.iter().find_map(|file| read(root, file)).unwrap_or_default()
}

/// The file at `root` that pytest takes its settings from, if there is one. A cell names it to pytest, which would
/// otherwise look for one above the files that it is given.
#[must_use]
pub fn settings(root: &Path) -> Option<PathBuf> {
    SETTINGS.iter().find(|file| read(root, file).is_some()).map(|file| root.join(file))
}

fn read(root: &Path, file: &str) -> Option<Vec<String>> {
    in_file(Path::new(file), &fs::read_to_string(root.join(file)).ok()?)
}

/// The `testpaths` of a file; none where it has no settings of pytest at all.
fn in_file(file: &Path, text: &str) -> Option<Vec<String>> {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    match file.extension().and_then(|suffix| suffix.to_str()) {
        Some("cfg") => in_ini(text, "[tool:pytest]"),
        // An empty pytest.ini keeps pytest from looking for another file.
        Some("ini") => in_ini(text, "[pytest]").or_else(|| (name != "tox.ini").then(Vec::new)),
        _ => {
            let whole: Table = text.parse().ok()?;
            let table = if ["pytest.toml", ".pytest.toml"].contains(&name) {
                whole.get("pytest").cloned().unwrap_or_else(|| Table::new().into())
            } else {
                let tool = whole.get("tool")?.get("pytest")?;
                tool.get("ini_options").unwrap_or(tool).clone()
            };
            Some(match table.get("testpaths") {
                Some(Value::Array(paths)) => {
                    paths.iter().filter_map(Value::as_str).map(str::to_owned).collect()
                }
                Some(Value::String(paths)) => shlex::split(paths).unwrap_or_default(),
                _ => Vec::new(),
            })
        }
    }
}

/// The same of a file in the older form, where a value goes on in lines that are indented.
fn in_ini(text: &str, section: &str) -> Option<Vec<String>> {
    let (mut found, mut inside, mut open, mut value) = (false, false, false, String::new());
    for line in text.lines().filter(|line| !line.trim_start().starts_with(['#', ';'])) {
        if line.starts_with('[') {
            inside = line.trim_end() == section;
            found |= inside;
            open = false;
        } else if line.starts_with([' ', '\t']) {
            if open {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((key, rest)) = line.split_once(['=', ':']) {
            open = inside && key.trim() == "testpaths";
            if open {
                rest.trim().clone_into(&mut value);
            }
        }
    }
    found.then(|| shlex::split(&value).unwrap_or_default())
}

/// The folder that holds whatever a pattern such as `crates/*/tests` fits.
fn above_pattern(pattern: &str) -> PathBuf {
    let is_plain = |part: &Component<'_>| !part.as_os_str().to_string_lossy().contains(['*', '?', '[']);
    Path::new(pattern).components().take_while(is_plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What runs for `arguments` in a project with these settings.
    fn check(settings: &[(&str, &str)], arguments: &[&str]) -> Vec<String> {
        let root = tempfile::tempdir().expect("a folder");
        for folder in ["tests/unit", "more", "crates/a/tests"] {
            fs::create_dir_all(root.path().join(folder)).expect("made");
        }
        for (file, text) in settings {
            fs::write(root.path().join(file), text).expect("written");
        }
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let paths = what_runs(root.path(), &arguments);
        paths.iter().map(|path| path.display().to_string()).collect()
    }

    const OPTIONS: [&str; 3] = ["-m", "not slow", "-q"];
    const PYPROJECT: (&str, &str) =
        ("pyproject.toml", "[tool.pytest.ini_options]\ntestpaths = [\"tests\", \"none\"]");

    #[test]
    fn options_alone_run_the_testpaths_of_the_settings() {
        for settings in [
            PYPROJECT,
            ("pyproject.toml", "[tool.pytest]\ntestpaths = [\"tests\"]"),
            ("pyproject.toml", "[tool.pytest.ini_options]\ntestpaths = \"tests none\""),
            ("pytest.toml", "[pytest]\ntestpaths = [\"tests\"]"),
            (".pytest.ini", "[pytest]\ntestpaths: tests"),
            (
                "tox.ini",
                "[tox]\ntestpaths = more\n[pytest]\naddopts = -q\n  --co\ntestpaths =\n  tests\n\n  # all\n  none\nmarkers =\n  more\n",
            ),
            (
                "setup.cfg",
                "[tool:pytest]\n# testpaths = more\ntestpaths = 'tests'\n[other]\ntestpaths = more",
            ),
        ] {
            assert_eq!(check(&[settings], &OPTIONS), ["tests"], "{settings:?}");
        }
    }

    #[test]
    fn the_first_file_with_settings_is_the_one_that_counts() {
        let ini = ("pytest.ini", "");
        assert!(check(&[PYPROJECT, ini], &OPTIONS).is_empty(), "an empty pytest.ini is settings");
        let others = [("tox.ini", "[tox]\n"), ("setup.cfg", "[tool:pytest]\ntestpaths = more\n")];
        assert_eq!(check(&others, &OPTIONS), ["more"]);
        assert_eq!(check(&[PYPROJECT, others[0], others[1]], &OPTIONS), ["tests"]);
        assert_eq!(check(&[("pyproject.toml", "[tool.ruff]"), others[1]], &OPTIONS), ["more"]);
        assert!(check(&[("pytest.toml", ""), PYPROJECT], &OPTIONS).is_empty());
    }

    #[test]
    fn a_cell_reads_the_first_file_that_has_settings() {
        let root = tempfile::tempdir().expect("a folder");
        let write = |file: &str, text: &str| fs::write(root.path().join(file), text).expect("written");
        write("tox.ini", "[tox]\n");
        assert_eq!(settings(root.path()), None);
        for (file, text) in [("setup.cfg", "[tool:pytest]\n"), PYPROJECT, ("pytest.ini", "")] {
            write(file, text);
            assert_eq!(settings(root.path()), Some(root.path().join(file)));
        }
    }

    #[test]
    fn a_named_path_takes_the_place_of_testpaths() {
        assert_eq!(check(&[PYPROJECT], &["more", "-q"]), ["more"]);
        assert_eq!(check(&[PYPROJECT], &["-q", "more::TestA::test_b[x::y]"]), ["more"]);
        assert_eq!(check(&[PYPROJECT], &["--tb=short", "more"]), ["more"]);
    }

    #[test]
    fn a_module_takes_the_place_of_testpaths_as_well() {
        assert!(check(&[PYPROJECT], &["--pyargs", "pkg.tests"]).is_empty());
        assert!(check(&[PYPROJECT], &["-q", "pkg.tests", "--pyargs"]).is_empty());
        assert_eq!(check(&[PYPROJECT], &["--pyargs", "-k", "name"]), ["tests"]);
        assert_eq!(check(&[PYPROJECT], &["pkg.tests"]), ["tests"], "no module is named without the option");
    }

    #[test]
    fn the_value_of_an_option_is_no_path_or_maybe_none() {
        for option in WITH_VALUE {
            assert_eq!(check(&[PYPROJECT], &[option, "more"]), ["tests"], "{option}");
        }
        assert_eq!(check(&[PYPROJECT], &["--flag", "more"]), ["more", "tests"], "both are looked at");
        assert!(check(&[], &OPTIONS).is_empty());
    }

    #[test]
    fn a_pattern_stands_for_the_folder_above_it() {
        for (pattern, folder) in [("crates/*/tests", "crates"), ("*", ""), ("more/[ab]?", "more")] {
            let text = format!("[pytest]\ntestpaths = {pattern}");
            assert_eq!(check(&[("pytest.ini", &text)], &OPTIONS), [folder]);
        }
    }
}
