//! Does a Rust panic end the interpreter? A12.

use crate::finding::{Finding, Id, Step};
use crate::project::{Project, Setting, Workspace};
use crate::text::At;

/// Profiles that build an extension without being named: tests and benchmarks always unwind, and a profile of the project's
/// own may be for a program beside the extension.
const USUAL: [&str; 2] = ["dev", "release"];

pub fn check(project: &Project) -> Vec<Finding> {
    let extensions: Vec<&Workspace> =
        project.workspaces.iter().filter(|workspace| workspace.extensions().next().is_some()).collect();
    if extensions.is_empty() {
        return Vec::new();
    }
    // Profiles of a member that is not the root are ignored by cargo.
    let roots = extensions.iter().filter_map(|workspace| workspace.manifests.first());
    let panics = roots.flat_map(|manifest| &manifest.panics).chain(&project.panics);
    let written = panics
        .filter(|panic| panic.strategy.value == "abort" && builds_extension(&panic.profile, project))
        .map(|panic| finding(&format!("panic = \"abort\" in profile.{}", panic.profile), &panic.strategy));
    written.chain(project.settings.iter().filter_map(|setting| variable(setting, project))).collect()
}

fn builds_extension(profile: &str, project: &Project) -> bool {
    let pyprojects = project.workspaces.iter().flat_map(|workspace| &workspace.pyprojects);
    let mut named = pyprojects.flat_map(|pyproject| &pyproject.profiles);
    USUAL.contains(&profile) || named.any(|name| name == profile)
}

fn finding(found: &str, strategy: &At<String>) -> Finding {
    Finding::new(Id::A12, strategy.place(), found, WHY).says(SAYS).mend([strategy.requote("unwind")])
}

const WHY: &str = "pyo3 turns a panic into a Python exception by catching it as it unwinds; without unwinding, the \
                   interpreter and everything in it ends by SIGABRT";
const SAYS: &str = "SIGABRT";

/// `CARGO_PROFILE_RELEASE_PANIC=abort`.
fn variable(setting: &Setting, project: &Project) -> Option<Finding> {
    let profile = setting.name.strip_prefix("CARGO_PROFILE_")?.strip_suffix("_PANIC")?;
    if setting.value != "abort" || !builds_extension(&profile.to_lowercase().replace('_', "-"), project) {
        return None;
    }
    let step = setting.at.as_ref().map_or_else(|| Step::run(&["unset", &setting.name], ""), At::delete_line);
    let found = format!("{}=abort", setting.name);
    Some(Finding::new(Id::A12, setting.place(), found, WHY).says(SAYS).mend([step]))
}
