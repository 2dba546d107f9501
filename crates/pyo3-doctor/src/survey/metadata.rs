//! Which crates does a `pyproject.toml` build? A folder in; its metadata and the manifests of its crates out.

use std::path::{Path, PathBuf};

use super::{broken, read};
use crate::error::DoctorError;
use crate::pyproject::{Backend, Pyproject};

/// The `pyproject.toml` of a folder.
pub fn read_in(folder: &Path) -> Result<Option<Pyproject>, DoctorError> {
    let Some(file) = read(&folder.join("pyproject.toml"))? else { return Ok(None) };
    let mut pyproject = Pyproject::parse(&file).map_err(|error| broken(&file, &error))?;
    // A script may say what no table does.
    let script =
        read(&folder.join("setup.py")).ok().flatten().filter(|_| pyproject.backend != Some(Backend::Maturin));
    if let Some(script) = script.filter(|script| script.text.contains("setuptools_rust")) {
        pyproject.backend = Some(Backend::SetuptoolsRust);
        pyproject.named.extend(quoted_manifests(&script.text));
    }
    Ok(Some(pyproject))
}

/// The manifests that are there, of those that it names or that its backend looks for.
pub fn manifests(pyproject: &Pyproject, folder: &Path) -> Vec<PathBuf> {
    let fallbacks: &[&str] = match pyproject.backend {
        None => return Vec::new(),
        Some(_) if !pyproject.named.is_empty() => &[],
        Some(Backend::Maturin) => &["Cargo.toml", "rust/Cargo.toml"],
        Some(Backend::SetuptoolsRust) => &["Cargo.toml"],
    };
    let there = |path: &str| folder.join(path).canonicalize().ok();
    let named = pyproject.named.iter().filter_map(|path| there(path));
    // The first that is there is taken.
    named.chain(fallbacks.iter().find_map(|path| there(path))).collect()
}

/// What stands in quotes in a script and ends in `Cargo.toml`.
fn quoted_manifests(script: &str) -> Vec<String> {
    let words = script
        .split(['"', '\''])
        .filter(|word| word.ends_with("Cargo.toml") && !word.contains(char::is_whitespace));
    words.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_names_the_manifests_of_its_extensions_in_quotes() {
        let script =
            "# see Cargo.toml\nsetup(rust_extensions=[RustExtension('a', path=\"rust/Cargo.toml\")])\n";
        assert_eq!(quoted_manifests(script), ["rust/Cargo.toml"]);
        assert!(quoted_manifests("RustExtension('a')").is_empty());
    }
}
