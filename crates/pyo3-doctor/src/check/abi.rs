//! Do the features of the stable ABI and the wheels agree with what is claimed? A11.

use std::path::{Path, PathBuf};

use crate::facts::LineFacts;
use crate::finding::{Finding, Id, Place, Step};
use crate::manifest::Manifest;
use crate::project::{Project, Workspace};
use crate::pyproject::Pyproject;
use crate::text::At;
use crate::version::{Line, Python};

pub fn check(project: &Project) -> Vec<Finding> {
    let of = |workspace| [floor(workspace), absent(workspace), wheels(workspace)].concat();
    project.workspaces.iter().flat_map(of).collect()
}

/// The oldest Python of the stable ABI that a crate's features choose: `abi3-py39`, or any where it is `abi3` alone.
fn lowest(workspace: &Workspace, manifest: &Manifest) -> Option<(At<String>, Python)> {
    let features = workspace.pyo3_features_of(manifest).into_iter();
    features
        .filter_map(|feature| Some((feature.clone(), python_of(&feature.value)?)))
        .min_by_key(|(_, python)| *python)
}

fn python_of(feature: &str) -> Option<Python> {
    let minor = feature.strip_prefix("abi3-py3")?.parse().ok()?;
    Some(Python { major: 3, minor, free_threaded: false })
}

/// The floor of a crate's ABI is above that of the `requires-python` that it is built with.
fn floor(workspace: &Workspace) -> Vec<Finding> {
    let of = |pyproject| {
        let crates = workspace.built_by(pyproject);
        crates.filter_map(|manifest| above(pyproject, &lowest(workspace, manifest)?)).collect::<Vec<_>>()
    };
    workspace.pyprojects.iter().flat_map(of).collect()
}

fn above(pyproject: &Pyproject, (feature, floor): &(At<String>, Python)) -> Option<Finding> {
    let python = pyproject.oldest().map(|oldest| oldest.python.value).filter(|oldest| oldest < floor)?;
    let requires = pyproject.requires.as_ref()?;
    let found = format!(
        "requires-python {} lets in {python}, and {} starts at {floor}",
        requires.value, feature.value
    );
    let why = format!(
        "on Python {python} an installer passes the wheel by, builds from source, and fails ({})",
        feature.place()
    );
    let says =
        format!("cannot set a minimum Python version {floor} higher than the interpreter version {python}");
    let finding = Finding::new(Id::A11, requires.place(), found, why).says(says);
    Some(finding.mend([requires.requote(&format!(">={floor}"))]))
}

/// A feature for a Python that the line dropped.
fn absent(workspace: &Workspace) -> Vec<Finding> {
    let lines: Vec<Line> = workspace.lines().into_iter().collect();
    let [line] = lines[..] else { return Vec::new() };
    let Some(facts) = LineFacts::of(line) else { return Vec::new() };
    let dropped = workspace.pyo3_features().into_iter().filter_map(|feature| {
        let python = python_of(&feature.value)?;
        let oldest = Python { minor: facts.python.0, ..python };
        (python < oldest).then_some((feature, oldest))
    });
    let finding = |(feature, oldest): (At<String>, Python)| {
        let found = format!("the feature {} of pyo3 {line}", feature.value);
        let why = format!(
            "pyo3 {line} builds for Python {oldest} at the oldest and has no feature for an older one"
        );
        let new = feature.written().replace(&feature.value, &format!("abi3-py3{}", oldest.minor));
        let finding = Finding::new(Id::A11, feature.place(), found, why);
        finding.says(format!("with feature `{}` but", feature.value)).mend([feature.replace(&new)])
    };
    dropped.map(finding).collect()
}

/// Wheels that were built here and contradict the features of their crate.
fn wheels(workspace: &Workspace) -> Vec<Finding> {
    // A feature that a command turns on is not known here.
    let decided = workspace.extensions().filter(|manifest| !manifest.may_turn_on("abi3"));
    let of = |manifest: &Manifest| {
        let wrong = |path: &PathBuf| Some(wheel(path, wrong(path, workspace, manifest)?));
        workspace.wheels.iter().filter_map(wrong).collect::<Vec<_>>()
    };
    decided.flat_map(of).collect()
}

/// What is wrong with a wheel of this crate, by its name: `name-version-python-abi-platform.whl`.
fn wrong(path: &Path, workspace: &Workspace, manifest: &Manifest) -> Option<String> {
    let stem = path.file_stem()?.to_string_lossy().into_owned();
    let mut parts = stem.rsplit('-');
    let (_platform, abi, python) = (parts.next()?, parts.next()?, parts.next()?);
    if normal(parts.next_back()?) != normal(&manifest.package.as_ref()?.name) {
        return None;
    }
    if abi == "none" {
        return Some("its tag says that any Python's ABI will do".to_owned());
    }
    let built = abi == "abi3";
    let is_on = workspace.pyo3_features_of(manifest).iter().any(|feature| feature.value.starts_with("abi3"));
    if built != is_on && !(is_on && stands_beside(python, abi)) {
        let is = if is_on { "on" } else { "off" };
        return Some(format!("its tag is {python}-{abi}, and abi3 is {is}"));
    }
    let (_, floor) = lowest(workspace, manifest).filter(|_| built)?;
    let tag = format!("cp{}{}", floor.major, floor.minor);
    (python != tag).then(|| format!("its tag is {python}-{abi}, and the features choose {tag}"))
}

fn wheel(path: &Path, found: String) -> Finding {
    let why = "an installer goes by the tag: it takes this wheel for a Python that cannot import it, or does not \
               take it where it would do";
    let place = Place { file: path.into(), line: None };
    let step = Step::run(&["rm", &path.display().to_string()], "");
    Finding::new(Id::A11, place, found, why).mend([step, Step::advise("build the wheel again")])
}

/// Whether a wheel with this tag is built beside those of the stable ABI: neither free-threaded builds nor other interpreters
/// than `CPython` have one, and pyo3 builds for them by their version.
fn stands_beside(python: &str, abi: &str) -> bool {
    abi.ends_with('t') || !python.starts_with("cp")
}

fn normal(name: &str) -> String {
    name.replace(['-', '.'], "_").to_lowercase()
}
