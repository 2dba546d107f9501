//! What does a `pyproject.toml` build, and for which Pythons? Its text in; backend, crates and claims with their places out.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use pep440_rs::{Version, VersionSpecifiers};
use toml_edit::{Document, Item};

use super::claim::{By, Claim};
use super::manifest::{entries, string, strings};
use super::text::{At, TextFile};
use crate::version::Python;

/// A `pyproject.toml`, as far as it matters here.
#[derive(Debug)]
pub struct Pyproject {
    /// None where another tool builds the package, and no crate.
    pub backend: Option<Backend>,
    /// The manifests that it names, relative to its folder: `tool.maturin.manifest-path`, or the `path` of each of
    /// `tool.setuptools-rust.ext-modules`.
    pub named: Vec<String>,
    /// The manifests of the crates that it builds, as they are shown; the survey fills them in.
    pub builds: Vec<PathBuf>,
    pub requires: Option<At<VersionSpecifiers>>,
    /// `requires-python`, where it is no specifier of versions and so says nothing.
    pub unclear_requires: Option<At<String>>,
    pub classifiers: Vec<Claim>,
    /// The cargo features that the build turns on: `tool.maturin.features`, or those of the extension modules.
    pub features: Vec<At<String>>,
    /// The profiles of cargo that maturin is told to build with.
    pub profiles: Vec<String>,
    /// `tool.cibuildwheel.environment`.
    pub environment: Vec<(String, At<String>)>,
}

/// A build backend that compiles crates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// `maturin`.
    Maturin,
    /// `setuptools-rust`.
    SetuptoolsRust,
}

/// The minors of Python 3 that the arithmetic looks at.
const MINORS: std::ops::RangeInclusive<u8> = 0..=40;

impl Pyproject {
    pub fn parse(file: &Arc<TextFile>) -> Result<Self, toml_edit::TomlError> {
        let document = Document::parse(file.text.clone())?;
        let at = |path: &[&str]| path.iter().try_fold(document.as_item(), |item, key| item.get(key));
        let list = |path: &[&str]| at(path).map(|item| strings(item, file)).unwrap_or_default();
        let specifiers = at(&["project", "requires-python"]).and_then(|item| string(item, file));
        let (requires, unclear_requires) = match specifiers {
            None => (None, None),
            Some(written) => match VersionSpecifiers::from_str(&written.value) {
                Ok(value) => (Some(At::new(value, file, written.span)), None),
                Err(_) => (None, Some(written)),
            },
        };
        let environment = at(&["tool", "cibuildwheel", "environment"]).into_iter().flat_map(entries);
        let mut named: Vec<String> =
            at(&["tool", "maturin", "manifest-path"]).and_then(text).into_iter().collect();
        let mut features = list(&["tool", "maturin", "features"]);
        for module in at(&["tool", "setuptools-rust", "ext-modules"]).into_iter().flat_map(tables) {
            named.push(module.get("path").and_then(text).unwrap_or_else(|| "Cargo.toml".to_owned()));
            features.extend(module.get("features").map(|item| strings(item, file)).unwrap_or_default());
        }
        Ok(Pyproject {
            backend: backend(&list(&["build-system", "requires"]), at(&["tool", "maturin"]).is_some()),
            named,
            builds: Vec::new(),
            requires,
            unclear_requires,
            classifiers: list(&["project", "classifiers"]).into_iter().filter_map(classifier).collect(),
            features,
            profiles: ["profile", "editable-profile"]
                .iter()
                .filter_map(|key| at(&["tool", "maturin", key]))
                .filter_map(text)
                .collect(),
            environment: environment
                .filter_map(|(name, value)| Some((name.to_owned(), string(value, file)?)))
                .collect(),
        })
    }

    /// The oldest Python that `requires-python` lets in: what an installer may choose. An open end claims nothing.
    #[must_use]
    pub fn oldest(&self) -> Option<Claim> {
        let requires = self.requires.as_ref()?;
        let minor = MINORS.clone().find(|minor| admits(&requires.value, *minor))?;
        let python = Python { major: 3, minor, free_threaded: false };
        Some(Claim { python: At::new(python, &requires.file, requires.span.clone()), by: By::RequiresPython })
    }

    /// Whether `requires-python` lets a Python in.
    #[must_use]
    pub fn admits(&self, python: Python) -> bool {
        self.requires
            .as_ref()
            .is_none_or(|requires| python.major == 3 && admits(&requires.value, python.minor))
    }
}

/// Each of an array of tables, inline or not.
fn tables(item: &Item) -> Vec<&dyn toml_edit::TableLike> {
    let of_tables = item.as_array_of_tables().into_iter().flatten();
    let inline = item.as_array().into_iter().flatten().filter_map(|value| value.as_inline_table());
    let of_tables = of_tables.map(|table| table as &dyn toml_edit::TableLike);
    of_tables.chain(inline.map(|table| table as &dyn toml_edit::TableLike)).collect()
}

fn text(item: &Item) -> Option<String> {
    item.as_str().map(str::to_owned)
}

/// The backend by what has to be installed for the build: a backend of the project's own calls one of these.
fn backend(requires: &[At<String>], configures_maturin: bool) -> Option<Backend> {
    let names = |wanted: &str| requires.iter().any(|requirement| name_of(&requirement.value) == wanted);
    if names("setuptools-rust") {
        Some(Backend::SetuptoolsRust)
    } else if names("maturin") || configures_maturin {
        Some(Backend::Maturin)
    } else {
        None
    }
}

/// `setuptools-rust` of `setuptools_rust>=1.9; python_version > "3"`.
fn name_of(requirement: &str) -> String {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let end = requirement.find(|c| !is_name(c)).unwrap_or(requirement.len());
    requirement[..end].replace(['_', '.'], "-").to_lowercase()
}

/// Whether some release of a minor is let in; `>=3.9.2` means 3.9 too.
fn admits(specifiers: &VersionSpecifiers, minor: u8) -> bool {
    [0, 99].into_iter().any(|patch| specifiers.contains(&Version::new([3, u64::from(minor), patch])))
}

/// `Programming Language :: Python :: 3.12`.
fn classifier(written: At<String>) -> Option<Claim> {
    let version = written.value.strip_prefix("Programming Language :: Python :: ")?;
    let python = version.parse().ok()?;
    Some(Claim { python: At::new(python, &written.file, written.span), by: By::Classifier })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Pyproject {
        Pyproject::parse(&TextFile::new("pyproject.toml", text)).expect("TOML")
    }

    #[test]
    fn the_oldest_python_of_requires_python_is_the_first_that_it_lets_in() {
        let oldest = |text: &str| {
            let project = parse(&format!("[project]\nrequires-python = \"{text}\"\n"));
            project.oldest().map(|claim| claim.python.value.to_string())
        };
        assert_eq!(oldest(">=3.9").as_deref(), Some("3.9"));
        assert_eq!(oldest(">=3.8.1,<4").as_deref(), Some("3.8"));
        assert_eq!(oldest("==3.12.*").as_deref(), Some("3.12"));
        assert_eq!(oldest(">3.9").as_deref(), Some("3.9"));
    }

    #[test]
    fn what_is_no_specifier_is_kept_apart_and_lets_every_python_in() {
        let project = parse("[project]\nrequires-python = \"3.10+\"\n");
        assert_eq!(project.unclear_requires.as_ref().map(|written| written.value.as_str()), Some("3.10+"));
        assert!(project.requires.is_none() && project.oldest().is_none());
        assert!(project.admits("3.9".parse().expect("a Python")));
    }

    #[test]
    fn only_what_builds_crates_is_a_backend() {
        let backend = |requires: &str| parse(&format!("[build-system]\nrequires = [{requires}]\n")).backend;
        assert_eq!(backend("\"maturin>=1,<2\""), Some(Backend::Maturin));
        assert_eq!(backend("\"puccinialin\", \"maturin\""), Some(Backend::Maturin));
        assert_eq!(backend("\"setuptools\", \"setuptools_rust>=1.9\""), Some(Backend::SetuptoolsRust));
        for other in ["\"hatchling\"", "\"setuptools>=61\"", "\"maturin-import-hook\"", ""] {
            assert_eq!(backend(other), None, "{other}");
        }
        assert_eq!(parse("[tool.maturin]\nbindings = \"pyo3\"\n").backend, Some(Backend::Maturin));
    }

    #[test]
    fn the_manifests_that_are_named_are_those_of_the_backend() {
        assert_eq!(parse("[tool.maturin]\nmanifest-path = \"rust/Cargo.toml\"\n").named, ["rust/Cargo.toml"]);
        let text = "[[tool.setuptools-rust.ext-modules]]\ntarget = \"a\"\npath = \"a/Cargo.toml\"\nfeatures = [\"x\"]\n[[tool.setuptools-rust.ext-modules]]\ntarget = \"b\"\n";
        let found = parse(text);
        assert_eq!(found.named, ["a/Cargo.toml", "Cargo.toml"]);
        assert_eq!(found.features[0].value, "x");
    }
}
