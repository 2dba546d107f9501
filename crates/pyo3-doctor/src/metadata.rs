//! What does a Python project say of itself? A folder in; the crate that it builds, its backend, and the Pythons that it claims, each
//! with the place that says so, out.

use std::path::{Path, PathBuf};

use crate::claim::Claim;
use crate::error::DoctorError;
use crate::finding::Place;
pub use crate::pyproject::Backend;
use crate::pyproject::Pyproject;
use crate::survey;
use crate::version::Python;

/// A project that builds a crate for Python.
#[derive(Debug)]
pub struct Metadata {
    /// What builds it.
    pub backend: Backend,
    /// The manifest of the crate that it builds; the first, where there are several.
    pub manifest: PathBuf,
    /// The Pythons that it is said to work with, by classifiers, workflows, tox and version files, in this order.
    pub claims: Vec<Said>,
    pyproject: Pyproject,
}

/// A Python that is said to work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Which.
    pub python: Python,
    /// What says so, such as `a classifier`.
    pub by: &'static str,
    /// Where.
    pub place: Place,
}

impl From<&Claim> for Said {
    fn from(claim: &Claim) -> Said {
        Said { python: claim.python.value, by: claim.by.says(), place: claim.python.place() }
    }
}

/// Reads the `pyproject.toml` in `folder`; none where there is none that builds a crate. An error
/// names the manifest that is not there, or the file that cannot be understood.
pub fn metadata(folder: &Path) -> Result<Option<Metadata>, DoctorError> {
    let Some((pyproject, manifests)) = survey::pyproject(folder)? else { return Ok(None) };
    let Some(backend) = pyproject.backend else { return Ok(None) };
    let Some(manifest) = manifests.into_iter().next() else {
        let path = folder.join(pyproject.named.first().map_or("Cargo.toml", String::as_str));
        return Err(DoctorError::Read { path, source: std::io::ErrorKind::NotFound.into() });
    };
    let around = survey::survey(folder)?.claims;
    let claims = pyproject.classifiers.iter().chain(&around).map(Said::from).collect();
    Ok(Some(Metadata { backend, manifest, claims, pyproject }))
}

impl Metadata {
    /// Whether `requires-python` lets a Python in.
    #[must_use]
    pub fn admits(&self, python: Python) -> bool {
        self.pyproject.admits(python)
    }

    /// The text of `requires-python` and its place, where it is no specifier of versions and so says nothing.
    #[must_use]
    pub fn unclear_requires(&self) -> Option<(&str, Place)> {
        self.pyproject.unclear_requires.as_ref().map(|written| (written.value.as_str(), written.place()))
    }

    /// Where `requires-python` stands, if it does.
    #[must_use]
    pub fn requires(&self) -> Option<Place> {
        self.pyproject.requires.as_ref().map(crate::text::At::place)
    }
}
