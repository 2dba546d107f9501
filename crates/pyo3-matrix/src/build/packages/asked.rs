//! Does a `uv.lock` hold what the pyproject asks for? uv exports one that is out of date without a word.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use fs_err as fs;
use pep440_rs::{Version, VersionSpecifiers};
use toml::{Table, Value};

use crate::config::Packages;

/// What a lock does not have as the pyproject asks for it.
#[derive(Debug, PartialEq, Eq)]
pub struct Lacking {
    /// The package, as indexes spell it.
    name: String,
    /// The requirement as it is written, and what the lock has instead, where it has the package.
    instead: Option<(String, String)>,
}

/// The first package that the chosen groups and extras of a pyproject ask for, and that an export has not, or in no version that is
/// asked for.
pub fn lacking(export: &str, packages: &Packages, pyproject: &Path) -> Option<Lacking> {
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
    let asked = chosen.chain(own.into_iter().flatten()).filter_map(Value::as_str);
    let held: Vec<(String, &str)> = export
        .lines()
        .filter(|line| !line.starts_with([' ', '#']))
        .map(|line| {
            (
                name(line),
                line.split("==")
                    .nth(1)
                    .and_then(|rest| rest.split([' ', ';', '\\']).next())
                    .unwrap_or_default(),
            )
        })
        .collect();
    let this = project.and_then(|project| project.get("name")).and_then(Value::as_str).map(name);
    asked.filter(|asked| Some(name(asked)) != this).find_map(|asked| unmet(asked, &held))
}

/// What is wrong with the versions that are held of a required package, if something is.
fn unmet(requirement: &str, held: &[(String, &str)]) -> Option<Lacking> {
    let name = name(requirement);
    let versions: Vec<&str> =
        held.iter().filter(|(held, _)| *held == name).map(|(_, version)| *version).collect();
    if versions.is_empty() {
        return Some(Lacking { name, instead: None });
    }
    let asked = specifiers(requirement)?;
    // One from elsewhere than an index has no version here.
    let fits = |version: &&str| Version::from_str(version).map_or(true, |version| asked.contains(&version));
    let instead = || Some((requirement.trim().to_owned(), versions.join(" and ")));
    (!versions.iter().any(fits)).then(|| Lacking { instead: instead(), name })
}

/// The versions that a requirement asks for: <https://packaging.python.org/en/latest/specifications/dependency-specifiers/>. None
/// where it asks for any, or only under a condition, or by an address.
fn specifiers(requirement: &str) -> Option<VersionSpecifiers> {
    let rest = requirement.trim_start().trim_start_matches(is_name);
    let rest = rest.trim_start();
    let rest = if rest.starts_with('[') { rest.split_once(']')?.1.trim_start() } else { rest };
    if rest.contains([';', '@']) {
        return None;
    }
    VersionSpecifiers::from_str(rest.trim().trim_start_matches('(').trim_end_matches(')')).ok()
}

/// `does not hold x`, or `holds x 1.0` beside what is asked for.
impl fmt::Display for Lacking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Lacking { name, instead } = self;
        match instead {
            None => write!(f, "does not hold {name}, which the pyproject.toml asks for"),
            Some((asked, held)) => write!(f, "holds {name} {held}, and the pyproject.toml asks for {asked}"),
        }
    }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// `typing-extensions` of `typing_extensions[x]>=4 ; python_version < "3.11"`, as indexes spell it:
/// <https://packaging.python.org/en/latest/specifications/name-normalization/>.
fn name(requirement: &str) -> String {
    let written = requirement.trim_start().split(|c| !is_name(c)).next().unwrap_or_default();
    let parts: Vec<&str> = written.split(['-', '_', '.']).filter(|part| !part.is_empty()).collect();
    parts.join("-").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an export lacks of a project that asks so for its tests.
    fn check(asked: &str, export: &str) -> Option<String> {
        let folder = tempfile::tempdir().expect("a folder");
        let pyproject = folder.path().join("pyproject.toml");
        let text = format!(
            "[project]\nname = \"Ours\"\ndependencies = [\"Typing_Extensions>=4\"]\n\
             [dependency-groups]\ntest = [{asked}, \"ours\", {{ include-group = \"more\" }}]\ndev = [\"ruff\"]\n"
        );
        fs::write(&pyproject, text).expect("written");
        let packages = Packages { groups: vec!["test".into()], ..Packages::default() };
        lacking(export, &packages, &pyproject).map(|lacking| lacking.to_string())
    }

    const EXPORT: &str =
        "pytest==9.0.3 \\\n    --hash=sha256:00\ntyping-extensions==4.1 ; python_version < '3.11'\n";

    #[test]
    fn what_an_old_lock_lacks_is_named() {
        let lacks = |name: &str| Some(format!("does not hold {name}, which the pyproject.toml asks for"));
        assert_eq!(check("\"pytest[x]>=9\"", EXPORT), None);
        assert_eq!(check("\"pytest[x]>=9\"", "pytest==9.0.3\n"), lacks("typing-extensions"));
        assert_eq!(check("\"pytest[x]>=9\"", ""), lacks("pytest"));
    }

    #[test]
    fn a_version_that_is_not_asked_for_is_named_beside_what_is() {
        let said = "holds pytest 9.0.3, and the pyproject.toml asks for pytest[x] >=9.1,<10";
        assert_eq!(check("\"pytest[x] >=9.1,<10\"", EXPORT).as_deref(), Some(said));
        for asked in ["pytest (<9)", "pytest==8.*", "pytest~=8.0", "pytest !=9.0.3"] {
            assert!(check(&format!("\"{asked}\""), EXPORT).is_some(), "{asked}");
        }
        let twice = format!("pytest==8.4 ; python_version < '3.10'\n{EXPORT}");
        assert_eq!(check("\"pytest>=9\"", &twice), None, "each for other Pythons");
    }

    #[test]
    fn what_cannot_be_held_to_a_version_is_let_pass() {
        for asked in [
            "pytest",
            "pytest>=10 ; python_version < '3.8'",
            "pytest @ git+https://example.org/pytest",
            "pytest>=x",
        ] {
            assert_eq!(check(&format!("\"{asked}\""), EXPORT), None, "{asked}");
        }
        let elsewhere = EXPORT.replace("pytest==9.0.3", "pytest @ git+https://example.org/pytest");
        assert_eq!(check("\"pytest>=10\"", &elsewhere), None);
    }
}
