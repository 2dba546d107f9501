//! Does a Rust panic end the interpreter? A12.

use crate::finding::{Finding, Id, Step};
use crate::project::{Project, Setting, Workspace};
use crate::text::At;

/// Cargo unwinds in tests and benchmarks whatever their profiles say.
const UNWINDS: [&str; 2] = ["test", "bench"];

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
        .filter(|panic| panic.strategy.value == "abort" && !UNWINDS.contains(&panic.profile.as_str()))
        .map(|panic| finding(&format!("panic = \"abort\" in profile.{}", panic.profile), &panic.strategy));
    written.chain(project.settings.iter().filter_map(variable)).collect()
}

fn finding(found: &str, strategy: &At<String>) -> Finding {
    Finding::new(Id::A12, strategy.place(), found, WHY).says(SAYS).mend([strategy.requote("unwind")])
}

const WHY: &str = "pyo3 turns a panic into a Python exception by catching it as it unwinds; without unwinding, the \
                   interpreter and everything in it ends by SIGABRT";
const SAYS: &str = "SIGABRT";

/// `CARGO_PROFILE_RELEASE_PANIC=abort`.
fn variable(setting: &Setting) -> Option<Finding> {
    let profile = setting.name.strip_prefix("CARGO_PROFILE_")?.strip_suffix("_PANIC")?;
    if setting.value != "abort" || UNWINDS.contains(&profile.to_lowercase().as_str()) {
        return None;
    }
    let step = setting.at.as_ref().map_or_else(|| Step::run(&["unset", &setting.name], ""), At::delete_line);
    let found = format!("{}=abort", setting.name);
    Some(Finding::new(Id::A12, setting.place(), found, WHY).says(SAYS).mend([step]))
}
