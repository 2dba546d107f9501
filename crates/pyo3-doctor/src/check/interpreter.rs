//! Does the line that is built accept every Python that the project claims? A4, A5 and M3.
//!
//! Where a workspace has several lock files, one that accepts the Python is enough. A wheel for the stable ABI runs on
//! Pythons newer than the one it was built with, so with abi3 a newer Python is no contradiction; for one
//! without a GIL that takes abi3t.

use crate::claim::{By, Claim};
use crate::facts::{Acceptance, LINES, LineFacts};
use crate::finding::{Finding, Id, Step};
use crate::project::{Project, Workspace};
use crate::remedy;
use crate::version::{Line, Python};

pub fn check(project: &Project) -> Vec<Finding> {
    let mut findings: Vec<Finding> = project.claims.iter().filter_map(number).collect();
    for workspace in &project.workspaces {
        let metadata = workspace
            .building()
            .flat_map(|pyproject| pyproject.classifiers.iter().cloned().chain(pyproject.oldest()));
        findings.extend(metadata.filter_map(|claim| refused(&claim, workspace)));
    }
    // A workflow speaks for the whole repository: a finding needs every workspace to refuse the Python.
    let concerned = || project.workspaces.iter().filter(|workspace| !workspace.lines().is_empty());
    for claim in &project.claims {
        let refusals: Option<Vec<Finding>> = concerned().map(|workspace| refused(claim, workspace)).collect();
        findings.extend(refusals.into_iter().flatten().next());
    }
    findings
}

fn refused(claim: &Claim, workspace: &Workspace) -> Option<Finding> {
    let python = claim.python.value;
    if claim.by == By::Number || python.major != 3 {
        return None;
    }
    let lines = workspace.lines();
    let verdicts: Option<Vec<(Line, Acceptance)>> =
        lines.iter().map(|line| Some((*line, LineFacts::of(*line)?.accepts(python)))).collect();
    // A line that is not in the table says nothing.
    let verdicts = verdicts.filter(|verdicts| !verdicts.is_empty())?;
    if verdicts.iter().any(|(_, verdict)| *verdict == Acceptance::Accepted) {
        return None;
    }
    match verdicts[verdicts.len() - 1] {
        (_, Acceptance::TooNew(_)) if outlives(workspace, python) => None,
        (line, Acceptance::TooNew(newest)) => Some(too_new(claim, line, newest, workspace)),
        (line, Acceptance::TooOld(oldest)) => Some(too_old(claim, line, oldest, workspace)),
        (_, Acceptance::Accepted) => None,
    }
}

/// Whether the wheels run on Pythons newer than the one that they are built with.
fn outlives(workspace: &Workspace, python: Python) -> bool {
    let is_abi3t = || workspace.pyo3_features().iter().any(|feature| feature.value.starts_with("abi3t"));
    workspace.is_abi3() && (!python.free_threaded || is_abi3t())
}

fn too_new(claim: &Claim, line: Line, newest: Python, workspace: &Workspace) -> Finding {
    let python = claim.python.value;
    let found = format!("{} names Python {python}, and {}", claim.by.says(), workspace.line_is(line));
    let why = format!("pyo3 {line} builds for Python {newest} at the newest");
    let accepting =
        LINES.iter().find(|facts| facts.line > line && facts.accepts(python) == Acceptance::Accepted);
    let steps = accepting.map(|facts| remedy::to_line(workspace, facts.line)).unwrap_or_default();
    // The message names the newest that is tested; some lines build for the one after it as well.
    let finding = Finding::new(Id::A4, claim.python.place(), found, why).says(format!(
        "version ({}.{}) is newer than PyO3's maximum supported version",
        python.major, python.minor
    ));
    if steps.is_empty() {
        return finding.mend([drop(claim)]);
    }
    finding.mend(steps)
}

fn too_old(claim: &Claim, line: Line, oldest: Python, workspace: &Workspace) -> Finding {
    let python = claim.python.value;
    let by = claim.by;
    let lets_in = if by == By::RequiresPython { "lets in" } else { "names" };
    let found = format!("{} {lets_in} Python {python}, and {}", by.says(), workspace.line_is(line));
    let why = format!("pyo3 {line} builds for Python {oldest} at the oldest");
    let says = if python.free_threaded {
        format!(
            "PyO3 does not support the free-threaded build of CPython versions below {}.{}",
            oldest.major, oldest.minor
        )
    } else {
        format!("version ({python}) is lower than PyO3's minimum supported version ({oldest})")
    };
    let step = match by {
        By::RequiresPython => claim.python.requote(&format!(">={oldest}")),
        _ => drop(claim),
    };
    Finding::new(Id::A5, claim.python.place(), found, why).says(says).mend([step])
}

/// The claim taken back.
fn drop(claim: &Claim) -> Step {
    let line = claim.python.place().line.unwrap_or(1);
    let text = claim.python.file.line(line);
    let single = claim.by == By::Workflow && text.trim_start().starts_with("python");
    match claim.by {
        // The only value of its key.
        By::Workflow if single && !text.contains('[') => Step::advise(format!(
            "{}: name a Python that the line accepts, or another line of pyo3",
            claim.python.place()
        )),
        By::VersionFile => claim.python.delete_line(),
        _ => claim.python.delete_from_list(),
    }
}

/// M3: `3.10` without quotes is 3.1.
fn number(claim: &Claim) -> Option<Finding> {
    if claim.by != By::Number {
        return None;
    }
    let written = claim.python.written();
    let read = written.trim_end_matches('0');
    let found = format!("python-version {written} without quotes");
    let why = format!("YAML reads it as the number {read}, and the job runs on Python {read} or not at all");
    let finding = Finding::new(Id::M3, claim.python.place(), found, why);
    Some(finding.mend([claim.python.replace(&format!("\"{written}\""))]))
}
