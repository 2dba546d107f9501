//! Does the repository keep its own rules? Each test searches for something that must not be there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::harness::checkout;

/// Returns every file below `folder` whose name ends with `suffix`.
pub fn files(folder: &str, suffix: &str) -> Vec<PathBuf> {
    let (mut open, mut found) = (vec![checkout().join(folder)], Vec::new());
    while let Some(path) = open.pop() {
        for entry in std::fs::read_dir(&path).expect("a folder").flatten() {
            match entry.path() {
                path if path.is_dir() => open.push(path),
                path if path.to_string_lossy().ends_with(suffix) => found.push(path),
                _ => {}
            }
        }
    }
    assert!(!found.is_empty(), "{folder}");
    found
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("a text file")
}

#[test]
fn the_harness_does_not_know_the_name_of_the_extension() {
    for path in files("crates/pyo3-matrix/src", ".rs") {
        assert!(!read(&path).contains("fraiseql"), "{} names the extension", path.display());
    }
    for path in files("crates/pyo3-matrix/cell", ".py") {
        assert!(!read(&path).contains("fraiseql"), "{} names the extension", path.display());
    }
}

/// A kind of service is a room of its own. Besides it, the list of all kinds, the list of what a cell brings along, and the
/// verb that is called so have its name.
#[test]
fn no_other_room_names_a_kind_of_service() {
    let may = |path: &Path, line: &str| {
        let path = path.strip_prefix(checkout().join("crates/pyo3-matrix")).expect("a file of the harness");
        let path = path.to_str().expect("text");
        let lists = ["mod postgres;", "&postgres::Postgres", "matrix_cell/service/postgres.py"];
        let verb = ["Verb::Postgres", "    Postgres {"];
        path.contains("service/postgres")
            || path == "src/dispatch/postgres.rs"
            // The conformance kit has checks for drivers of Postgres.
            || path == "src/build/cell_files/kit.rs"
            || lists.iter().chain(&verb).any(|part| line.contains(part))
    };
    for path in files("crates/pyo3-matrix/src", ".rs").into_iter().chain(files("crates/pyo3-matrix/cell", ""))
    {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        if path.ends_with("tests.rs") {
            continue;
        }
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for line in code.lines().filter(|line| line.to_lowercase().contains("postgres")) {
            assert!(may(&path, line), "{}: {line}", path.display());
        }
    }
}

#[test]
fn no_source_file_grows_past_400_lines() {
    let sources = [
        "crates/pyo3-matrix/src",
        "crates/pyo3-doctor/src",
        "crates/fraiseql_rs/src",
        "crates/pyo3-matrix/tests",
    ];
    let rust = sources.iter().flat_map(|folder| files(folder, ".rs"));
    let python = files("tests", ".py").into_iter().chain(files("crates/pyo3-matrix/cell", ".py"));
    for path in rust.chain(python) {
        let lines = read(&path).lines().count();
        assert!(lines <= 400, "{} has {lines} lines: the design wants a new noun", path.display());
    }
}

/// A run in the image has the same basis and wheel keys as a run outside it, because the image has copies of the same
/// files.
#[test]
fn the_image_holds_what_a_wheel_and_a_basis_are_made_of() {
    let config: toml::Table = read(&checkout().join("matrix.toml")).parse().expect("TOML");
    let text = |value: &toml::Value| value.as_str().expect("a path").to_owned();
    let of = |table: &str, key: &str| match &config[table][key] {
        toml::Value::Array(paths) => paths.iter().map(text).collect(),
        path => vec![text(path)],
    };
    let mut paths = vec![".cargo".to_owned(), "Cargo.toml".to_owned(), "matrix.toml".to_owned()];
    for (table, key) in [
        ("extension", "manifest"),
        ("extension", "pyproject"),
        ("extension", "sources"),
        ("extension", "locks"),
        ("suite", "requirements"),
        ("suite", "sources"),
    ] {
        paths.extend(of(table, key));
    }
    let copied = read(&checkout().join(".dockerignore"));
    for path in paths {
        let top = path.split('/').next().expect("a name");
        assert!(copied.lines().any(|line| line == format!("!{top}")), ".dockerignore leaves out {path}");
    }
}

/// The image compiles dependencies beside empty crates: one that is not removed again would be taken for the real one.
#[test]
fn the_image_forgets_each_crate_that_it_compiled_from_empty_sources() {
    let image = read(&checkout().join("Dockerfile"));
    let cleaned: String = image.lines().filter(|line| line.contains("cargo clean")).collect();
    for entry in std::fs::read_dir(checkout().join("crates")).expect("crates").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        // The image builds nothing of a workspace of its own.
        if read(&entry.path().join("Cargo.toml")).lines().any(|line| line == "[workspace]") {
            continue;
        }
        assert!(cleaned.contains(&format!("--package {name} ")), "the image keeps an empty {name}");
    }
}

#[test]
fn every_version_of_the_config_has_its_lock() {
    let config: toml::Table = read(&checkout().join("matrix.toml")).parse().expect("TOML");
    let names = |axis: &str, key: &str| -> Vec<String> {
        let tables = config[axis].as_array().expect("an axis");
        tables.iter().map(|table| table[key].as_str().expect("a name").to_owned()).collect()
    };
    for python in names("python", "version") {
        assert!(checkout().join(format!("requirements/py{python}.txt")).is_file(), "{python}");
    }
    for line in config["line"].as_array().expect("lines") {
        let name = line["name"].as_str().expect("a name");
        let lock = read(&checkout().join(format!("crates/fraiseql_rs/lines/{name}.lock")));
        for package in ["pyo3", "pyo3-async-runtimes"] {
            let version = line[package].as_str().expect("a version");
            let entry = format!("name = \"{package}\"\nversion = \"{version}\"\n");
            assert!(lock.contains(&entry), "the lock of line {name} does not hold {package} {version}");
        }
    }
}

/// psycopg's binary wheels are for Pythons with the GIL alone, and pip would refuse the whole lock for one that it has no
/// wheel of.
#[test]
fn the_lock_of_a_free_threaded_python_has_psycopg_without_its_binary() {
    let named =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("py3."));
    let locks: Vec<PathBuf> = files("requirements", "t.txt").into_iter().filter(named).collect();
    assert!(!locks.is_empty(), "this repository has cells of free-threaded Pythons");
    for path in locks {
        let lock = read(&path);
        let has = |package: &str| lock.contains(&format!("\n{package}=="));
        assert!(has("psycopg") && !has("psycopg-binary"), "{}", path.display());
    }
}

#[test]
fn the_locks_of_all_lines_agree_on_what_they_share_so_that_it_is_compiled_once() {
    let locks = files("crates/fraiseql_rs/lines", ".lock").into_iter().map(|path| versions(&read(&path)));
    let locks: Vec<BTreeMap<String, Vec<String>>> = locks.collect();
    let of_the_line = |name: &str| name.starts_with("pyo3") || name == "target-lexicon";
    let first = &locks[0];
    for (name, versions) in first.iter().filter(|(name, _)| !of_the_line(name)) {
        for other in locks.iter().filter_map(|lock| lock.get(name)) {
            assert_eq!(other, versions, "{name}");
        }
    }
    assert!(locks.iter().all(|lock| lock["tokio"] == first["tokio"]));
}

/// Returns each package of a lock with its versions.
fn versions(lock: &str) -> BTreeMap<String, Vec<String>> {
    let lock: toml::Table = lock.parse().expect("TOML");
    let mut versions = BTreeMap::<String, Vec<String>>::new();
    for package in lock["package"].as_array().expect("packages") {
        let text = |key: &str| package[key].as_str().expect("a text").to_owned();
        versions.entry(text("name")).or_default().push(text("version"));
    }
    versions
}

#[test]
fn locked_requirements_have_hashes_and_no_address() {
    for path in files("requirements", ".txt").into_iter().chain(files("crates/pyo3-matrix/tools", ".txt")) {
        let text = read(&path);
        assert!(text.contains("--hash=sha256:"), "{}", path.display());
        assert!(!text.contains("://"), "{} holds an address", path.display());
    }
}

/// `python -m pytest` puts the project's root first on the path: a package there would stand before the wheel.
#[test]
fn tox_starts_pytest_by_its_console_script() {
    let tox: toml::Table = read(&checkout().join("crates/pyo3-matrix/cell/tox.toml")).parse().expect("TOML");
    let commands = tox["env_run_base"]["commands"].as_array().expect("commands");
    let programs: Vec<&str> = commands.iter().filter_map(|command| command[0].as_str()).collect();
    assert_eq!(programs, ["pytest"]);
}

/// A Python that a test starts would otherwise import from the root too.
#[test]
fn a_python_in_a_cell_does_not_import_from_the_folder_that_it_is_started_in() {
    let tox: toml::Table = read(&checkout().join("crates/pyo3-matrix/cell/tox.toml")).parse().expect("TOML");
    let set = &tox["env_run_base"]["set_env"];
    assert_eq!(set["PYTHONSAFEPATH"].as_str(), Some("{env:PYO3_MATRIX_SAFE_PATH:1}"));
}

#[test]
fn what_tox_empties_at_its_start_belongs_to_one_cell() {
    let tox: toml::Table = read(&checkout().join("crates/pyo3-matrix/cell/tox.toml")).parse().expect("TOML");
    for key in ["env_log_dir", "env_tmp_dir"] {
        let folder = tox["env_run_base"][key].as_str().unwrap_or_default();
        assert!(
            folder.starts_with("{env:PYO3_MATRIX_OUT:"),
            "{key} is shared by the cells of an environment: {folder}"
        );
    }
}
