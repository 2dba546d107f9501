//! What is wrong, where, why does it break, and what mends it? The one shape of everything that `doctor` says.

use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

/// What `doctor` looks for. `A1` to `A12` are known ways for a `PyO3` extension to break, `M1` to `M3` more that is worth
/// finding. `docs/doctor.md` has a section for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub enum Id {
    /// `pyo3` and a companion are of different lines.
    A1,
    /// One crate comes from two sources.
    A2,
    /// The lock is not of the line that is asked for.
    A3,
    /// A claimed Python is newer than the line accepts.
    A4,
    /// A claimed Python is older than the line accepts.
    A5,
    /// A variable switches the check of the Python version off.
    A6,
    /// The Rust is older than the line needs.
    A7,
    /// A yanked release is locked or asked for.
    A8,
    /// A source uses a name that the line removed.
    A9,
    /// A variable pins the build to another Python, or to none.
    A10,
    /// The stable ABI or a wheel's tag contradicts what is claimed.
    A11,
    /// A Rust panic ends the interpreter.
    A12,
    /// One lock holds several `pyo3`.
    M1,
    /// `extension-module` is on where Rust tests are linked.
    M2,
    /// YAML reads a Python version as a number.
    M3,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It does not build, does not import, or ends the interpreter.
    Error,
    /// It builds, and is not what it says it is.
    Warning,
}

/// A file, and a line in it counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Place {
    /// Relative to the current folder, absolute where it lies outside; `environment` for the variables of the process.
    pub file: PathBuf,
    /// None for the file as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
}

/// One thing to do. All but the last kind can be done by a program, in the order given; edits of one file from its end.
/// Its paths are relative to the current folder, too.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Step {
    /// In `line` of `file`, change the first `old` to `new`.
    Replace {
        /// The file to edit.
        file: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What stands there, quotes included.
        old: String,
        /// What is to stand there; empty where `old` only goes.
        new: String,
    },
    /// Take `line` out of `file`; `text` is what it says.
    Delete {
        /// The file to edit.
        file: PathBuf,
        /// Counted from 1.
        line: usize,
        /// The whole line, without its end.
        text: String,
    },
    /// Put the lines of `text` at the end of `file`.
    Append {
        /// The file to edit.
        file: PathBuf,
        /// Whole lines.
        text: String,
    },
    /// Run this in `folder`; empty for the current folder.
    Run {
        /// The program and its arguments.
        command: Vec<String>,
        /// Relative to the current folder.
        folder: PathBuf,
    },
    /// What no program should do unasked.
    Advise {
        /// A sentence for a person.
        text: String,
    },
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    /// The kind of what is wrong.
    pub id: Id,
    /// How bad it is.
    pub severity: Severity,
    /// The name of its kind; see [`Id::title`].
    pub title: String,
    /// Where it stands.
    pub place: Place,
    /// What stands there.
    pub found: String,
    /// Why that breaks.
    pub why: String,
    /// A part of what cargo, rustc, a build script or Python says when it breaks, word for word; of a project, what to
    /// expect, and of a log, what was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
    /// What mends it.
    pub mend: Vec<Step>,
}

impl Id {
    /// Every id, in the order of the reports.
    #[cfg(test)]
    pub const ALL: [Id; 15] = [
        Id::A1,
        Id::A2,
        Id::A3,
        Id::A4,
        Id::A5,
        Id::A6,
        Id::A7,
        Id::A8,
        Id::A9,
        Id::A10,
        Id::A11,
        Id::A12,
        Id::M1,
        Id::M2,
        Id::M3,
    ];

    /// The name that a reader remembers it by.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Id::A1 => "pyo3 and its companions are of different lines",
            Id::A2 => "one crate from two sources",
            Id::A3 => "the lock is not of the line that is asked for",
            Id::A4 => "a Python newer than the line accepts",
            Id::A5 => "a Python that the line no longer accepts",
            Id::A6 => "the check of the Python version is switched off",
            Id::A7 => "a Rust older than the line needs",
            Id::A8 => "a yanked release is locked or asked for",
            Id::A9 => "a name that the line removed",
            Id::A10 => "the build is pinned to another Python, or to none",
            Id::A11 => "abi3 or a wheel's tag contradicts what is claimed",
            Id::A12 => "a Rust panic kills the interpreter",
            Id::M1 => "several pyo3 in one lock",
            Id::M2 => "extension-module is on for `cargo test`",
            Id::M3 => "a Python version that YAML reads as a number",
        }
    }

    /// Whether it breaks the build, or only what the build is taken for.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Id::A3 | Id::A6 | Id::A8 => Severity::Warning,
            _ => Severity::Error,
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl Finding {
    /// A finding that nothing mends yet; see [`Finding::says`] and [`Finding::mend`].
    pub fn new(id: Id, place: Place, found: impl Into<String>, why: impl Into<String>) -> Self {
        Finding {
            id,
            severity: id.severity(),
            title: id.title().to_owned(),
            place,
            found: found.into(),
            why: why.into(),
            says: None,
            mend: Vec::new(),
        }
    }

    /// Adds a part of the message that goes with it.
    #[must_use]
    pub fn says(mut self, says: impl Into<String>) -> Self {
        self.says = Some(says.into());
        self
    }

    /// Adds the steps that mend it.
    #[must_use]
    pub fn mend(mut self, steps: impl IntoIterator<Item = Step>) -> Self {
        self.mend.extend(steps);
        self
    }
}

impl Step {
    /// A command that runs in `folder`.
    pub fn run(command: &[&str], folder: impl Into<PathBuf>) -> Step {
        Step::Run { command: command.iter().map(|&word| word.to_owned()).collect(), folder: folder.into() }
    }

    /// What a person has to decide.
    pub fn advise(text: impl Into<String>) -> Step {
        Step::Advise { text: text.into() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        self.line.map_or(Ok(()), |line| write!(f, ":{line}"))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Replace { file, line, old, new } if new.is_empty() => {
                write!(f, "{}:{line}: take `{}` out", file.display(), old.trim_matches([',', ' ']))
            }
            Step::Replace { file, line, old, new } => {
                let (old, new) = quoted(old, new);
                write!(f, "{}:{line}: change {old} to {new}", file.display())
            }
            Step::Delete { file, line, text } => {
                write!(f, "{}:{line}: take `{}` out", file.display(), text.trim())
            }
            Step::Append { file, text } => {
                write!(f, "{}: add `{}` at the end", file.display(), text.trim().replace('\n', "` and `"))
            }
            Step::Run { command, folder } if folder.as_os_str().is_empty() => {
                write!(f, "{}", command.join(" "))
            }
            Step::Run { command, folder } => {
                write!(f, "{} (in {})", command.join(" "), folder.display())
            }
            Step::Advise { text } => write!(f, "{text}"),
        }
    }
}

/// Two texts as a sentence quotes them: in double quotes, which those that bring quotes of one kind already have. Where the
/// quotes themselves are what changes, both stand between backticks.
fn quoted(old: &str, new: &str) -> (String, String) {
    let bare = |text: &str| {
        ['"', '\''].into_iter().find_map(|quote| {
            let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
            Some(inner.to_owned())
        })
    };
    match (bare(old), bare(new)) {
        (Some(old), Some(new)) => (format!("\"{old}\""), format!("\"{new}\"")),
        (None, None) if !old.contains('"') && !new.contains('"') => {
            (format!("\"{old}\""), format!("\"{new}\""))
        }
        _ => (format!("`{old}`"), format!("`{new}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_says_what_to_change_to_what() {
        let shown = |old: &str, new: &str| {
            Step::Replace { file: "a".into(), line: 1, old: old.into(), new: new.into() }.to_string()
        };
        assert_eq!(shown("with_gil", "attach"), "a:1: change \"with_gil\" to \"attach\"");
        assert_eq!(shown("\"0.24\"", "\"0.25\""), "a:1: change \"0.24\" to \"0.25\"");
        assert_eq!(shown("'0.24'", "'0.25'"), "a:1: change \"0.24\" to \"0.25\"");
        assert_eq!(shown("3.10", "\"3.10\""), "a:1: change `3.10` to `\"3.10\"`");
    }

    #[test]
    fn the_catalogue_has_a_section_for_each_id_and_no_other() {
        let catalogue = include_str!("../../../docs/doctor.md");
        let titles: Vec<&str> = catalogue.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        let ids: Vec<String> = Id::ALL.iter().map(|id| format!("{id} {}", id.title())).collect();
        assert_eq!(
            titles.iter().filter(|title| **title != "For programs").collect::<Vec<_>>(),
            ids.iter().collect::<Vec<_>>()
        );
    }
}
