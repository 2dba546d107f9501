//! What of a project do the checks know nothing of? A project in; the parts that a clean report would pass over in silence out.

use super::facts::{LINES, LineFacts};
use super::project::{Project, Workspace};
use super::pyo3::{FFI, PYO3};
use super::unseen::Unseen;
use crate::version::Line;

/// Every part of the examined workspaces that no check answers for.
pub fn unknown(project: &Project) -> Vec<Unseen> {
    let of = |workspace| foreign_lines(workspace).into_iter().chain(ffi_alone(workspace));
    project.workspaces.iter().flat_map(of).collect()
}

/// Lines that the table of facts does not have: their Pythons and their Rust are not known here.
fn foreign_lines(workspace: &Workspace) -> Vec<Unseen> {
    let (oldest, newest) = (LINES[0].line, LINES[LINES.len() - 1].line);
    let foreign = workspace.lines().into_iter().filter(|line| LineFacts::of(*line).is_none());
    let told = foreign.map(|line| Unseen {
        what: format!("which Pythons and which Rust pyo3 {line} builds for ({})", source(workspace, line)),
        why: format!("the lines that doctor knows are {oldest} to {newest}"),
        hint: if line < oldest {
            format!("take the project to pyo3 {oldest} or newer; {}", crate::check::GUIDE)
        } else {
            "use a newer release of pyo3-matrix".to_owned()
        },
    });
    told.collect()
}

/// The file that names a line.
fn source(workspace: &Workspace, line: Line) -> String {
    let lock = workspace.locks.iter().find(|lock| lock.lines().contains(&line));
    let path = lock.map_or_else(|| workspace.folder.join("Cargo.toml"), |lock| lock.file.path.clone());
    path.display().to_string()
}

/// Crates that call Python's C API by `pyo3-ffi` alone: the checks go by the line of `pyo3`.
fn ffi_alone(workspace: &Workspace) -> Option<Unseen> {
    let uses = |name: &str| {
        workspace.holds(name) || workspace.manifests.iter().any(|manifest| manifest.on(name).next().is_some())
    };
    if uses(PYO3) || !uses(FFI) {
        return None;
    }
    let manifest = workspace.manifests.iter().find(|manifest| manifest.on(FFI).next().is_some());
    let path = match (manifest, workspace.locks.first()) {
        (Some(manifest), _) => manifest.file.path.clone(),
        (None, Some(lock)) => lock.file.path.clone(),
        (None, None) => workspace.folder.clone(),
    };
    Some(Unseen {
        what: format!("what uses {FFI} without {PYO3} ({})", path.display()),
        why: format!("the checks go by the line of {PYO3}"),
        hint: format!(
            "build with the oldest and the newest Python that is claimed: {FFI} refuses those that it does not accept"
        ),
    })
}
