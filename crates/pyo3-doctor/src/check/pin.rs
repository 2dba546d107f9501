//! Is the build pinned to another Python than it is for, or to one that is not there? A10.

use crate::claim::{By, Claim};
use crate::finding::{Finding, Id, Step};
use crate::project::{Project, Setting, Target, Workspace};
use crate::version::Python;

/// Names a file with everything that pyo3 wants to know of an interpreter; no interpreter is asked then.
pub const CONFIG_FILE: &str = "PYO3_CONFIG_FILE";
/// Names the interpreter that pyo3 asks.
pub const PYTHON: &str = "PYO3_PYTHON";

pub fn check(project: &Project) -> Vec<Finding> {
    if project.workspaces.iter().all(|workspace| workspace.lines().is_empty()) {
        return Vec::new();
    }
    project
        .settings
        .iter()
        .filter_map(|setting| missing(setting).or_else(|| stale(setting, project)))
        .collect()
}

fn missing(setting: &Setting) -> Option<Finding> {
    let Setting { name, value, .. } = setting;
    if setting.target != Some(Target::Missing) {
        return None;
    }
    let why = format!("every build of pyo3 reads {name}, and nothing is there");
    let says = if name == PYTHON {
        "failed to run the Python interpreter at"
    } else {
        "failed to open PyO3 config file"
    };
    let finding = Finding::new(Id::A10, setting.place(), format!("{name} = {value}"), why);
    Some(finding.says(says).mend([unset(setting)]))
}

/// A configuration of another Python than the project names.
fn stale(setting: &Setting, project: &Project) -> Option<Finding> {
    let Some(Target::There(Some(python))) = setting.target else { return None };
    let by = named(project, python).or_else(|| excluded(project, python))?;
    let Setting { name, value, .. } = setting;
    let found = format!("{name} = {value}, which is for Python {python}; {by}");
    let why = "pyo3 compiles for the Python that this names and asks no other: the module looks for symbols that \
               another Python does not have";
    let finding = Finding::new(Id::A10, setting.place(), found, why);
    Some(finding.says("undefined symbol").mend([unset(setting)]))
}

fn named(project: &Project, python: Python) -> Option<String> {
    let mut files = project.claims.iter().filter(|claim| claim.by == By::VersionFile).peekable();
    let first: &Claim = files.peek()?;
    let shown = format!("{} says {}", first.python.place(), first.python.value);
    files.all(|claim| claim.python.value != python).then_some(shown)
}

fn excluded(project: &Project, python: Python) -> Option<String> {
    let mut pyprojects = project.workspaces.iter().flat_map(Workspace::building);
    let pyproject = pyprojects.find(|pyproject| !pyproject.admits(python))?;
    let requires = pyproject.requires.as_ref()?;
    Some(format!("requires-python is {} ({})", requires.written(), requires.place()))
}

fn unset(setting: &Setting) -> Step {
    setting
        .at
        .as_ref()
        .map_or_else(|| Step::run(&["unset", &setting.name], ""), super::super::text::At::delete_line)
}
