//! What is wrong with this project, before it is built, or with the build that failed? A path or a log in, findings out.
//!
//! Disk → [`survey`] → [`project::Project`] → [`check`] → [`finding::Finding`] → [`report`]. The checks are pure; a project
//! without a lock file is resolved by cargo in a temporary copy.

mod check;
mod claim;
mod compiler;
mod coverage;
pub mod error;
pub mod facts;
pub mod finding;
mod locked;
pub mod lockfile;
mod log;
mod manifest;
pub mod metadata;
pub mod program;
mod project;
mod pyo3;
mod pyproject;
mod remedy;
mod removed;
pub mod report;
mod resolve;
mod skeleton;
mod survey;
mod text;
pub mod unseen;
pub mod version;
pub mod words;

use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use error::DoctorError;
use finding::{Finding, Id};
use program::{Ask, AskError, Question};
use project::{Project, Workspace};
use resolve::Resolved;
use unseen::Unseen;
use words::counted;

/// The shape of the JSON.
const SCHEMA_VERSION: u32 = 1;

/// The limit for asking a compiler for its version: a rustup proxy first looks which compiler is meant.
const LIMIT: Duration = Duration::from_secs(20);

/// What was examined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Subject {
    /// A folder, a manifest or a lock file.
    #[default]
    Project,
    /// What a build wrote.
    Log,
}

/// What `doctor` found.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "Diagnosis")]
pub struct Diagnosis {
    /// The shape of this document.
    pub schema_version: u32,
    /// What was examined.
    #[serde(skip)]
    pub subject: Subject,
    /// What was looked at, in words.
    pub examined: String,
    /// What is wrong, in the order of ids and places.
    pub findings: Vec<Finding>,
    /// What could not be looked at; the findings are those of the rest.
    pub unseen: Vec<Unseen>,
}

impl Diagnosis {
    fn new(subject: Subject, examined: String, findings: Vec<Finding>) -> Self {
        Diagnosis { schema_version: SCHEMA_VERSION, subject, examined, findings, unseen: Vec::new() }
    }
}

/// Examines a project.
pub fn examine(path: &Path, ask: Ask<'_>) -> Result<Diagnosis, DoctorError> {
    let mut project = survey::survey(path)?;
    compilers(&mut project, ask);
    let (mut findings, mut unseen) = (Vec::new(), std::mem::take(&mut project.unseen));
    if project.workspaces.iter().any(needs_lock) {
        findings = check::check(&project);
        // A finding in the manifests explains more than cargo's refusal to resolve them.
        if findings.iter().all(|finding| !matches!(finding.id, Id::A1 | Id::A11)) {
            findings = resolved(&mut project, ask, &mut unseen)?;
        }
    }
    let mut checked = check::check(&project);
    if checked.iter().any(|finding| finding.id == Id::A7) {
        // The Rust that pyo3 needs may be too old for the other packages of the lock.
        for workspace in &mut project.workspaces {
            workspace.needed = workspace.easiest_lock().and_then(|lock| compiler::needed(lock, ask));
        }
        checked = check::check(&project);
    }
    findings.extend(checked);
    findings.sort_by(|a, b| (a.id, &a.place, &a.found).cmp(&(b.id, &b.place, &b.found)));
    findings.dedup();
    unseen.extend(coverage::unknown(&project));
    Ok(Diagnosis { unseen, ..Diagnosis::new(Subject::Project, extent(path, &project), findings) })
}

/// Returns the features of `pyo3` that are on where `manifest`, a crate of the project at `path`, is built for Python.
pub fn pyo3_features(path: &Path, manifest: &Path) -> Result<Vec<String>, DoctorError> {
    let project = survey::survey(path)?;
    let is_it = |path: &Path| path.canonicalize().ok() == manifest.canonicalize().ok();
    let of = |workspace: &Workspace| {
        let ours = workspace.manifests.iter().filter(|manifest| is_it(&manifest.file.path));
        ours.flat_map(|manifest| workspace.pyo3_features_of(manifest)).collect::<Vec<_>>()
    };
    Ok(project.workspaces.iter().flat_map(of).map(|feature| feature.value).collect())
}

/// Explains the log of a build.
pub fn explain(path: &Path) -> Result<Diagnosis, DoctorError> {
    let file = survey::log(path)?;
    let examined = format!("{} ({})", file.path.display(), counted(file.text.lines().count(), "line"));
    let unknown = Unseen::log(&file.path);
    let findings = log::examine(file);
    let unseen = if findings.is_empty() { vec![unknown] } else { Vec::new() };
    Ok(Diagnosis { unseen, ..Diagnosis::new(Subject::Log, examined, findings) })
}

/// Whether nothing says which releases are built, though `pyo3` is.
fn needs_lock(workspace: &Workspace) -> bool {
    let uses = workspace.manifests.iter().any(|manifest| manifest.on(pyo3::PYO3).next().is_some());
    uses && workspace.locks.iter().all(|lock| lock.label.is_some())
}

/// Fills in the locks that cargo would make. Where cargo refuses, what is known of its message becomes findings; the checks
/// that need no lock run all the same.
fn resolved(
    project: &mut Project,
    ask: Ask<'_>,
    unseen: &mut Vec<Unseen>,
) -> Result<Vec<Finding>, DoctorError> {
    let mut findings = Vec::new();
    for workspace in project.workspaces.iter_mut().filter(|workspace| needs_lock(workspace)) {
        let root = absolute(&workspace.folder);
        let manifest = workspace.folder.join("Cargo.toml");
        match resolve::resolve(&root, ask, unseen) {
            Ok(Resolved::Lock(lock)) => workspace.locks.push(lock),
            Ok(Resolved::Refused(output)) => {
                let told = refused(&manifest, &output);
                if told.is_empty() {
                    unseen.push(Unseen::lock(&manifest, &output));
                }
                findings.extend(told);
            }
            Err(error @ DoctorError::Ask(AskError::Interrupted)) => return Err(error),
            Err(error) => unseen.push(Unseen::lock(&manifest, &error)),
        }
    }
    Ok(findings)
}

/// What is known of cargo's refusal. The lines of what it wrote are not those of the manifest.
fn refused(manifest: &Path, output: &str) -> Vec<Finding> {
    let place = || finding::Place { file: manifest.into(), line: None };
    let told = log::examine(text::TextFile::new(manifest, output));
    told.into_iter().map(|finding| Finding { place: place(), ..finding }).collect()
}

/// Asks for the rustc of each workspace that needs one: a folder may name its own.
fn compilers(project: &mut Project, ask: Ask<'_>) {
    std::thread::scope(|scope| {
        let needy = |workspace: &&mut Workspace| workspace.holds(pyo3::PYO3) || needs_lock(workspace);
        for workspace in project.workspaces.iter_mut().filter(needy) {
            scope.spawn(|| workspace.rustc = rustc(&absolute(&workspace.folder), ask));
        }
    });
}

/// The version of the rustc that runs in a folder; none where there is no such program.
fn rustc(folder: &Path, ask: Ask<'_>) -> Option<(u16, u16)> {
    let answer = ask(&Question {
        program: "rustc",
        arguments: &["--version".as_ref()],
        folder,
        // The question must not make rustup download a toolchain.
        variables: &[("RUSTUP_AUTO_INSTALL", "0")],
        limit: LIMIT,
    });
    let answer = answer.ok()?;
    let mut numbers = answer.stdout.split([' ', '.']).skip(1).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

fn absolute(folder: &Path) -> PathBuf {
    std::env::current_dir().unwrap_or_default().join(folder)
}

/// `. (2 manifests, 9 lock files, pyo3 0.30)`.
fn extent(path: &Path, project: &Project) -> String {
    let count = |of: fn(&Workspace) -> usize| project.workspaces.iter().map(of).sum::<usize>();
    let lines: std::collections::BTreeSet<_> = project.workspaces.iter().flat_map(Workspace::lines).collect();
    let mut parts = Vec::new();
    for (count, noun) in [
        (count(|workspace| workspace.manifests.len()), "manifest"),
        (count(|workspace| workspace.locks.len()), "lock"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {noun}{}", if count == 1 { "" } else { "s" }));
        }
    }
    let shown = lines.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    parts.push(match lines.is_empty() {
        false => format!("pyo3 {shown}"),
        true if project.workspaces.iter().any(needs_lock) => "pyo3 not resolved".to_owned(),
        true => "no pyo3".to_owned(),
    });
    format!("{} ({})", path.display(), parts.join(", "))
}
