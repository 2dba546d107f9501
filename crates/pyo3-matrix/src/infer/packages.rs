//! What do a project's tests need? Its dependency groups, extras and requirement files in; those that hold pytest out.

use std::path::{Path, PathBuf};

use fs_err as fs;
use toml::{Table, Value};
use walkdir::WalkDir;

use super::Fact;
use super::project::{Project, at};
use crate::build::workspace::read;
use crate::config::Packages;

/// What a group, an extra or a file of requirements for tests is called, in the order in which they are taken.
const NAMES: [&str; 5] = ["test", "tests", "testing", "dev", "develop"];

/// How deep a requirement file may lie.
const DEPTH: usize = 4;

/// What was chosen, and why.
#[derive(Debug)]
pub struct Chosen {
    pub packages: Packages,
    source: String,
    lock: Fact,
}

impl Chosen {
    pub fn of(project: &Project) -> Chosen {
        let own = project.pyproject_path();
        let above = Path::new("pyproject.toml").to_owned();
        let of_table = |path: &PathBuf| {
            let table =
                if *path == own { project.pyproject.clone() } else { read(&project.root.join(path)).ok()? };
            of_tables(path, &table)
        };
        let found = of_table(&own).or_else(|| of_table(&above)).or_else(|| of_files(project));
        let (packages, source) = found.unwrap_or_else(|| {
            let packages = Packages { also: vec!["pytest".to_owned()], ..Packages::default() };
            (packages, "nothing names any".to_owned())
        });
        let beside = packages.pyproject.as_ref().unwrap_or(&own).parent().unwrap_or(Path::new("")).to_owned();
        let mut locks = beside.ancestors().map(|folder| folder.join("uv.lock"));
        let locked = locks
            .find(|lock| project.root.join(lock).is_file())
            .filter(|_| packages.files.is_empty() && packages.also.is_empty());
        let lock = locked.map_or_else(
            || {
                Fact::new(
                    "lock of packages",
                    "made here, with hashes",
                    "uv pip compile: no uv.lock holds them",
                )
            },
            |lock| {
                Fact::new("lock of packages", lock.display().to_string(), "the project itself, with hashes")
            },
        );
        Chosen { packages, source, lock }
    }

    pub fn facts(&self) -> Vec<Fact> {
        let Packages { groups, extras, files, also, .. } = &self.packages;
        let files = files.iter().map(|file| file.display().to_string());
        let each = [("group", groups), ("extra", extras)].into_iter();
        let each = each.flat_map(|(what, names)| names.iter().map(move |name| format!("{what} {name}")));
        let named: Vec<String> = each.chain(files).chain(also.iter().cloned()).collect();
        vec![Fact::new("packages", named.join(", "), self.source.clone()), self.lock.clone()]
    }
}

/// The first group or extra of a known name that holds pytest.
fn of_tables(path: &Path, table: &Table) -> Option<(Packages, String)> {
    let groups = at(table, &["dependency-groups"]).and_then(Value::as_table);
    let extras = at(table, &["project", "optional-dependencies"]).and_then(Value::as_table);
    let uv = at(table, &["tool", "uv", "dev-dependencies"]);
    let pyproject = Some(path.to_owned());
    let named = |tables: Option<&Table>| {
        NAMES
            .iter()
            .find(|name| tables.is_some_and(|tables| holds_pytest(tables, name, 0)))
            .map(|name| (*name).to_owned())
    };
    let shown = path.display();
    if let Some(group) = named(groups) {
        let source = format!("{shown}, [dependency-groups] {group}");
        return Some((Packages { pyproject, groups: vec![group], ..Packages::default() }, source));
    }
    if uv.is_some_and(asks_for_pytest) {
        let source = format!("{shown}, [tool.uv] dev-dependencies");
        return Some((Packages { pyproject, groups: vec!["dev".to_owned()], ..Packages::default() }, source));
    }
    let extra = named(extras)?;
    let source = format!("{shown}, [project.optional-dependencies] {extra}");
    Some((Packages { pyproject, extras: vec![extra], ..Packages::default() }, source))
}

/// Whether a group asks for pytest, by itself or by a group that it includes.
fn holds_pytest(groups: &Table, name: &str, depth: usize) -> bool {
    let Some(list) = groups.get(name) else { return false };
    let includes =
        list.as_array().into_iter().flatten().filter_map(|entry| entry.get("include-group")?.as_str());
    asks_for_pytest(list)
        // A circle of groups is for uv to refuse.
        || (depth < groups.len() && includes.into_iter().any(|group| holds_pytest(groups, group, depth + 1)))
}

fn asks_for_pytest(list: &Value) -> bool {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).any(is_pytest)
}

/// Whether a requirement is on pytest itself, or on a plugin, which brings it.
fn is_pytest(requirement: &str) -> bool {
    requirement.trim_start().to_lowercase().starts_with("pytest")
}

/// The requirement files of a known name that ask for pytest; the highest ones.
fn of_files(project: &Project) -> Option<(Packages, String)> {
    let walk = WalkDir::new(&project.root).max_depth(DEPTH).sort_by_file_name().into_iter();
    let hidden = |name: &str| name.starts_with('.') || matches!(name, "target" | "node_modules" | "venv");
    let walk = walk.filter_entry(|entry| entry.depth() == 0 || !hidden(&entry.file_name().to_string_lossy()));
    let files = walk.filter_map(|entry| Some(entry.ok()?.into_path()));
    let mut found: Vec<PathBuf> = files
        .filter(|path| is_for_tests(path.strip_prefix(&project.root).unwrap_or(path)))
        .filter(|path| fs::read_to_string(path).is_ok_and(|text| text.lines().any(is_pytest)))
        .filter_map(|path| Some(path.strip_prefix(&project.root).ok()?.to_owned()))
        .collect();
    found.sort_by_key(|path| (path.components().count(), path.clone()));
    let first = found.into_iter().next()?;
    let source = format!("{}, which asks for pytest", first.display());
    Some((Packages { files: vec![first], ..Packages::default() }, source))
}

/// `requirements-test.txt`, `requirements/dev.in`, `tests/requirements.txt`, `requirements.txt`.
fn is_for_tests(path: &Path) -> bool {
    let suffix = path.extension().is_some_and(|suffix| suffix == "txt" || suffix == "in");
    let whole = path.with_extension("").to_string_lossy().to_lowercase();
    suffix && whole.contains("requirements")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Option<String> {
        let table = text.parse().expect("TOML");
        of_tables("pyproject.toml".as_ref(), &table).map(|(_, source)| source)
    }

    #[test]
    fn the_first_known_name_that_brings_pytest_is_taken() {
        let groups = "[dependency-groups]\ndev = [\"pytest>=8\"]\ntests = [\"mypy\"]\n";
        assert_eq!(check(groups).as_deref(), Some("pyproject.toml, [dependency-groups] dev"));
        let included = "[dependency-groups]\nbase = [\"pytest\"]\ntest = [{ include-group = \"base\" }]\ndev = [\"pytest\"]\n";
        assert_eq!(check(included).as_deref(), Some("pyproject.toml, [dependency-groups] test"));
        let extras = "[project.optional-dependencies]\ntests = [\"pytest-mock\"]\ntypecheck = [\"mypy\"]\n";
        assert_eq!(check(extras).as_deref(), Some("pyproject.toml, [project.optional-dependencies] tests"));
        assert_eq!(check("[dependency-groups]\ndev = [{ include-group = \"dev\" }]\n"), None);
    }
}
