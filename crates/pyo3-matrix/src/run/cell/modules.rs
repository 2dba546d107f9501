//! Which files of a checkout will a wheel install as modules? A wheel's members, or what is known of them before it is built, in;
//! those files, or why tests that lie among them cannot run from a copy, out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fs_err as fs;
use toml::{Table, Value};

use crate::config::{Config, pytest};
use crate::model::failure::Failure;
use crate::model::record::Outcome;

/// The folders in which a project keeps its Python packages by custom, below that of its pyproject.
const SOURCES: [&str; 4] = ["", "src", "python", "lib"];

/// What a module is written in. Data stays: tests may read it from its place in the checkout.
const CODE: [&str; 3] = ["py", "so", "pyd"];

/// The files of the checkout that are modules of the wheel.
pub(super) fn installed(members: &BTreeMap<String, String>, config: &Config) -> BTreeSet<PathBuf> {
    let is_code =
        |path: &Path| path.extension().is_some_and(|suffix| CODE.iter().any(|code| suffix == *code));
    let modules: Vec<&Path> = members.keys().map(Path::new).filter(|path| is_code(path)).collect();
    let sources = sources(config);
    let places = sources.iter().flat_map(|sources| modules.iter().map(move |path| sources.join(path)));
    let places: BTreeSet<PathBuf> = places.collect();
    let files = config.files.iter().filter(|file| places.contains(*file) && !is_test(file));
    files.cloned().collect()
}

/// Whether a file is a build of this module, for whatever Python: one that git tracks would be imported instead of the wheel.
pub(super) fn is_build_of(file: &Path, module: &str) -> bool {
    let is_native = file.extension().is_some_and(|suffix| suffix == "so" || suffix == "pyd");
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    is_native && name.split('.').next() == module.rsplit('.').next()
}

/// The folders in which the project's packages may lie, relative to the root.
fn sources(config: &Config) -> Vec<PathBuf> {
    let base = config.extension.pyproject.parent().unwrap_or(Path::new(""));
    let table = pyproject(config);
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
pub(super) fn refuse_tests_among(installed: &BTreeSet<PathBuf>, config: &Config) -> Result<(), Failure> {
    for path in pytest::what_runs(&config.suite_folder(), &config.suite.tests) {
        let path = config.suite.folder.join(path);
        let folder =
            if config.root.join(&path).is_dir() { path.as_path() } else { path.parent().unwrap_or(&path) };
        let package = folder.parent().unwrap_or(Path::new("")).join("__init__.py");
        let is_package = config.files.contains(&folder.join("__init__.py"));
        // Tests that stand in the modules themselves, such as doctests, are gone with them.
        let holds_modules =
            path.components().next().is_some() && installed.iter().any(|module| module.starts_with(&path));
        if holds_modules || (is_package && installed.contains(&package)) {
            let sources = sources(config);
            let inside = sources.iter().filter_map(|source| path.strip_prefix(source).ok());
            let inside = inside.min_by_key(|inside| inside.components().count()).unwrap_or(&path);
            let name = inside.with_extension("").display().to_string().replace('/', ".");
            let reason = format!(
                "{} is a part of the package that the wheel installs, and cannot be run from the checkout\n\
                 hint: run the installed ones: tests = [\"--pyargs\", \"{name}\"] in [suite] of matrix.toml, which `init` \
                 writes where there is none",
                path.display()
            );
            return Err(Failure { outcome: Outcome::ProvisionFailed, reason });
        }
    }
    Ok(())
}

/// The same before there is a wheel, by what it will have in any case. A run in which no cell could be tested builds nothing.
pub fn refuse_tests_inside(config: &Config) -> Result<(), Failure> {
    if !config.suite.copy {
        return Ok(());
    }
    refuse_tests_among(&installed(&foretold(config), config), config)
}

/// Members that the wheel will have in any case: those of the package that its module is in, if it is clear where that lies. Only
/// maturin takes all of a package, unless it is told to leave something out.
fn foretold(config: &Config) -> BTreeMap<String, String> {
    let table = pyproject(config);
    let of = |key: &str| table.get(key).and_then(Value::as_table);
    let backend = of("build-system").and_then(|build| build.get("build-backend")?.as_str());
    let is_maturin = backend == Some("maturin");
    let excludes =
        || of("tool").is_some_and(|tool| tool.get("maturin").is_some_and(|own| own.get("exclude").is_some()));
    let (top, is_inside) = match config.extension.module.split_once('.') {
        Some((top, _)) => (top, true),
        None => (config.extension.module.as_str(), false),
    };
    let all = sources(config);
    let named = &all[..all.len() - SOURCES.len()];
    let places = if named.is_empty() { &all[..] } else { named };
    let mut places =
        places.iter().filter(|place| config.files.contains(&place.join(top).join("__init__.py")));
    let (Some(place), None, true) = (places.next(), places.next(), is_inside || is_maturin) else {
        return BTreeMap::new();
    };
    let takes_all = is_maturin && !excludes();
    let of_package = |file: &Path| {
        let inside = file.strip_prefix(place).ok()?;
        let is_top = inside == Path::new(top).join("__init__.py");
        (is_top || (takes_all && inside.starts_with(top)))
            .then(|| (inside.display().to_string(), String::new()))
    };
    config.files.iter().filter_map(|file| of_package(file)).collect()
}

fn pyproject(config: &Config) -> Table {
    let text = fs::read_to_string(config.root.join(&config.extension.pyproject)).unwrap_or_default();
    text.parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A project of these files, whose pyproject says more, tested by `tests`.
    fn project(files: &[&str], pyproject: &str, tests: &[&str]) -> (tempfile::TempDir, Config) {
        let root = tempfile::tempdir().expect("a folder");
        for file in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, "").expect("written");
        }
        fs::write(root.path().join("pyproject.toml"), pyproject).expect("written");
        let text = include_str!("../../../../../examples/plus/matrix.toml");
        let config = Config::parse(text, "matrix.toml".as_ref(), root.path().into());
        let mut config = config.expect("a valid config");
        config.files = files.iter().map(PathBuf::from).collect();
        config.suite.tests = tests.iter().map(|test| (*test).to_owned()).collect();
        (root, config)
    }

    fn members(paths: &[&str]) -> BTreeMap<String, String> {
        paths.iter().map(|path| ((*path).to_owned(), String::new())).collect()
    }

    #[test]
    fn modules_of_the_wheel_go_wherever_the_project_keeps_them_and_tests_and_data_stay() {
        let files = ["a/__init__.py", "a/data.json", "a/tests/test_a.py", "a/other.py", "b/a/__init__.py"];
        let members = members(&["a/__init__.py", "a/data.json", "a/tests/test_a.py"]);
        let gone = |pyproject: &str| {
            let (_root, config) = project(&files, pyproject, &["a/tests"]);
            let gone = installed(&members, &config);
            gone.iter().map(|file| file.display().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(gone(""), ["a/__init__.py"]);
        for pyproject in
            ["[tool.maturin]\npython-source = \"b\"", "[tool.setuptools]\npackage-dir = { \"\" = \"b\" }"]
        {
            assert_eq!(gone(pyproject), ["a/__init__.py", "b/a/__init__.py"]);
        }
    }

    #[test]
    fn a_build_of_the_module_is_never_copied() {
        assert!(is_build_of("rpds.cpython-312-x86_64-linux-gnu.so".as_ref(), "rpds"));
        assert!(is_build_of("pkg/_native.abi3.so".as_ref(), "pkg._native"));
        assert!(
            !is_build_of("data/other.so".as_ref(), "pkg._native")
                && !is_build_of("_native.py".as_ref(), "_native")
        );
    }

    #[test]
    fn tests_in_what_the_wheel_installs_are_refused_and_the_hint_names_the_module() {
        let files = [
            "src/a/__init__.py",
            "src/a/b.py",
            "src/a/tests/__init__.py",
            "src/a/tests/test_a.py",
            "tests/test_b.py",
        ];
        let members = members(&["a/__init__.py", "a/b.py", "a/tests/__init__.py"]);
        let refused = |test: &str| {
            let (_root, config) = project(&files, "", &[test]);
            refuse_tests_among(&installed(&members, &config), &config).err().map(|failure| failure.reason)
        };
        for (test, module) in [("src/a/tests", "a.tests"), ("src/a", "a"), ("src/a/b.py", "a.b")] {
            let reason = refused(test).expect("a refusal");
            assert!(reason.contains(&format!("\"--pyargs\", \"{module}\"")), "{test}: {reason}");
        }
        assert_eq!(refused("tests"), None);
    }

    /// What is refused before there is a wheel.
    fn foretold(module: &str, pyproject: &str, tests: &str) -> Option<String> {
        let files =
            ["a/__init__.py", "a/b.py", "a/tests/__init__.py", "a/tests/test_a.py", "tests/test_b.py"];
        let (_root, mut config) = project(&files, pyproject, &[tests]);
        config.suite.copy = true;
        config.extension.module = module.to_owned();
        refuse_tests_inside(&config).err().map(|failure| failure.reason)
    }

    const MATURIN: &str = "[build-system]\nbuild-backend = \"maturin\"\n";

    #[test]
    fn tests_in_the_package_of_the_module_are_refused_before_a_wheel_is_built() {
        for (module, pyproject) in [("a._native", ""), ("a._native", MATURIN), ("a", MATURIN)] {
            let reason = foretold(module, pyproject, "a/tests").expect("a refusal");
            assert!(
                reason.starts_with("a/tests is a part of the package that the wheel installs"),
                "{reason}"
            );
            assert!(reason.contains("\"--pyargs\", \"a.tests\""), "{reason}");
            assert_eq!(foretold(module, pyproject, "tests"), None);
        }
        assert!(foretold("a._native", MATURIN, "a/b.py").is_some(), "maturin takes all of a package");
    }

    #[test]
    fn what_a_wheel_may_lack_is_left_for_the_wheel_to_say() {
        assert_eq!(foretold("b._native", MATURIN, "a/tests"), None, "another package");
        assert_eq!(foretold("a", "", "a/tests"), None, "a module beside the package");
        assert_eq!(foretold("a._native", "", "a/b.py"), None, "setuptools is told which modules it takes");
        let excludes = format!("{MATURIN}[tool.maturin]\nexclude = [\"a/b.py\"]\n");
        assert_eq!(foretold("a._native", &excludes, "a/b.py"), None);
        let elsewhere = format!("{MATURIN}[tool.maturin]\npython-source = \"python\"\n");
        assert_eq!(foretold("a._native", &elsewhere, "a/tests"), None);
    }
}
