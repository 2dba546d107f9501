//! Why did this build fail? What cargo, rustc and PyO3's build scripts wrote in, findings with their places out.
//!
//! Knows plain output, output with colours and the time stamps of GitHub, and `--message-format json`. The wording has
//! changed over the versions of cargo and rustc; each reader says which it knows.

mod resolver;
mod rustc;
mod script;

use std::path::Path;
use std::sync::Arc;

use cargo_metadata::Message;

use super::finding::{Finding, Place};
use super::text::TextFile;
use crate::version::Line;

/// A log, line by line.
pub struct Log {
    file: Arc<TextFile>,
    /// Each with the number of the line in the file that it came from.
    lines: Vec<(usize, String)>,
    /// The line of `pyo3` that the log shows being built.
    pub line: Option<Line>,
}

/// A reader: what it makes of the line at an index.
type Reader = fn(&Log, usize) -> Option<Finding>;

const READERS: [Reader; 8] = [
    resolver::links,
    resolver::yanked,
    resolver::feature,
    resolver::rust_version,
    script::python,
    script::configuration,
    rustc::name,
    rustc::two_versions,
];

/// Everything in a log that is known, once each.
#[must_use]
pub fn examine(file: Arc<TextFile>) -> Vec<Finding> {
    let log = Log::read(file);
    let mut findings: Vec<Finding> = Vec::new();
    for at in 0..log.lines.len() {
        for finding in READERS.iter().filter_map(|reader| reader(&log, at)) {
            let told = |known: &Finding| {
                known.id == finding.id
                    && known.found == finding.found
                    && known.place.file == finding.place.file
            };
            // rustc says an error once per target, and a script's message comes twice.
            if !findings.iter().any(|known| {
                told(known) && (known.place == finding.place || finding.place.file == log.file.path)
            }) {
                findings.push(finding);
            }
        }
    }
    findings
}

impl Log {
    fn read(file: Arc<TextFile>) -> Self {
        let mut lines = Vec::new();
        for (number, line) in file.text.lines().enumerate() {
            match rendered(line) {
                Some(text) => lines.extend(text.lines().map(|line| (number + 1, plain(line)))),
                None => lines.push((number + 1, plain(line))),
            }
        }
        let line = lines.iter().find_map(|(_, text)| built(text));
        Log { file, lines, line }
    }

    pub fn text(&self, at: usize) -> &str {
        self.lines.get(at).map(|(_, text)| text.as_str()).unwrap_or_default()
    }

    /// The text of the lines after `at`, as far as they can belong to the same message.
    pub fn after(&self, at: usize) -> impl Iterator<Item = &str> {
        self.lines.iter().skip(at + 1).take(40).map(|(_, text)| text.as_str())
    }

    /// The place of a line in the log itself.
    pub fn place(&self, at: usize) -> Place {
        Place { file: self.file.path.clone(), line: self.lines.get(at).map(|(number, _)| *number) }
    }

    /// The place in a source that rustc points to from the message at `at`.
    pub fn source(&self, at: usize) -> Option<Place> {
        let next = self.after(at).take(4).find_map(|text| text.trim_start().strip_prefix("--> "))?;
        let mut parts = next.rsplitn(3, ':');
        let (_column, line, file) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Place { file: Path::new(file).into(), line: line.parse().ok() })
    }
}

/// The text of a message in JSON.
fn rendered(line: &str) -> Option<String> {
    if !line.starts_with('{') {
        return None;
    }
    match serde_json::from_str(line).ok()? {
        Message::CompilerMessage(message) => message.message.rendered,
        // Other messages say what was built; their paths name the versions.
        Message::CompilerArtifact(artifact) => Some(artifact.package_id.repr),
        _ => Some(String::new()),
    }
}

/// A line without colours and without the time stamp of a CI log.
fn plain(line: &str) -> String {
    let line = anstream::adapter::strip_str(line).to_string();
    match line.split_once("Z ") {
        Some((stamp, rest))
            if stamp.len() >= 19 && stamp.as_bytes()[10] == b'T' && stamp.starts_with("20") =>
        {
            rest.to_owned()
        }
        _ => line,
    }
}

/// `Compiling pyo3 v0.30.1`, `.../pyo3-0.30.1/src/...`, `pyo3@0.30.1`.
fn built(text: &str) -> Option<Line> {
    let marks = [
        "Compiling pyo3 v",
        "Checking pyo3 v",
        "/pyo3-0.",
        "pyo3@0.",
        "`pyo3-ffi v",
        "`pyo3 v",
        "Compiling pyo3-ffi v",
        "Checking pyo3-ffi v",
    ];
    let mark = marks.iter().find(|mark| text.contains(**mark))?;
    let (_, rest) = text.split_once(mark)?;
    let rest = if mark.ends_with("0.") { format!("0.{rest}") } else { rest.to_owned() };
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    semver::Version::parse(rest[..end].trim_end_matches('.'))
        .ok()
        .map(|version| super::pyo3::line_of(&version))
}

/// The words between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The text between the first `before` and the `after` that follows it.
fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    text.split_once(before)?.1.split_once(after).map(|(inner, _)| inner)
}

#[cfg(test)]
mod tests;
