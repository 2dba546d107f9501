//! What is known of each published `PyO3` line? The one table that `plan` and `doctor` explain with.
//!
//! Sources: the `rust-version` and the build script of each line's newest `pyo3-ffi` (its verdict on made-up interpreter
//! configurations, measured in November 2026), and the yanked releases in the index of crates.io. `[package.metadata.cpython]`
//! of `pyo3-ffi` disagrees with what the crate accepts, so it is not used. A probe of the real crate goes before this table
//! wherever one can be made; the table answers at once, and knows lines that nothing was compiled for.

use crate::version::{Line, Python};

/// What one line accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineFacts {
    /// The line that the rest is about.
    pub line: Line,
    /// The oldest rustc that compiles it, as (major, minor).
    pub rust: (u16, u16),
    /// The oldest and the newest `CPython` 3.x with a GIL, as minors.
    pub python: (u8, u8),
    /// The oldest and the newest free-threaded `CPython` 3.x, as minors.
    pub free_threaded: (u8, u8),
    /// The newest 3.x that it promises to work with; what it accepts past that is a preview, with the GIL or without.
    pub promised: u8,
    /// Releases of `pyo3` that were withdrawn from the index.
    pub yanked: &'static [&'static str],
}

/// Every line from 0.23 on, oldest first.
pub const LINES: &[LineFacts] = &[
    facts(23, (1, 63), (7, 13), (13, 13), 13, &["0.23.0", "0.23.1", "0.23.2"]),
    facts(24, (1, 63), (7, 13), (13, 13), 13, &[]),
    facts(25, (1, 63), (7, 14), (13, 14), 14, &[]),
    facts(26, (1, 74), (7, 14), (13, 14), 14, &[]),
    facts(27, (1, 74), (7, 14), (13, 14), 14, &[]),
    facts(28, (1, 83), (7, 15), (13, 15), 14, &["0.28.0", "0.28.1"]),
    facts(29, (1, 83), (8, 16), (14, 16), 15, &[]),
    facts(30, (1, 85), (9, 16), (14, 16), 15, &[]),
];

const fn facts(
    minor: u16,
    rust: (u16, u16),
    python: (u8, u8),
    free_threaded: (u8, u8),
    promised: u8,
    yanked: &'static [&'static str],
) -> LineFacts {
    LineFacts { line: Line { major: 0, minor }, rust, python, free_threaded, promised, yanked }
}

/// An implementation of Python that `PyO3` builds for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Implementation {
    /// The one of python.org.
    CPython,
    /// `pypy3.11`.
    PyPy,
    /// `graalpy`.
    GraalPy,
}

impl Implementation {
    /// Its name in a sentence; `CPython` is what every reader calls Python.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Implementation::CPython => "Python",
            Implementation::PyPy => "PyPy",
            Implementation::GraalPy => "GraalPy",
        }
    }

    /// The program of a version, as it is called on PATH.
    #[must_use]
    pub fn program(self, version: &str) -> String {
        match self {
            Implementation::CPython => format!("python{version}"),
            Implementation::PyPy => format!("pypy{version}"),
            Implementation::GraalPy => "graalpy".to_owned(),
        }
    }
}

/// Whether a line accepts a Python.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acceptance {
    /// The line builds for it.
    Accepted,
    /// Newer than the newest that the line accepts, which is given.
    TooNew(Python),
    /// Older than the oldest that the line accepts, which is given.
    TooOld(Python),
}

impl LineFacts {
    /// The facts of a line, or none for one older than 0.23 or not yet known here.
    #[must_use]
    pub fn of(line: Line) -> Option<&'static Self> {
        LINES.iter().find(|facts| facts.line == line)
    }

    /// The oldest and the newest 3.x of an implementation that the line's newest `pyo3-ffi` builds for, as minors.
    #[must_use]
    pub fn minors(&self, implementation: Implementation) -> (u8, u8) {
        let newest = if self.line.minor <= 25 { 11 } else { self.promised };
        match implementation {
            Implementation::CPython => self.python,
            Implementation::PyPy => (if self.line.minor <= 26 { 9 } else { 11 }, newest),
            Implementation::GraalPy => (10, newest),
        }
    }

    /// Whether the line's `pyo3-ffi` builds for this Python.
    #[must_use]
    pub fn accepts(&self, python: Python) -> Acceptance {
        let (oldest, newest) = if python.free_threaded { self.free_threaded } else { self.python };
        let bound = |minor| Python { major: 3, minor, free_threaded: python.free_threaded };
        match python {
            python if python < bound(oldest) => Acceptance::TooOld(bound(oldest)),
            python if python > bound(newest) => Acceptance::TooNew(bound(newest)),
            _ => Acceptance::Accepted,
        }
    }
}

/// The newest releases of one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Releases {
    /// Of `pyo3`.
    pub pyo3: &'static str,
    /// Of `pyo3-async-runtimes`.
    pub runtimes: &'static str,
}

/// The newest releases of a line; a test holds them to `matrix.toml`.
#[must_use]
pub fn releases(line: Line) -> Option<Releases> {
    const RELEASES: &[(&str, &str)] = &[
        ("0.23.5", "0.23.0"),
        ("0.24.2", "0.24.0"),
        ("0.25.1", "0.25.0"),
        ("0.26.0", "0.26.0"),
        ("0.27.2", "0.27.0"),
        ("0.28.3", "0.28.0"),
        ("0.29.3", "0.29.0"),
        ("0.30.1", "0.30.0"),
    ];
    let at = LINES.iter().position(|facts| facts.line == line)?;
    RELEASES.get(at).map(|&(pyo3, runtimes)| Releases { pyo3, runtimes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(line: &str, python: &str) -> Acceptance {
        LineFacts::of(line.parse().unwrap()).unwrap().accepts(python.parse().unwrap())
    }

    #[test]
    fn the_bounds_are_what_the_build_scripts_said() {
        let bound = |text: &str| text.parse::<Python>().unwrap();
        assert_eq!(accepts("0.24", "3.14"), Acceptance::TooNew(bound("3.13")));
        assert_eq!(accepts("0.25", "3.14"), Acceptance::Accepted);
        assert_eq!(accepts("0.28", "3.13t"), Acceptance::Accepted);
        assert_eq!(accepts("0.29", "3.13t"), Acceptance::TooOld(bound("3.14t")));
        assert_eq!(accepts("0.30", "3.15t"), Acceptance::Accepted);
        assert_eq!(accepts("0.27", "3.15t"), Acceptance::TooNew(bound("3.14t")));
        assert_eq!(accepts("0.30", "3.8"), Acceptance::TooOld(bound("3.9")));
        assert_eq!(accepts("0.28", "3.15t"), Acceptance::Accepted);
        assert_eq!(accepts("0.28", "3.16t"), Acceptance::TooNew(bound("3.15t")));
        assert_eq!(accepts("0.30", "4.0"), Acceptance::TooNew(bound("3.16")));
    }

    #[test]
    fn other_implementations_have_bounds_of_their_own() {
        let minors = |line: &str, of| LineFacts::of(line.parse().unwrap()).unwrap().minors(of);
        assert_eq!(minors("0.25", Implementation::PyPy), (9, 11));
        assert_eq!(minors("0.26", Implementation::PyPy), (9, 14));
        assert_eq!(minors("0.27", Implementation::PyPy), (11, 14));
        assert_eq!(minors("0.24", Implementation::GraalPy), (10, 11));
        assert_eq!(minors("0.29", Implementation::GraalPy), (10, 15));
        assert_eq!(minors("0.29", Implementation::CPython), (8, 16));
    }

    #[test]
    fn an_unknown_line_has_no_facts() {
        assert_eq!(LineFacts::of("0.22".parse().unwrap()), None);
    }
}
