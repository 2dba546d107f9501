//! Which crates go together, and what is a line among their versions? Names, and the arithmetic of requirements.

use std::collections::BTreeSet;

use semver::{Version, VersionReq};

use crate::facts;
use crate::version::Line;

pub const PYO3: &str = "pyo3";
pub const FFI: &str = "pyo3-ffi";
pub const RUNTIMES: &str = "pyo3-async-runtimes";

/// Crates that are released with `pyo3`, or for one of its lines, under the same minor.
pub const COMPANIONS: [&str; 3] = [RUNTIMES, FFI, "pyo3-asyncio"];

/// Crates of `PyO3`'s own repository, and its runtimes.
pub const OWN: [&str; 8] = [
    PYO3,
    FFI,
    "pyo3-macros",
    "pyo3-macros-backend",
    "pyo3-build-config",
    "pyo3-introspection",
    RUNTIMES,
    "pyo3-asyncio",
];

/// Crates of which a build wants one copy: types and traits of a second one are other types.
pub const SINGLE: [&str; 6] = [PYO3, RUNTIMES, FFI, "pyo3-macros", "pyo3-build-config", "tokio"];

/// The first line that the arithmetic looks at, and one beyond what may be published in its time.
const MINORS: std::ops::Range<u64> = 13..100;
/// No line had as many patch releases.
const PATCHES: std::ops::Range<u64> = 0..12;

/// The line that a version belongs to.
#[must_use]
pub fn line_of(version: &Version) -> Line {
    let number = |part: u64| u16::try_from(part).unwrap_or(u16::MAX);
    Line { major: number(version.major), minor: number(version.minor) }
}

/// The lines of which a release fits the requirement.
#[must_use]
pub fn lines_of(requirement: &VersionReq) -> BTreeSet<Line> {
    let fits =
        |minor: &u64| PATCHES.clone().any(|patch| requirement.matches(&Version::new(0, *minor, patch)));
    MINORS.filter(fits).map(|minor| line_of(&Version::new(0, minor, 0))).collect()
}

/// Whether the requirement has no upper end.
#[must_use]
pub fn is_open(requirement: &VersionReq) -> bool {
    requirement.matches(&Version::new(0, MINORS.end - 1, 0))
}

/// The newest line that is known here.
#[must_use]
pub fn newest() -> Line {
    facts::LINES[facts::LINES.len() - 1].line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(requirement: &str) -> String {
        let lines = lines_of(&requirement.parse().expect("a requirement"));
        let ends = [lines.first(), lines.last()].map(|line| line.map(Line::to_string).unwrap_or_default());
        ends.join("..")
    }

    #[test]
    fn a_requirement_lets_in_the_lines_of_its_releases() {
        assert_eq!(check("0.29"), "0.29..0.29");
        assert_eq!(check("=0.28.1"), "0.28..0.28");
        assert_eq!(check(">=0.23, <0.31"), "0.23..0.30");
        assert_eq!(check(">=0.28"), "0.28..0.99");
        assert_eq!(check("1"), "..");
    }

    #[test]
    fn only_a_range_without_an_upper_end_is_open() {
        for (requirement, open) in [(">=0.28", true), ("*", true), ("0.28", false), (">=0.23, <0.31", false)]
        {
            assert_eq!(is_open(&requirement.parse().expect("a requirement")), open, "{requirement}");
        }
    }
}
