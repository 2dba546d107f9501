//! What is there to examine? A path in, a [`Project`] out. The only module of `doctor` that reads the disk and the environment.

mod members;

use std::ffi::OsStr;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml_edit::{Document, Item};

use super::check::pin;
use super::claim::{self, Pyproject, minor_of};
use super::error::DoctorError;
use super::lock::Lock;
use super::manifest::{Manifest, entries, panics, string};
use super::project::{Project, Setting, Target, Workspace};
use super::pyo3::PYO3;
use super::text::{At, TextFile};
use crate::cell::Line;

/// How far below a folder without a manifest crates are looked for.
const DEPTH: usize = 3;

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
    let roots = roots(folder)?;
    let Some(first) = roots.first() else {
        let lock = folder.join("Cargo.lock");
        return if lock.is_file() { lock_alone(&lock) } else { Err(DoctorError::NotAProject(path)) };
    };
    let base = if folder.join("Cargo.toml").is_file() { first.clone() } else { folder.to_owned() };
    let mut project = Project::default();
    for root in &roots {
        project.workspaces.push(workspace(root, &base)?);
    }
    around(&base, &mut project)?;
    if base != folder {
        around(folder, &mut project)?;
    }
    Ok(project)
}

fn lock_alone(path: &Path) -> Result<Project, DoctorError> {
    let workspace = Workspace { locks: vec![lock(path)?], ..Workspace::default() };
    Ok(Project { workspaces: vec![workspace], ..Project::default() })
}

/// The folders whose manifests are roots of a workspace. Below a manifest none is looked for: what a workspace leaves out is
/// a project of its own.
fn roots(folder: &Path) -> Result<Vec<PathBuf>, DoctorError> {
    if folder.join("Cargo.toml").is_file() {
        return Ok(vec![members::root_of(folder)?]);
    }
    let mut found = Vec::new();
    let mut open = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = open.pop() {
        for child in children(&folder).into_iter().filter(|child| child.is_dir() && is_source(child)) {
            if child.join("Cargo.toml").is_file() {
                found.push(child);
            } else if depth < DEPTH {
                open.push((child, depth + 1));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Neither hidden nor made by a tool.
fn is_source(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    !name.starts_with('.') && !matches!(name.as_ref(), "target" | "node_modules" | "vendor" | "venv")
}

fn workspace(root: &Path, base: &Path) -> Result<Workspace, DoctorError> {
    let manifests = members::manifests(root)?;
    let mut workspace = Workspace { folder: shown(root), ..Workspace::default() };
    let cargo_lock = root.join("Cargo.lock");
    if cargo_lock.is_file() {
        workspace.locks.push(lock(&cargo_lock)?);
    }
    let mut folders: Vec<PathBuf> = Vec::new();
    for (folder, manifest) in &manifests {
        let of_pyo3 = manifest.on(PYO3).next().is_some();
        if of_pyo3 {
            workspace.locks.extend(labelled(folder)?);
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
        let file = read(&folder.join("pyproject.toml"))?;
        let pyproject = file.map(|file| Pyproject::parse(&file).map_err(|error| broken(&file, &error)));
        let Some(pyproject) = pyproject.transpose()? else { continue };
        // One that builds another crate speaks for that crate.
        let builds = pyproject.manifest.as_ref().map(|path| folder.join(path));
        if builds.is_none_or(|path| manifests.iter().any(|(folder, _)| folder.join("Cargo.toml") == path)) {
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

/// Lock files that are named after a line, in any folder of a crate.
fn labelled(folder: &Path) -> Result<Vec<Lock>, DoctorError> {
    let is_line =
        |path: &Path| path.file_stem().is_some_and(|stem| stem.to_string_lossy().parse::<Line>().is_ok());
    let folders = children(folder).into_iter().filter(|child| child.is_dir() && is_source(child));
    let files = folders.flat_map(|child| children(&child));
    let locks = files.filter(|file| file.extension() == Some(OsStr::new("lock")) && is_line(file));
    locks.map(|file| lock(&file)).collect()
}

fn sources(folder: &Path, found: &mut Vec<Arc<TextFile>>) {
    for child in children(folder) {
        if child.is_dir() {
            sources(&child, found);
        } else if child.extension() == Some(OsStr::new("rs")) {
            // What is no UTF-8 is for rustc to say.
            found.extend(read(&child).ok().flatten());
        }
    }
}

/// What stands beside a manifest and steers a build or makes a claim.
fn around(folder: &Path, project: &mut Project) -> Result<(), DoctorError> {
    for name in ["rust-toolchain.toml", "rust-toolchain"] {
        if let Some(file) = read(&folder.join(name))? {
            project.channel = project.channel.take().or(channel(&file));
        }
    }
    for name in [".cargo/config.toml", ".cargo/config"] {
        if let Some(file) = read(&folder.join(name))? {
            let document = Document::parse(file.text.clone()).map_err(|error| broken(&file, &error))?;
            project.panics.extend(panics(document.as_table(), &file));
            project.settings.extend(cargo_environment(document.as_item(), &file, folder));
        }
    }
    if let Some(file) = read(&folder.join(".python-version"))? {
        project.claims.extend(claim::version_file(&file));
    }
    if let Some(file) = read(&folder.join("tox.toml"))? {
        project.claims.extend(claim::tox(&file));
    }
    for path in children(&folder.join(".github/workflows")) {
        let is_yaml = path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml");
        let Some(file) = read(&path)?.filter(|_| is_yaml) else { continue };
        let (claims, variables) = claim::workflow(&file);
        project.claims.extend(claims);
        // Paths in a workflow are those of another machine.
        project.settings.extend(variables.into_iter().map(|(name, at)| setting(name, at)));
    }
    for pyproject in project.workspaces.iter().flat_map(|workspace| &workspace.pyprojects) {
        project.settings.extend(pyproject.environment.iter().cloned().map(|(name, at)| setting(name, at)));
    }
    let own =
        std::env::vars().filter(|(name, _)| name.contains("PYO3") || name.starts_with("CARGO_PROFILE_"));
    project.settings.extend(own.map(|(name, value)| {
        let target = target(&name, Path::new(&value));
        Setting { name, value, at: None, target }
    }));
    Ok(())
}

fn setting(name: String, at: At<String>) -> Setting {
    Setting { name, value: at.value.clone(), at: Some(at), target: None }
}

fn channel(file: &Arc<TextFile>) -> Option<At<String>> {
    let document = Document::parse(file.text.clone()).ok();
    let table = document.as_ref().and_then(|document| document.get("toolchain"));
    if let Some(channel) = table.and_then(|table| table.get("channel")) {
        return string(channel, file);
    }
    // The older form is the channel alone.
    let word = file.text.trim();
    let start = file.text.find(word)?;
    (!word.contains(['\n', '=', '['])).then(|| At::new(word.to_owned(), file, start..start + word.len()))
}

/// `[env]` of a cargo configuration; a relative path is meant from the folder that holds `.cargo`.
fn cargo_environment(root: &Item, file: &Arc<TextFile>, folder: &Path) -> Vec<Setting> {
    let table = root.get("env").into_iter().flat_map(entries);
    let settings = table.filter_map(|(name, item)| {
        let at = string(item, file).or_else(|| string(item.get("value")?, file))?;
        let path = folder.join(&at.value);
        Some(Setting {
            name: name.to_owned(),
            value: at.value.clone(),
            target: target(name, &path),
            at: Some(at),
        })
    });
    settings.collect()
}

/// What a variable points to, for the two that point to a file.
fn target(name: &str, path: &Path) -> Option<Target> {
    match name {
        pin::CONFIG_FILE => {
            let Ok(text) = std::fs::read_to_string(path) else { return Some(Target::Missing) };
            let version = text.lines().find_map(|line| line.trim().strip_prefix("version="));
            Some(Target::There(version.and_then(minor_of)))
        }
        // A bare name is looked up on PATH, and is not ours to judge.
        pin::PYTHON if path.is_absolute() => {
            Some(if path.exists() { Target::There(None) } else { Target::Missing })
        }
        _ => None,
    }
}

fn lock(path: &Path) -> Result<Lock, DoctorError> {
    let file = read(path)?.ok_or_else(|| DoctorError::NotAProject(path.into()))?;
    Lock::parse(Arc::clone(&file)).map_err(|error| broken(&file, &error))
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
    // A log may hold whatever a program wrote.
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
