//! What does a user type to start this program again? How it was started in; the begin of a command that can be pasted, out.
//!
//! Both are known once, before anything is said, as the width of the terminal is.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::OnceLock;

/// How cargo starts it, which is how the documents name it.
const OF_CARGO: &str = "cargo matrix";

/// The name of the program that cargo starts, and of the package that an alias of cargo runs.
const SUBCOMMAND: &str = "cargo-matrix";
const PACKAGE: &str = "pyo3-matrix";

static NAME: OnceLock<String> = OnceLock::new();
static CONFIG: OnceLock<String> = OnceLock::new();

/// Keeps how the program was started: the first word of its command line, the package that cargo runs, if it does, and the folders
/// of programs.
pub fn started(word: &OsStr, package: Option<&OsStr>, path: Option<&OsStr>) {
    let _ = NAME.set(called(word, package, path));
}

/// Keeps which `matrix.toml` the user named: the same command without it would ask about another project.
pub fn asked_with(config: &Path) {
    let _ = CONFIG.set(quoted(&config.to_string_lossy()));
}

/// The program as it was started: `cargo matrix`, `pyo3-matrix`, or its path.
#[must_use]
pub fn name() -> &'static str {
    NAME.get().map_or(OF_CARGO, String::as_str)
}

/// The begin of a command about the project at hand.
#[must_use]
pub fn command() -> String {
    about_the_project(name())
}

/// The same where cargo finds the program by its own.
#[must_use]
pub fn of_cargo() -> String {
    about_the_project(OF_CARGO)
}

fn about_the_project(name: &str) -> String {
    match CONFIG.get() {
        Some(config) => format!("{name} --config {config}"),
        None => name.to_owned(),
    }
}

/// A path is needed only where its last part would not lead to the same program.
fn called(word: &OsStr, package: Option<&OsStr>, path: Option<&OsStr>) -> String {
    let own = Path::new(word);
    let name = own.file_name().unwrap_or_default();
    if name == SUBCOMMAND || package.is_some_and(|package| package == PACKAGE) || name.is_empty() {
        return OF_CARGO.to_owned();
    }
    let mut found = std::env::split_paths(path.unwrap_or_default()).map(|folder| folder.join(name));
    let found = found.find(|program| program.is_file()).and_then(|program| program.canonicalize().ok());
    let is_found = found.is_some() && found == own.canonicalize().ok();
    let is_bare = own.components().count() == 1 && !word.to_string_lossy().contains('/');
    quoted(&if is_bare || is_found { name } else { word }.to_string_lossy())
}

/// `word` as a shell takes it for one.
#[must_use]
pub fn quoted(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(word: &str, package: Option<&str>, path: Option<&Path>) -> String {
        called(word.as_ref(), package.map(str::as_ref), path.map(Path::as_os_str))
    }

    #[test]
    fn cargo_starts_its_subcommand_and_what_an_alias_runs() {
        assert_eq!(check("/opt/bin/cargo-matrix", None, None), "cargo matrix");
        assert_eq!(check("target/debug/pyo3-matrix", Some("pyo3-matrix"), None), "cargo matrix");
        assert_eq!(check("target/debug/pyo3-matrix", Some("other"), None), "target/debug/pyo3-matrix");
    }

    #[test]
    fn a_program_is_called_by_its_name_where_that_finds_it_and_else_by_its_path() {
        let folders = [tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder")];
        for folder in &folders {
            fs_err::write(folder.path().join("pyo3-matrix"), "").expect("written");
        }
        let [first, second] =
            folders.each_ref().map(|folder| folder.path().join("pyo3-matrix").display().to_string());
        let path = folders[0].path();
        assert_eq!(check("pyo3-matrix", None, None), "pyo3-matrix");
        assert_eq!(check(&first, None, Some(path)), "pyo3-matrix");
        assert_eq!(check(&second, None, Some(path)), second);
        assert_eq!(check("./a b/pyo3-matrix", None, None), "'./a b/pyo3-matrix'");
    }
}
