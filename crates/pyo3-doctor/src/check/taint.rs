//! Is the check of the Python version switched off? A6.

use crate::finding::{Finding, Id, Step};
use crate::project::{Project, Setting};
use crate::pyo3::FFI;

/// What PyO3's build scripts look at; they take `1` for yes, and nothing else.
const SWITCHES: [&str; 3] = [
    "PYO3_USE_ABI3_FORWARD_COMPATIBILITY",
    "PYO3_USE_STABLE_ABI_FORWARD_COMPATIBILITY",
    "UNSAFE_PYO3_SKIP_VERSION_CHECK",
];

pub fn check(project: &Project) -> Vec<Finding> {
    let tainted = |setting: &&Setting| SWITCHES.contains(&setting.name.as_str()) && setting.value == "1";
    project.settings.iter().filter(tainted).map(|setting| finding(setting, project)).collect()
}

fn finding(setting: &Setting, project: &Project) -> Finding {
    let Setting { name, at, .. } = setting;
    let why = if name.starts_with("UNSAFE") {
        "pyo3 builds for any Python with it, also for one whose structures it does not know: what such a build does \
         says nothing about the line"
    } else {
        "pyo3 builds for a Python that it does not know with it, by the stable ABI: a build that passes says nothing \
         about what the line accepts"
    };
    let step = match at {
        Some(at) => at.delete_line(),
        None => Step::run(&["unset", name], ""),
    };
    let finding = Finding::new(Id::A6, setting.place(), format!("{name}=1"), why);
    let finding = finding.says("newer than PyO3's maximum supported version").mend([step]);
    // Cargo does not know that the build script of this crate looked, and would not run it again.
    let built =
        project.workspaces.iter().filter(|workspace| name.starts_with("UNSAFE") && workspace.holds(FFI));
    finding.mend(built.map(|workspace| Step::run(&["cargo", "clean", "--package", FFI], &workspace.folder)))
}
