//! Does a `uv.lock` hold what the pyproject asks for? uv exports one that is out of date without a word.

use std::path::Path;

use fs_err as fs;
use toml::{Table, Value};

use crate::config::Packages;

/// The first package that the chosen groups and extras of a pyproject ask for and an export does not hold.
pub fn lacking(export: &str, packages: &Packages, pyproject: &Path) -> Option<String> {
    let table: Table = fs::read_to_string(pyproject).ok()?.parse().ok()?;
    let project = table.get("project");
    let tables = [
        (table.get("dependency-groups"), &packages.groups),
        (project.and_then(|project| project.get("optional-dependencies")), &packages.extras),
    ];
    let chosen = tables.into_iter().flat_map(|(table, names)| {
        names.iter().filter_map(move |name| table?.get(name)?.as_array()).flatten()
    });
    let own = project.and_then(|project| project.get("dependencies")).and_then(Value::as_array);
    // An entry `{ include-group = … }` names no package.
    let asked = chosen.chain(own.into_iter().flatten()).filter_map(Value::as_str).map(name);
    let held: Vec<String> = export.lines().filter(|line| !line.starts_with([' ', '#'])).map(name).collect();
    let this = project.and_then(|project| project.get("name")).and_then(Value::as_str).map(name);
    asked.into_iter().find(|asked| !held.contains(asked) && Some(asked) != this.as_ref())
}

/// `typing-extensions` of `typing_extensions[x]>=4 ; python_version < "3.11"`, as indexes spell it:
/// <https://packaging.python.org/en/latest/specifications/name-normalization/>.
fn name(requirement: &str) -> String {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let written = requirement.trim_start().split(|c| !is_name(c)).next().unwrap_or_default();
    let parts: Vec<&str> = written.split(['-', '_', '.']).filter(|part| !part.is_empty()).collect();
    parts.join("-").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_old_lock_lacks_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let pyproject = folder.path().join("pyproject.toml");
        let text = "[project]\nname = \"Ours\"\ndependencies = [\"Typing_Extensions>=4\"]\n\
                    [dependency-groups]\ntest = [\"pytest[x]>=9\", \"ours\", { include-group = \"more\" }]\ndev = [\"ruff\"]\n";
        fs::write(&pyproject, text).expect("written");
        let packages = Packages { groups: vec!["test".into()], ..Packages::default() };
        let export =
            "pytest==9.0.3 \\\n    --hash=sha256:00\ntyping-extensions==4.1 ; python_version < '3.11'\n";
        assert_eq!(lacking(export, &packages, &pyproject), None);
        assert_eq!(lacking("pytest==9.0.3\n", &packages, &pyproject).as_deref(), Some("typing-extensions"));
        assert_eq!(lacking("", &packages, &pyproject).as_deref(), Some("pytest"));
    }
}
