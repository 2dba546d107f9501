//! What is a cell called? One value of each axis in, its id out, and back. This is the one place that prints and parses
//! an id.

use std::fmt;
use std::str::FromStr;

use pyo3_doctor::version::number;
pub use pyo3_doctor::version::{Line, ParseError, Python};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A release of a service that the tests of a cell talk to. Prints as `pg16`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Release {
    /// The letters that stand for the service in an id, such as `pg`.
    pub tag: String,
    /// The numbers of `2.10`, so that it is newer than `2.9`.
    pub version: Vec<u16>,
}

/// The identity of a cell. Prints as `py3.12-pg16-pyo3_0.30-uvloop`, and parses from that alone: Python, the releases of
/// the services, the `PyO3` line, the values of the free axes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct CellId {
    pub python: Python,
    /// In the order of the services.
    pub releases: Vec<Release>,
    pub line: Line,
    /// In the order of the free axes. No two free axes have the same value, so a value tells its axis.
    pub choices: Vec<String>,
}

/// A value of any axis, as the command line and `matrix.toml` write it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    Python(Python),
    Release(Release),
    Line(Line),
    Choice(String),
}

/// The part of a cell that a wheel and a tox environment depend on: neither a service nor a free axis can change them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WheelId {
    pub python: Python,
    pub line: Line,
}

impl CellId {
    #[must_use]
    pub fn wheel(&self) -> WheelId {
        WheelId { python: self.python, line: self.line }
    }

    /// The cell with these values, if a Python and a line are among them.
    pub fn of<'v>(values: impl IntoIterator<Item = &'v Value>) -> Option<CellId> {
        let (mut python, mut line) = (None, None);
        let (mut releases, mut choices) = (Vec::new(), Vec::new());
        for value in values {
            match value {
                Value::Python(value) => python = Some(*value),
                Value::Release(value) => releases.push(value.clone()),
                Value::Line(value) => line = Some(*value),
                Value::Choice(value) => choices.push(value.clone()),
            }
        }
        Some(CellId { python: python?, releases, line: line?, choices })
    }

    /// Whether the cell has this value on its axis.
    #[must_use]
    pub fn has(&self, value: &Value) -> bool {
        match value {
            Value::Python(value) => self.python == *value,
            Value::Release(value) => self.releases.contains(value),
            Value::Line(value) => self.line == *value,
            Value::Choice(value) => self.choices.contains(value),
        }
    }

    /// How many values it has, a Python and a line among them.
    #[must_use]
    pub fn width(&self) -> usize {
        2 + self.releases.len() + self.choices.len()
    }

    /// The order in which cells run: the cells of a wheel stay together.
    #[must_use]
    pub fn by_wheel(&self) -> impl Ord + use<> {
        (self.line, self.python, self.releases.clone(), self.choices.clone())
    }
}

/// Whether a free axis may have this value: an id has to be a folder's name, and `-` divides its parts.
#[must_use]
pub fn is_choice(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.';
    text.starts_with(|first: char| first.is_ascii_alphanumeric()) && text.bytes().all(plain)
}

impl Release {
    /// The version alone: `16`.
    #[must_use]
    pub fn number(&self) -> String {
        self.version.iter().map(u16::to_string).collect::<Vec<_>>().join(".")
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.tag, self.number())
    }
}

/// Without the letters that an id has around it.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Python(value) => value.fmt(f),
            Value::Release(value) => f.write_str(&value.number()),
            Value::Line(value) => value.fmt(f),
            Value::Choice(value) => f.write_str(value),
        }
    }
}

impl fmt::Display for WheelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "py{}-pyo3_{}", self.python, self.line)
    }
}

impl fmt::Display for CellId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "py{}", self.python)?;
        self.releases.iter().try_for_each(|release| write!(f, "-{release}"))?;
        write!(f, "-pyo3_{}", self.line)?;
        self.choices.iter().try_for_each(|choice| write!(f, "-{choice}"))
    }
}

impl FromStr for Release {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let parts = || {
            let (tag, version) = text.split_at(text.find(|c: char| c.is_ascii_digit())?);
            let is_tag = !tag.is_empty() && tag.bytes().all(|byte| byte.is_ascii_lowercase());
            let version = version.split('.').map(number).collect::<Option<_>>()?;
            is_tag.then(|| Release { tag: tag.to_owned(), version })
        };
        parts().ok_or_else(|| ParseError { text: text.into(), expected: "a release such as pg16" })
    }
}

impl FromStr for CellId {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let parts = || {
            let mut parts = text.split('-');
            let python = parts.next()?.strip_prefix("py")?.parse().ok()?;
            let mut releases = Vec::new();
            let line = loop {
                let part = parts.next()?;
                match part.strip_prefix("pyo3_") {
                    Some(line) => break line.parse().ok()?,
                    None => releases.push(part.parse().ok()?),
                }
            };
            let choices: Vec<String> = parts.map(str::to_owned).collect();
            choices.iter().all(|choice| is_choice(choice)).then_some(CellId {
                python,
                releases,
                line,
                choices,
            })
        };
        parts().ok_or_else(|| ParseError {
            text: text.into(),
            expected: "a cell id such as py3.12-pg16-pyo3_0.30",
        })
    }
}

pyo3_doctor::as_string!(Release, CellId);

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
        check("py3.12-pyo3_0.30");
        check("py3.12-pg16-nats2.10-pyo3_0.30-uvloop-loop_native");
    }

    #[test]
    fn a_text_that_would_print_otherwise_is_no_cell_id() {
        for text in [
            "py3.12-pg16",
            "py3.012-pg16-pyo3_0.30",
            "py3.12-pg+16-pyo3_0.30",
            "py3.12-16-pyo3_0.30",
            "py3.12-pg-pyo3_0.30",
            "py3.12-pyo3_0.30-",
            "py3.12-pyo3_0.30-a/b",
            "",
            "py3.12-pg16-pyo3_0.30 ",
        ] {
            assert!(text.parse::<CellId>().is_err(), "{text}");
        }
    }

    #[test]
    fn releases_are_ordered_as_numbers() {
        let release = |text: &str| text.parse::<Release>().expect("a release");
        assert!(release("nats2.9") < release("nats2.10"));
        assert!(release("pg9") < release("pg16"));
    }
}
