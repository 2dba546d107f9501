//! Does a source use what the line that is built removed? A9.
//!
//! Only what is certain without a compiler: paths that lead to `pyo3` by name, associated functions of its types, and what
//! its prelude alone can have brought. Code under a `cfg` is left out, since the lines that it is for are not known
//! here; so is a module that is declared under one. Methods are for `doctor --log`, which has the compiler's word.

mod gate;
mod visit;

use crate::finding::{Finding, Id, Step};
use crate::project::{Project, Workspace};
use crate::removed::{REMOVED, Removed};
use crate::text::TextFile;
use crate::version::Line;

/// The uses of a removed name on one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use {
    pub line: usize,
    /// Its place in the table.
    pub row: usize,
    pub times: usize,
}

pub fn check(project: &Project) -> Vec<Finding> {
    project.workspaces.iter().flat_map(of_workspace).collect()
}

fn of_workspace(workspace: &Workspace) -> Vec<Finding> {
    let lines = workspace.lines();
    // With several lines, a source has to build on the oldest as well, which may have the name.
    let Some(&oldest) = lines.first() else { return Vec::new() };
    let parsed = workspace.sources.iter().filter(|source| is_candidate(source, oldest));
    let parsed: Vec<_> =
        parsed.filter_map(|source| Some((source, syn::parse_file(&source.text).ok()?))).collect();
    let gated = gate::modules(&workspace.sources);
    let mut findings = Vec::new();
    for (source, file) in parsed {
        if gate::holds(source, &gated) {
            continue;
        }
        for found in visit::uses(&file) {
            let row = &REMOVED[found.row];
            if row.by() <= oldest {
                findings.push(finding(source, found, row, &workspace.line_is(oldest)));
            }
        }
    }
    findings
}

/// Reading text is cheap, parsing Rust is not.
fn is_candidate(source: &TextFile, line: Line) -> bool {
    REMOVED.iter().any(|row| row.by() <= line && source.text.contains(row.name))
}

fn finding(source: &TextFile, found: Use, row: &Removed, line_is: &str) -> Finding {
    let Use { line, times, .. } = found;
    let found = format!("{}, and {line_is}", row.shown());
    let why = format!("pyo3 {} removed it; {} takes its place", row.by(), row.instead);
    let file = source.path.clone();
    let step = match row.renamed {
        Some(new) => {
            Step::Replace { file: file.clone(), line, old: row.name.to_owned(), new: new.to_owned() }
        }
        None => Step::advise(format!("use {}; {GUIDE}", row.instead)),
    };
    let place = crate::finding::Place { file, line: Some(line) };
    Finding::new(Id::A9, place, found, why).says(row.name).mend(vec![step; times])
}

/// Where a reader finds the whole story.
pub const GUIDE: &str = "see PyO3's migration guide, pyo3.rs/latest/migration";
