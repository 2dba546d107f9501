//! What is there to examine? A path in, a [`Project`] out. The only module of `doctor` that reads the disk and the environment.

mod around;
mod members;
mod metadata;
mod nested;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use walkdir::WalkDir;

use super::error::DoctorError;
use super::locked::LockedPackages;
use super::manifest::Manifest;
use super::project::{Project, Workspace};
use super::pyo3::PYO3;
use super::pyproject::Pyproject;
use super::text::TextFile;
use crate::version::Line;

/// How far below a folder without a manifest crates are looked for.
const DEPTH: usize = 3;

/// The `pyproject.toml` of a folder, and the manifests that are there of those that it builds.
pub fn pyproject(folder: &Path) -> Result<Option<(Pyproject, Vec<PathBuf>)>, DoctorError> {
    let read = metadata::read_in(folder)?;
    Ok(read.map(|pyproject| {
        let manifests = metadata::manifests(&pyproject, folder);
        (pyproject, manifests)
    }))
}

/// Reads everything that is at `path`: a folder, a `Cargo.toml`, or a lock file alone.
pub fn survey(path: &Path) -> Result<Project, DoctorError> {
    let path = path.canonicalize().map_err(|source| DoctorError::Read { path: path.into(), source })?;
    if path.is_file() && path.extension() == Some(OsStr::new("lock")) {
        return lock_alone(&path);
    }
    let folder = if path.file_name() == Some(OsStr::new("Cargo.toml")) {
        path.parent().unwrap_or(&path)
    } else {
        &path
    };
    if !folder.is_dir() {
        return Err(DoctorError::NotAProject(path));
    }
    let roots = match built(&path)? {
        Some(built) => vec![members::root_of(&built)?],
        None => roots(folder)?,
    };
    let Some(first) = roots.first() else {
        let lock = folder.join("Cargo.lock");
        return if lock.is_file() { lock_alone(&lock) } else { Err(DoctorError::NotAProject(path)) };
    };
    // The surroundings of the workspace's root count for a path in it; for a folder above, its own.
    let base = if folder.starts_with(first) { first.clone() } else { folder.to_owned() };
    let mut project = Project::default();
    let mut examined = Vec::new();
    for root in &roots {
        project.workspaces.push(workspace(root, &base, &mut examined)?);
    }
    project.unseen = nested::unseen(&base, &examined);
    // A crate may have recipes of its own.
    let mut folders = examined.iter().map(PathBuf::as_path).chain([base.as_path(), folder]);
    project.tests_without_defaults = folders.any(around::tests_without_defaults);
    around::read_all(&base, &mut project)?;
    if base != folder {
        around::read_all(folder, &mut project)?;
    }
    Ok(project)
}

fn lock_alone(path: &Path) -> Result<Project, DoctorError> {
    let folder = shown(path.parent().unwrap_or(path));
    let workspace = Workspace { folder, locks: vec![lock(path)?], ..Workspace::default() };
    Ok(Project { workspaces: vec![workspace], ..Project::default() })
}

/// The folders whose manifests are roots of a workspace. The search ends at a manifest: a crate that the workspace leaves out
/// is a project of its own.
fn roots(folder: &Path) -> Result<Vec<PathBuf>, DoctorError> {
    if folder.join("Cargo.toml").is_file() {
        return Ok(vec![members::root_of(folder)?]);
    }
    let mut found = BTreeSet::new();
    let mut walk = WalkDir::new(folder).min_depth(1).max_depth(DEPTH + 1).into_iter();
    while let Some(entry) = walk.next() {
        let Some(child) = entry.ok().filter(|entry| entry.file_type().is_dir()) else { continue };
        if is_source(child.path()) && !child.path().join("Cargo.toml").is_file() {
            continue;
        }
        walk.skip_current_dir();
        if is_source(child.path()) {
            found.insert(members::root_of(child.path())?);
        }
    }
    Ok(found.into_iter().collect())
}

/// The folder of the crate that a folder's `pyproject.toml` names, where it names one: what lies around may be another
/// workspace, and in a source distribution half of one.
fn built(folder: &Path) -> Result<Option<PathBuf>, DoctorError> {
    if !folder.is_dir() {
        return Ok(None);
    }
    let pyproject = metadata::read_in(folder)?.filter(|pyproject| !pyproject.named.is_empty());
    let manifests = pyproject.map(|pyproject| metadata::manifests(&pyproject, folder)).unwrap_or_default();
    Ok(manifests.first().and_then(|path| path.parent()).map(Path::to_owned))
}

/// Neither hidden nor made by a tool.
fn is_source(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    !name.starts_with('.') && !matches!(name.as_ref(), "target" | "node_modules" | "vendor" | "venv")
}

/// Reads a workspace; the folders of its crates are added to `examined`.
fn workspace(root: &Path, base: &Path, examined: &mut Vec<PathBuf>) -> Result<Workspace, DoctorError> {
    let manifests = members::manifests(root)?;
    examined.extend(manifests.iter().map(|(folder, _)| folder.clone()));
    let mut workspace = Workspace { folder: shown(root), ..Workspace::default() };
    let cargo_lock = root.join("Cargo.lock");
    if cargo_lock.is_file() {
        workspace.locks.push(lock(&cargo_lock)?);
    }
    let mut folders: Vec<PathBuf> = Vec::new();
    for (folder, manifest) in &manifests {
        let of_pyo3 = manifest.on(PYO3).next().is_some();
        if of_pyo3 {
            workspace.locks.extend(labelled(folder));
            for below in ["src", "tests"] {
                sources(&folder.join(below), &mut workspace.sources);
            }
        }
        if of_pyo3 || folder == root {
            folders.push(folder.clone());
        }
    }
    if !folders.iter().any(|folder| folder == base) {
        folders.push(base.to_owned());
    }
    for folder in folders {
        let Some(mut pyproject) = metadata::read_in(&folder)? else { continue };
        let builds = metadata::manifests(&pyproject, &folder);
        let ours = |path: &PathBuf| manifests.iter().any(|(folder, _)| folder.join("Cargo.toml") == **path);
        // Metadata that builds a crate of another workspace speaks for that crate.
        if builds.is_empty() || builds.iter().any(ours) {
            pyproject.builds = builds.iter().map(|path| shown(path)).collect();
            workspace.pyprojects.push(pyproject);
        }
    }
    workspace.manifests = manifests.into_iter().map(|(_, manifest)| manifest).collect();
    for folder in ["target/wheels", "dist", "wheelhouse"] {
        let files = children(&base.join(folder)).into_iter();
        workspace.wheels.extend(
            files.filter(|file| file.extension() == Some(OsStr::new("whl"))).map(|file| shown(&file)),
        );
    }
    Ok(workspace)
}

/// Lock files that are named after a line, in any folder of a crate. Other tools name their locks after a Python, which reads
/// the same: a file that cargo's format does not fit is theirs.
fn labelled(folder: &Path) -> Vec<LockedPackages> {
    let is_line =
        |path: &Path| path.file_stem().is_some_and(|stem| stem.to_string_lossy().parse::<Line>().is_ok());
    let folders = children(folder).into_iter().filter(|child| child.is_dir() && is_source(child));
    let files = folders.flat_map(|child| children(&child));
    let locks = files.filter(|file| file.extension() == Some(OsStr::new("lock")) && is_line(file));
    locks.filter_map(|file| lock(&file).ok()).collect()
}

/// The Rust files below a folder, which may be a link. Links below it are not followed: they may lead round in a circle.
fn sources(folder: &Path, found: &mut Vec<Arc<TextFile>>) {
    let entries = WalkDir::new(folder).sort_by_file_name().into_iter().flatten();
    for entry in entries.filter(|entry| entry.path().extension() == Some(OsStr::new("rs"))) {
        // A file that is no UTF-8 is for rustc to refuse.
        found.extend(read(entry.path()).ok().flatten());
    }
}

fn lock(path: &Path) -> Result<LockedPackages, DoctorError> {
    let file = read(path)?.ok_or_else(|| DoctorError::NotAProject(path.into()))?;
    LockedPackages::parse(Arc::clone(&file)).map_err(|error| broken(&file, &error))
}

/// A manifest that is known to be there.
fn manifest(folder: &Path) -> Result<Manifest, DoctorError> {
    let path = folder.join("Cargo.toml");
    let file = read(&path)?.ok_or(DoctorError::NotAProject(path))?;
    Manifest::parse(Arc::clone(&file)).map_err(|error| broken(&file, &error))
}

fn broken(file: &TextFile, error: &dyn std::error::Error) -> DoctorError {
    DoctorError::Broken { path: file.path.clone(), message: error.to_string().trim_end().to_owned() }
}

/// A file's text; none where there is no such file.
fn read(path: &Path) -> Result<Option<Arc<TextFile>>, DoctorError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(TextFile::new(shown(path), text))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if path.is_dir() && error.kind() == io::ErrorKind::IsADirectory => Ok(None),
        Err(source) => Err(DoctorError::Read { path: path.into(), source }),
    }
}

/// A log; `-` is standard input.
pub fn log(path: &Path) -> Result<Arc<TextFile>, DoctorError> {
    let failed = |source| DoctorError::Read { path: path.into(), source };
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    // A program may have written any bytes to a log.
    bytes.map(|bytes| TextFile::new(shown(path), String::from_utf8_lossy(&bytes))).map_err(failed)
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let mut children: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    children.sort();
    children
}

/// A path as seen from here: what a person would type, and an editor finds.
pub fn shown(path: &Path) -> PathBuf {
    let here = std::env::current_dir().and_then(|here| here.canonicalize()).unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(path).to_owned()
}
