//! Where does a cell run that must neither see nor touch the checkout? A private copy of its files, without the modules that the
//! cell's wheel installs: so a test imports the wheel, however the project is laid out.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;

use toml::{Table, Value};

use crate::config::{Config, pytest};
use crate::model::failure::Failure;
use crate::model::record::Outcome;
use crate::process::{Command, Folder, Processes};

/// The folders in which a project keeps its Python packages by custom, below that of its pyproject.
const SOURCES: [&str; 4] = ["", "src", "python", "lib"];

/// What a module is written in. Data stays: tests may read it from its place in the checkout.
const CODE: [&str; 3] = ["py", "so", "pyd"];

/// A copy, which is removed when this is dropped, or when the harness ends.
#[derive(Debug)]
pub struct Copy {
    _folder: Folder,
    /// The folder in it that pytest is started in.
    pub suite: PathBuf,
}

impl Copy {
    /// Copies the files of the checkout, without the modules of a wheel that has these `members`.
    pub fn make(
        members: &BTreeMap<String, String>,
        config: &Config,
        processes: &Processes,
    ) -> Result<Copy, Failure> {
        let failed =
            |error: io::Error| Failure { outcome: Outcome::ProvisionFailed, reason: error.to_string() };
        let folder = processes.folder("cell-", &config.target()).map_err(failed)?;
        let installed = installed(members, config);
        refuse_modules_of_the_wheel(&installed, config)?;
        for file in config.files.iter().chain(&config.suite.sources) {
            if !installed.contains(file) {
                copy(&config.root.join(file), &folder.path().join(file)).map_err(failed)?;
            }
        }
        let suite = folder.path().join(&config.suite.folder);
        Ok(Copy { suite, _folder: folder })
    }

    /// The command with what is different here. Nothing shadows the wheel, so a program that a test starts may import what lies
    /// beside it; and pytest may keep its cache.
    pub fn variables(&self, command: Command) -> Command {
        let settings = pytest::settings(&self.suite).unwrap_or_else(|| PathBuf::from("/dev/null"));
        command
            .env("PYO3_MATRIX_SETTINGS", settings)
            .env("PYO3_MATRIX_SAFE_PATH", "")
            .env("PYO3_MATRIX_CACHE", "cacheprovider")
    }
}

/// The files of the checkout that are modules of the wheel.
fn installed(members: &BTreeMap<String, String>, config: &Config) -> BTreeSet<PathBuf> {
    let is_code =
        |path: &Path| path.extension().is_some_and(|suffix| CODE.iter().any(|code| suffix == *code));
    let modules: Vec<&Path> = members.keys().map(Path::new).filter(|path| is_code(path)).collect();
    let sources = sources(config);
    let places = sources.iter().flat_map(|sources| modules.iter().map(move |path| sources.join(path)));
    let places: BTreeSet<PathBuf> = places.collect();
    let files = config.files.iter().filter(|file| places.contains(*file) && !is_test(file));
    files.cloned().collect()
}

/// The folders in which the project's packages may lie, relative to the root.
fn sources(config: &Config) -> Vec<PathBuf> {
    let base = config.extension.pyproject.parent().unwrap_or(Path::new(""));
    let text = fs::read_to_string(config.root.join(&config.extension.pyproject)).unwrap_or_default();
    let table: Table = text.parse().unwrap_or_default();
    let tool = |name: &str, key: &str| table.get("tool")?.get(name)?.get(key);
    let named = tool("maturin", "python-source").and_then(Value::as_str).into_iter();
    let packages = tool("setuptools", "package-dir").and_then(Value::as_table);
    let named = named.chain(packages.into_iter().flat_map(Table::values).filter_map(Value::as_str));
    named.chain(SOURCES).map(|folder| base.join(folder)).collect()
}

/// What pytest loads as a test stays, even where the wheel has it too.
fn is_test(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let in_tests = file.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "test");
    in_tests || name == "conftest.py" || name.starts_with("test_") || name.ends_with("_test.py")
}

/// Tests that are modules of the package itself cannot be imported where the rest of it is not.
fn refuse_modules_of_the_wheel(installed: &BTreeSet<PathBuf>, config: &Config) -> Result<(), Failure> {
    for path in pytest::what_runs(&config.suite_folder(), &config.suite.tests) {
        let path = config.suite.folder.join(path);
        let folder =
            if config.root.join(&path).is_dir() { path.as_path() } else { path.parent().unwrap_or(&path) };
        let package = folder.parent().unwrap_or(Path::new("")).join("__init__.py");
        let is_package = config.files.contains(&folder.join("__init__.py"));
        if is_package && installed.contains(&package) {
            let sources = sources(config);
            let inside = sources.iter().filter_map(|source| path.strip_prefix(source).ok());
            let inside = inside.min_by_key(|inside| inside.components().count()).unwrap_or(&path);
            let name = inside.with_extension("").display().to_string().replace('/', ".");
            let reason = format!(
                "{} is a part of the package that the wheel installs, and cannot be run from the checkout\n\
                 hint: run the installed tests: tests = [\"--pyargs\", \"{name}\"] in [suite] of matrix.toml",
                path.display()
            );
            return Err(Failure { outcome: Outcome::ProvisionFailed, reason });
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_dir() {
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    fs::create_dir_all(to.parent().unwrap_or(Path::new("")))?;
    fs::copy(from, to).map(drop)
}
