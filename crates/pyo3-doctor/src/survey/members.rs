//! Which manifests share a lock file? A root in; its members and the crates that they reach by path out.

use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use super::manifest;
use crate::error::DoctorError;
use crate::manifest::{Manifest, Origin, WorkspaceTable};

/// The folder of the workspace that a crate belongs to: its own, or one above that lists it.
pub fn root_of(folder: &Path) -> Result<PathBuf, DoctorError> {
    if manifest(folder)?.workspace.is_some() {
        return Ok(folder.to_owned());
    }
    for above in folder.ancestors().skip(1).filter(|above| above.join("Cargo.toml").is_file()) {
        let Some(table) = manifest(above)?.workspace else { continue };
        return Ok(if lists(&table, above, folder) { above.to_owned() } else { folder.to_owned() });
    }
    Ok(folder.to_owned())
}

fn lists(table: &WorkspaceTable, root: &Path, folder: &Path) -> bool {
    members(table, root).iter().any(|member| member == folder)
}

/// The folders that the globs of `members` name and `exclude` does not.
fn members(table: &WorkspaceTable, root: &Path) -> Vec<PathBuf> {
    let excluded: Vec<PathBuf> = table.exclude.iter().map(|path| root.join(path)).collect();
    // Characters of the root's path are no pattern.
    let escaped = PathBuf::from(glob::Pattern::escape(&root.to_string_lossy()));
    let named = table.members.iter().flat_map(|pattern| {
        let pattern = escaped.join(pattern);
        glob::glob(&pattern.to_string_lossy()).into_iter().flatten().flatten()
    });
    let kept = named.filter(|path| !excluded.iter().any(|excluded| path.starts_with(excluded)));
    kept.filter(|path| path.join("Cargo.toml").is_file()).collect()
}

/// Every manifest with its folder; the root's first, what is inherited filled in.
pub fn manifests(root: &Path) -> Result<Vec<(PathBuf, Manifest)>, DoctorError> {
    let shared = manifest(root)?;
    let mut first = manifest(root)?;
    first.inherit(&shared, root);
    // Crates that a dependency leads to come last: a crate that is a member as well is examined as one.
    let mut open: VecDeque<(PathBuf, Role)> =
        first.workspace.iter().flat_map(|table| members(table, root)).map(|it| (it, Role::Member)).collect();
    open.extend(by_path(&first, root));
    let mut seen = BTreeSet::from([root.to_owned()]);
    let mut found = vec![(root.to_owned(), first)];
    while let Some((folder, role)) = open.pop_front() {
        let folder = folder.canonicalize().unwrap_or(folder);
        if !folder.join("Cargo.toml").is_file() || !seen.insert(folder.clone()) {
            continue;
        }
        let mut manifest = manifest(&folder)?;
        manifest.inherit(&shared, root);
        // A copy of PyO3 itself is a dependency, and is not examined.
        if role == Role::Dependency && manifest.is_pyo3_itself() {
            continue;
        }
        open.extend(by_path(&manifest, &folder));
        found.push((folder, manifest));
    }
    Ok(found)
}

/// Why a crate belongs to a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The root lists it.
    Member,
    /// Another crate takes it by path.
    Dependency,
}

/// The crates that a manifest takes by path.
fn by_path(manifest: &Manifest, folder: &Path) -> Vec<(PathBuf, Role)> {
    let paths = manifest.dependencies.iter().filter_map(|dependency| match &dependency.origin {
        Origin::Path(path) => Some((folder.join(path), Role::Dependency)),
        _ => None,
    });
    paths.collect()
}
