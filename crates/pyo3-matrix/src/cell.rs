//! What is a cell called? One Python × one Postgres × one PyO3 line, and the one place that prints and parses its id.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A CPython feature release, such as `3.12`, or `3.14t` for its free-threaded build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Python {
    pub major: u8,
    pub minor: u8,
    pub free_threaded: bool,
}

/// A major version of the Postgres server, such as `16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Postgres(pub u16);

/// A `PyO3` line: one pairing of `pyo3` and `pyo3-async-runtimes` of the same minor, and one lock file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Line {
    pub major: u16,
    pub minor: u16,
}

/// The identity of a cell. Prints as `py3.12-pg16-pyo3_0.30`, and parses from that alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct CellId {
    pub python: Python,
    pub postgres: Postgres,
    pub line: Line,
}

/// The part of a cell that a wheel and a tox environment depend on: Postgres cannot change them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WheelId {
    pub python: Python,
    pub line: Line,
}

/// A text that names no value of an axis. Carries what was expected, in the axis's own form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct ParseError {
    pub text: String,
    pub expected: &'static str,
}

impl CellId {
    #[must_use]
    pub fn wheel(self) -> WheelId {
        WheelId { python: self.python, line: self.line }
    }
}

impl fmt::Display for Python {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}{}", self.major, self.minor, if self.free_threaded { "t" } else { "" })
    }
}

impl fmt::Display for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl fmt::Display for WheelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "py{}-pyo3_{}", self.python, self.line)
    }
}

impl fmt::Display for CellId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "py{}-pg{}-pyo3_{}", self.python, self.postgres, self.line)
    }
}

/// Splits `3.12` into its two numbers; no sign, no space, no leading zero.
fn two_numbers<T: FromStr>(text: &str) -> Option<(T, T)> {
    let (major, minor) = text.split_once('.')?;
    Some((number(major)?, number(minor)?))
}

fn number<T: FromStr>(text: &str) -> Option<T> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

impl FromStr for Python {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let free_threaded = text.ends_with('t');
        two_numbers(text.strip_suffix('t').unwrap_or(text))
            .map(|(major, minor)| Python { major, minor, free_threaded })
            .ok_or_else(|| ParseError {
                text: text.into(),
                expected: "a Python version such as 3.12 or 3.14t",
            })
    }
}

impl FromStr for Postgres {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        number(text)
            .map(Postgres)
            .ok_or_else(|| ParseError { text: text.into(), expected: "a Postgres major version such as 16" })
    }
}

impl FromStr for Line {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        two_numbers(text)
            .map(|(major, minor)| Line { major, minor })
            .ok_or_else(|| ParseError { text: text.into(), expected: "a PyO3 line such as 0.30" })
    }
}

impl FromStr for CellId {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let parts = || {
            let (python, rest) = text.strip_prefix("py")?.split_once("-pg")?;
            let (postgres, line) = rest.split_once("-pyo3_")?;
            Some(CellId {
                python: python.parse().ok()?,
                postgres: postgres.parse().ok()?,
                line: line.parse().ok()?,
            })
        };
        parts().ok_or_else(|| ParseError {
            text: text.into(),
            expected: "a cell id such as py3.12-pg16-pyo3_0.30",
        })
    }
}

/// Each of these is a string wherever it is written down: in JSON, in TOML, as a map's key.
macro_rules! as_string {
    ($($name:ty),+) => {$(
        impl TryFrom<String> for $name {
            type Error = ParseError;
            fn try_from(text: String) -> Result<Self, ParseError> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.to_string()
            }
        }
    )+};
}
as_string!(Python, Postgres, Line, CellId);

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) {
        assert_eq!(text.parse::<CellId>().expect(text).to_string(), text);
    }

    #[test]
    fn a_cell_id_reads_back_as_it_prints() {
        check("py3.12-pg16-pyo3_0.30");
        check("py3.14t-pg18-pyo3_1.0");
    }

    #[test]
    fn a_text_that_would_print_otherwise_is_no_cell_id() {
        for text in
            ["py3.12-pg16", "py3.012-pg16-pyo3_0.30", "py3.12-pg+16-pyo3_0.30", "", "py3.12-pg16-pyo3_0.30 "]
        {
            assert!(text.parse::<CellId>().is_err(), "{text}");
        }
    }

    #[test]
    fn versions_are_ordered_as_numbers() {
        assert!("3.9".parse::<Python>().expect("a version") < "3.10".parse().expect("a version"));
        assert!("0.9".parse::<Line>().expect("a line") < "0.30".parse().expect("a line"));
    }
}
