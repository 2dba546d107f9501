//! What stands beside a manifest and steers a build, or claims something? Toolchain, cargo's configuration, version files,
//! workflows, recipes and the environment.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml_edit::{Document, Item};

use super::{broken, children, read};
use crate::check::pin;
use crate::claim::{self, minor_of};
use crate::error::DoctorError;
use crate::manifest::{entries, panics, string};
use crate::project::{Project, Setting, Target};
use crate::text::{At, TextFile};

/// What turns the default features off, and with them `extension-module` where it is one of them.
const NO_DEFAULTS: &str = "--no-default-features";

/// Files that say how a project is tested.
const RECIPES: [&str; 7] =
    ["Makefile", "justfile", "Justfile", "noxfile.py", "tox.ini", "README.md", "CONTRIBUTING.md"];

/// Reads what stands in `folder`.
pub fn read_all(folder: &Path, project: &mut Project) -> Result<(), DoctorError> {
    cargo(folder, project)?;
    if let Some(file) = read(&folder.join(".python-version"))? {
        project.claims.extend(claim::version_file(&file));
    }
    if let Some(file) = read(&folder.join("tox.toml"))? {
        project.claims.extend(claim::tox(&file));
    }
    workflows(folder, project)?;
    for pyproject in project.workspaces.iter().flat_map(|workspace| &workspace.pyprojects) {
        project.settings.extend(pyproject.environment.iter().cloned().map(|(name, at)| setting(name, at)));
    }
    project.settings.extend(own_environment());
    Ok(())
}

/// Whether a recipe of `folder` says how to test without the default features. A file that is no UTF-8 says nothing here.
pub fn tests_without_defaults(folder: &Path) -> bool {
    let mut recipes = RECIPES.iter().filter_map(|name| read(&folder.join(name)).ok().flatten());
    recipes.any(|file| file.text.contains(NO_DEFAULTS))
}

/// The variables of this process. Their values may be any bytes, and so may the names of others.
fn own_environment() -> impl Iterator<Item = Setting> {
    let named = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    let own = named.filter(|(name, _)| name.contains("PYO3") || name.starts_with("CARGO_PROFILE_"));
    own.map(|(name, value)| {
        let target = target(&name, Path::new(&value));
        Setting { name, value: value.to_string_lossy().into_owned(), at: None, target }
    })
}

/// The toolchain, and cargo's own configuration.
fn cargo(folder: &Path, project: &mut Project) -> Result<(), DoctorError> {
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
    Ok(())
}

fn workflows(folder: &Path, project: &mut Project) -> Result<(), DoctorError> {
    let is_yaml =
        |path: &PathBuf| path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml");
    for path in children(&folder.join(".github/workflows")).into_iter().filter(is_yaml) {
        let Some(file) = read(&path)? else { continue };
        project.tests_without_defaults |= file.text.contains(NO_DEFAULTS);
        let (claims, variables) = claim::workflow(&file);
        project.claims.extend(claims);
        // Paths in a workflow are those of another machine.
        project.settings.extend(variables.into_iter().map(|(name, at)| setting(name, at)));
    }
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
        // The build looks a bare name up on its own PATH, which is not known here.
        pin::PYTHON if path.is_absolute() => {
            Some(if path.exists() { Target::There(None) } else { Target::Missing })
        }
        _ => None,
    }
}
