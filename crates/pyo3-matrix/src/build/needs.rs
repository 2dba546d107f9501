//! What does a wheel need that the lock of its cells does not install? The answer of the program that was asked in the
//! environment in; requirements, and what to do about them, out.

use std::path::Path;

use crate::model::cell::Python;

/// The name of the distribution that a wheel installs.
/// <https://packaging.python.org/en/latest/specifications/binary-distribution-format/> begins a wheel's name with it.
pub fn distribution(wheel: &Path) -> &str {
    let name = wheel.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.split('-').next().unwrap_or_default()
}

/// Reads what `matrix_cell/wheel_needs.py` printed: a requirement a line.
pub fn told(printed: &str) -> Vec<String> {
    printed.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Says how the lock gets what is missing.
pub fn hint(python: Python, lock: &Path, pyproject: &Path) -> String {
    let (lock, pyproject) = (lock.display(), pyproject.display());
    let version = Python { free_threaded: false, ..python };
    let compile = "uv pip compile --generate-hashes --no-header --python-version";
    format!(
        "hint: compile {lock} from the project's dependencies too, beside the packages of its tests (here cell.in): \
         `{compile} {version} {pyproject} cell.in -o {lock}`"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wheel_begins_with_the_name_of_its_distribution() {
        let wheel = Path::new("/kept/some_name-0.1.0-cp312-cp312-manylinux_2_17_x86_64.whl");
        assert_eq!(distribution(wheel), "some_name");
    }

    #[test]
    fn the_hint_names_the_lock_and_the_command_that_makes_it() {
        let (lock, pyproject) = (Path::new("requirements/py3.14t.txt"), Path::new("pyproject.toml"));
        let hint = hint("3.14t".parse().expect("a Python"), lock, pyproject);
        assert!(
            hint.contains("--python-version 3.14 pyproject.toml cell.in -o requirements/py3.14t.txt"),
            "{hint}"
        );
    }

    #[test]
    fn nothing_that_is_told_is_nothing_that_is_missing() {
        assert_eq!(told("\n"), [""; 0]);
        assert_eq!(told("anyio>=3.0.0, which is not installed\n"), ["anyio>=3.0.0, which is not installed"]);
    }
}
