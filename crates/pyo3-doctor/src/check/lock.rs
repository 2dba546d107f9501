//! Does a lock hold what a build wants once, and nothing that was withdrawn? A2, A8 and M1.

use std::collections::BTreeSet;

use cargo_lock::Package;

use crate::facts::{self, LineFacts};
use crate::finding::{Finding, Id, Step};
use crate::locked::{LockedPackages, origin};
use crate::manifest::Origin;
use crate::project::{Project, Workspace};
use crate::pyo3::{PYO3, SINGLE, line_of};

pub fn check(project: &Project) -> Vec<Finding> {
    let of = |workspace: &Workspace| {
        let of_lock =
            |lock| [sources(lock, workspace), several(lock, workspace), yanked(lock, workspace)].concat();
        workspace.locks.iter().flat_map(of_lock).collect::<Vec<_>>()
    };
    project.workspaces.iter().flat_map(of).collect()
}

/// A2: the same crate from two sources.
fn sources(lock: &LockedPackages, workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in SINGLE {
        let packages: Vec<&Package> = lock.all(name).collect();
        let origins: BTreeSet<String> = packages.iter().map(|package| origin(package)).collect();
        // The copy is the package that does not come from the registry.
        let Some(strange) = packages.iter().find(|package| origin(package) != "crates.io") else { continue };
        if origins.len() < 2 {
            continue;
        }
        let found = format!(
            "{name} from {}",
            origins.iter().map(String::as_str).collect::<Vec<_>>().join(" and from ")
        );
        let why = format!(
            "each copy has types and traits of its own: what the one gives, the other does not take. [patch] makes \
             every crate use the same {name}"
        );
        let finding = Finding::new(Id::A2, lock.place(strange), found, why);
        findings.push(
            finding
                .says(format!("different versions of crate `{}`", name.replace('-', "_")))
                .mend(one_source(name, workspace)),
        );
    }
    findings
}

/// The patch that makes every crate use the copy that a manifest names.
fn one_source(name: &str, workspace: &Workspace) -> Vec<Step> {
    let root = workspace.manifests.first();
    let copy = workspace.manifests.iter().find_map(|manifest| {
        let dependency = manifest.on(name).find(|dependency| dependency.origin != Origin::Registry)?;
        Some((manifest, dependency))
    });
    // A second table of the same name would be no TOML.
    let root = root.filter(|root| !root.file.text.contains("[patch.crates-io]"));
    let (Some(root), Some((manifest, dependency))) = (root, copy) else {
        return vec![Step::advise(format!(
            "take {name} from one source, or name the copy in [patch.crates-io]"
        ))];
    };
    let from = match &dependency.origin {
        Origin::Path(path) => {
            let path = manifest.folder().strip_prefix(root.folder()).unwrap_or(manifest.folder()).join(path);
            format!("{{ path = \"{}\" }}", path.display())
        }
        _ => dependency.entry.written().to_owned(),
    };
    let text = format!("\n[patch.crates-io]\n{name} = {from}\n");
    vec![Step::Append { file: root.file.path.clone(), text }]
}

/// M1: versions of `pyo3` side by side.
fn several(lock: &LockedPackages, workspace: &Workspace) -> Vec<Finding> {
    let packages: Vec<&Package> = lock.all(PYO3).collect();
    let versions: BTreeSet<_> = packages.iter().map(|package| package.version.to_string()).collect();
    let [first, ..] = packages[..] else { return Vec::new() };
    if versions.len() < 2 {
        return Vec::new();
    }
    let found = format!("pyo3 {}", versions.into_iter().collect::<Vec<_>>().join(" and "));
    let why = "one build links one Python library, and cargo lets one pyo3 link it";
    let finding = Finding::new(Id::M1, lock.place(first), found, why);
    vec![finding.says("links to the native library").mend([
        Step::run(&["cargo", "tree", "--invert", &format!("{PYO3}@{}", first.version)], &workspace.folder),
        Step::advise("take what asks for the other line to this one, or give it a workspace of its own"),
    ])]
}

/// A8: a release that was withdrawn.
fn yanked(lock: &LockedPackages, workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in lock.all(PYO3) {
        let line = line_of(&package.version);
        let version = package.version.to_string();
        let is_yanked = LineFacts::of(line).is_some_and(|facts| facts.yanked.contains(&version.as_str()));
        let Some(releases) = facts::releases(line).filter(|_| is_yanked) else { continue };
        let found = format!("pyo3 {version}, which its authors withdrew");
        let why = "it keeps building from this lock, and nowhere else: cargo takes no yanked release into a new lock";
        let finding = Finding::new(Id::A8, lock.place(package), found, why)
            .says(format!("version {version} is yanked"));
        findings.push(finding.mend(newer(&releases, workspace)));
    }
    findings
}

/// An edit where the requirement is for the yanked release alone; else an update of the lock.
fn newer(releases: &facts::Releases, workspace: &Workspace) -> Vec<Step> {
    let version = semver::Version::parse(releases.pyo3).ok();
    let mut pinned = workspace.manifests.iter().flat_map(|manifest| manifest.on(PYO3)).filter(|dependency| {
        let requirement = dependency.requirement();
        requirement.zip(version.as_ref()).is_some_and(|(asked, version)| !asked.matches(version))
    });
    let edit = pinned.next().and_then(|dependency| dependency.version.as_ref());
    vec![edit.map_or_else(
        || Step::run(&["cargo", "update", PYO3, "--precise", releases.pyo3], &workspace.folder),
        |written| written.requote(&format!("={}", releases.pyo3)),
    )]
}
