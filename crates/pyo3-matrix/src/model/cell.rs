//! What is a cell called? One Python × one Postgres × one PyO3 line, and the one place that prints and parses its id.

use std::fmt;
use std::str::FromStr;

use pyo3_doctor::version::number;
pub use pyo3_doctor::version::{Line, ParseError, Python};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A major version of the Postgres server, such as `16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Postgres(pub u16);

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

impl CellId {
    #[must_use]
    pub fn wheel(self) -> WheelId {
        WheelId { python: self.python, line: self.line }
    }
}

impl fmt::Display for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
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

impl FromStr for Postgres {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        number(text)
            .map(Postgres)
            .ok_or_else(|| ParseError { text: text.into(), expected: "a Postgres major version such as 16" })
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

pyo3_doctor::as_string!(Postgres, CellId);

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
}
