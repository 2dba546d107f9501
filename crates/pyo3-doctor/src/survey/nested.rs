//! Which crates that use PyO3 lie here and were not examined? A folder and the examined manifests in; the others out.
//!
//! A workspace leaves crates out by `exclude`, and a crate below another that lists no members is a project of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::{is_source, members, read, shown};
use crate::manifest::Manifest;
use crate::pyo3::{COMPANIONS, PYO3};
use crate::unseen::Unseen;

/// How many are named of those in one folder.
const NAMED: usize = 5;

/// The crates below `base` that use `PyO3` and are not among the `examined` folders, told by the folder that they lie in; of
/// a workspace, its root.
pub fn unseen(base: &Path, examined: &[PathBuf]) -> Vec<Unseen> {
    let roots = roots(base, examined);
    // Running doctor on the outer folder will name the crates below it.
    let outermost = roots.iter().filter(|root| !root.ancestors().skip(1).any(|above| roots.contains(above)));
    let mut beside: BTreeMap<&Path, BTreeSet<&Path>> = BTreeMap::new();
    for root in outermost {
        beside.entry(root.parent().unwrap_or(base)).or_default().insert(root);
    }
    beside
        .into_iter()
        .map(|(above, folders)| Unseen::nested(&named(above, &folders), folders.len()))
        .collect()
}

/// The roots of the workspaces whose crates use `PyO3` and were not examined.
fn roots(base: &Path, examined: &[PathBuf]) -> BTreeSet<PathBuf> {
    let source =
        |entry: &DirEntry| entry.depth() == 0 || !entry.file_type().is_dir() || is_source(entry.path());
    let walk = WalkDir::new(base).into_iter().filter_entry(source).flatten();
    let manifests = walk.filter(|entry| entry.file_name() == "Cargo.toml");
    let folders = manifests.filter_map(|entry| {
        let folder = entry.path().parent()?;
        (!examined.iter().any(|known| known == folder) && uses_pyo3(entry.path())).then(|| folder.to_owned())
    });
    let root = |folder: PathBuf| {
        // Where the root cannot be read, the crate stands for itself.
        let root = members::root_of(&folder).ok().filter(|root| !examined.contains(root));
        root.unwrap_or(folder)
    };
    folders.map(root).collect()
}

/// One by its path, several by their folder and their names.
fn named(above: &Path, folders: &BTreeSet<&Path>) -> String {
    if let (Some(one), 1) = (folders.first(), folders.len()) {
        return shown(one).display().to_string();
    }
    let more = folders.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let names = folders.iter().filter_map(|folder| folder.file_name());
    let names: Vec<_> = names.map(|name| name.to_string_lossy()).take(NAMED).collect();
    let above = shown(above);
    let above = if above.as_os_str().is_empty() { Path::new(".") } else { &above };
    format!("{} crates in {}: {}{more}", folders.len(), above.display(), names.join(", "))
}

/// Whether a manifest asks for `PyO3`. A manifest that is no TOML is a template, and is searched for the name.
fn uses_pyo3(manifest: &Path) -> bool {
    let Ok(Some(file)) = read(manifest) else { return false };
    match Manifest::parse(file.clone()) {
        Ok(manifest) => {
            let of_pyo3 = |name: &str| name == PYO3 || COMPANIONS.contains(&name);
            !manifest.is_pyo3_itself()
                && manifest.dependencies.iter().any(|dependency| of_pyo3(&dependency.package))
        }
        Err(_) => file.text.contains(PYO3),
    }
}
