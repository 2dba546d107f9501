//! Which packages do a project's tests need? As the project itself says it: groups, extras and files, by name.

use std::path::PathBuf;

use serde::Deserialize;

/// What is installed beside the wheel, where the project keeps no lock of it per Python. The wheel's own dependencies are always a
/// part of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Packages {
    /// The `pyproject.toml` that has the groups and extras below, and beside which a `uv.lock` may stand.
    pub pyproject: Option<PathBuf>,
    /// Names of `[dependency-groups]`.
    pub groups: Vec<String>,
    /// Names of `[project.optional-dependencies]`.
    pub extras: Vec<String>,
    /// Requirement files.
    pub files: Vec<PathBuf>,
    /// Further requirements, such as `pytest`.
    pub also: Vec<String>,
}
