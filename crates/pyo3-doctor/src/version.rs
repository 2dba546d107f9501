//! How are a CPython feature release and a `PyO3` line written? Text in, numbers out, and back.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A CPython feature release, such as `3.12`, or `3.14t` for its free-threaded build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Python {
    /// The 3 of 3.12.
    pub major: u8,
    /// The 12 of 3.12.
    pub minor: u8,
    /// Whether it is built without the global interpreter lock.
    pub free_threaded: bool,
}

/// A `PyO3` line: `pyo3` and those companions of the same minor that the project has, and one lock file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Line {
    /// The 0 of 0.30.
    pub major: u16,
    /// The 30 of 0.30.
    pub minor: u16,
}

/// A text that names no value of an axis. Carries what was expected, in the axis's own form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct ParseError {
    /// The text that was given.
    pub text: String,
    /// What it should have been, with an example.
    pub expected: &'static str,
}

impl fmt::Display for Python {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}{}", self.major, self.minor, if self.free_threaded { "t" } else { "" })
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// Splits `3.12` into its two numbers; no sign, no space, no leading zero.
fn two_numbers<T: FromStr>(text: &str) -> Option<(T, T)> {
    let (major, minor) = text.split_once('.')?;
    Some((number(major)?, number(minor)?))
}

/// Reads one number; no sign, no space, no leading zero.
#[must_use]
pub fn number<T: FromStr>(text: &str) -> Option<T> {
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

impl FromStr for Line {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        two_numbers(text)
            .map(|(major, minor)| Line { major, minor })
            .ok_or_else(|| ParseError { text: text.into(), expected: "a PyO3 line such as 0.30" })
    }
}

/// Each of these is a string wherever it is written down: in JSON, in TOML, as a map's key.
#[macro_export]
macro_rules! as_string {
    ($($name:ty),+) => {$(
        impl TryFrom<String> for $name {
            type Error = $crate::version::ParseError;
            fn try_from(text: String) -> Result<Self, $crate::version::ParseError> {
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
as_string!(Python, Line);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_numbers() {
        assert!("3.9".parse::<Python>().expect("a version") < "3.10".parse().expect("a version"));
        assert!("0.9".parse::<Line>().expect("a line") < "0.30".parse().expect("a line"));
    }
}
