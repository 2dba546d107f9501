//! Do the features of the stable ABI and the wheels agree with what is claimed? A11.

use std::path::Path;

use crate::facts::LineFacts;
use crate::finding::{Finding, Id, Place, Step};
use crate::project::{Project, Workspace};
use crate::text::At;
use crate::version::{Line, Python};

pub fn check(project: &Project) -> Vec<Finding> {
    let of = |workspace| [floor(workspace), absent(workspace), wheels(workspace)].concat();
    project.workspaces.iter().flat_map(of).collect()
}

/// The oldest Python of the stable ABI that the features choose: `abi3-py39`, or any where it is `abi3` alone.
fn lowest(workspace: &Workspace) -> Option<(At<String>, Python)> {
    let features = workspace.pyo3_features().into_iter();
    features
        .filter_map(|feature| Some((feature.clone(), python_of(&feature.value)?)))
        .min_by_key(|(_, python)| *python)
}

fn python_of(feature: &str) -> Option<Python> {
    let minor = feature.strip_prefix("abi3-py3")?.parse().ok()?;
    Some(Python { major: 3, minor, free_threaded: false })
}

/// The floor of the ABI is above that of `requires-python`.
fn floor(workspace: &Workspace) -> Vec<Finding> {
    let Some((feature, floor)) = lowest(workspace) else { return Vec::new() };
    let mut findings = Vec::new();
    for pyproject in &workspace.pyprojects {
        let Some(oldest) = pyproject.oldest().filter(|oldest| oldest.python.value < floor) else { continue };
        let Some(requires) = &pyproject.requires else { continue };
        let python = oldest.python.value;
        let found = format!(
            "requires-python {} lets in {python}, and {} starts at {floor}",
            requires.value, feature.value
        );
        let why = format!(
            "on Python {python} an installer passes the wheel by, builds from source, and fails ({})",
            feature.place()
        );
        let says = format!(
            "cannot set a minimum Python version {floor} higher than the interpreter version {python}"
        );
        let finding = Finding::new(Id::A11, requires.place(), found, why).says(says);
        findings.push(finding.mend([requires.requote(&format!(">={floor}"))]));
    }
    findings
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

/// Wheels that were built here, by their names: `name-version-python-abi-platform.whl`.
fn wheels(workspace: &Workspace) -> Vec<Finding> {
    let names: Vec<String> = workspace
        .extensions()
        .filter_map(|manifest| Some(normal(&manifest.package.as_ref()?.name)))
        .collect();
    let floor = lowest(workspace).map(|(_, floor)| floor);
    let abi3 = workspace.is_abi3();
    let wrong = |path: &Path| -> Option<String> {
        let stem = path.file_stem()?.to_string_lossy().into_owned();
        let mut parts = stem.rsplit('-');
        let (_platform, abi, python) = (parts.next()?, parts.next()?, parts.next()?);
        let name = parts.next_back()?;
        if !names.contains(&normal(name)) {
            return None;
        }
        let built = if abi == "none" {
            return Some("its tag says that any Python's ABI will do".to_owned());
        } else {
            abi == "abi3"
        };
        if built != abi3 && !(abi3 && stands_beside(python, abi)) {
            let is = if abi3 { "on" } else { "off" };
            return Some(format!("its tag is {python}-{abi}, and abi3 is {is}"));
        }
        let floor = floor.filter(|_| built)?;
        let tag = format!("cp{}{}", floor.major, floor.minor);
        (python != tag).then(|| format!("its tag is {python}-{abi}, and the features choose {tag}"))
    };
    let finding = |path: &std::path::PathBuf| {
        let found = wrong(path)?;
        let why = "an installer goes by the tag: it takes this wheel for a Python that cannot import it, or does not \
                   take it where it would do";
        let place = Place { file: path.clone(), line: None };
        let step = Step::run(&["rm", &path.display().to_string()], "");
        Some(Finding::new(Id::A11, place, found, why).mend([step, Step::advise("build the wheel again")]))
    };
    workspace.wheels.iter().filter_map(finding).collect()
}

/// Whether a wheel with this tag is built beside those of the stable ABI: neither free-threaded builds nor other interpreters
/// than `CPython` have one, and pyo3 builds for them by their version.
fn stands_beside(python: &str, abi: &str) -> bool {
    abi.ends_with('t') || !python.starts_with("cp")
}

fn normal(name: &str) -> String {
    name.replace(['-', '.'], "_").to_lowercase()
}
