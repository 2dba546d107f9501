//! Can `cargo test` link? M2.

use crate::doctor::finding::{Finding, Id, Step};
use crate::doctor::manifest::Manifest;
use crate::doctor::project::{Project, Workspace};

pub fn check(project: &Project) -> Vec<Finding> {
    let of = |workspace: &Workspace| {
        let tested = workspace.extensions().filter(|manifest| is_tested(manifest, workspace));
        tested.filter_map(finding).collect::<Vec<_>>()
    };
    project.workspaces.iter().flat_map(of).collect()
}

/// Whether the crate has tests that `cargo test` would link.
fn is_tested(manifest: &Manifest, workspace: &Workspace) -> bool {
    let tests = manifest.folder().join("tests");
    let harness = manifest.package.as_ref().is_some_and(|package| package.test);
    workspace.sources.iter().any(|source| {
        let of_crate = source.path.starts_with(manifest.folder());
        of_crate && source.text.contains("#[test]") && (harness || source.path.starts_with(&tests))
    })
}

/// On without being asked for: what maturin turns on does not concern `cargo test`.
fn finding(manifest: &Manifest) -> Option<Finding> {
    let feature =
        manifest.pyo3_features(&[]).into_iter().find(|feature| feature.value == "extension-module")?;
    let found = "extension-module is on by default, and the crate has Rust tests";
    let why = "with it nothing links against libpython, because an interpreter brings its symbols; a test binary has \
               no interpreter around it";
    let step = Step::advise(
        "make a feature `extension-module = [\"pyo3/extension-module\"]` that is not a default, and turn it on in \
         pyproject.toml: `tool.maturin.features = [\"extension-module\"]`",
    );
    Some(Finding::new(Id::M2, feature.place(), found, why).says("undefined symbol: Py").mend([step]))
}
