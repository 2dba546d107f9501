//! Which cells does a preset choose? Three choices of values, how they combine, which cells are left out and why, and
//! what happens to cells without an interpreter.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::optional_major;
use crate::model::cell::{CellId, Line, Postgres, Python};

/// A named set of cells.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    #[serde(default)]
    pub default: bool,
    pub python: Choice,
    pub postgres: Choice,
    pub line: Choice,
    #[serde(default)]
    pub combine: Combine,
    #[serde(default)]
    pub missing: Missing,
    /// Whether the negative cells of its lines are built as well.
    #[serde(default)]
    pub negative: bool,
    /// Cells that this preset alone leaves out.
    #[serde(default)]
    pub exclude: Vec<Exclusion>,
}

/// The values that a preset chooses on an axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Each value that is not marked `extra`.
    All,
    /// The last of the values that are not marked `extra`.
    Newest,
    These(Vec<String>),
}

/// How the chosen values of the three axes become cells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Combine {
    /// Each value of an axis with each value of the others.
    #[default]
    Product,
    /// As few cells as possible in which every pair of values of every two axes occurs.
    Pairwise,
}

/// What becomes of cells whose interpreter can neither be found nor fetched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// They are red.
    #[default]
    Fail,
    /// They are skipped, with the reason.
    Skip,
}

/// Cells that are planned but not run, and why. A missing axis means each of its values.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exclusion {
    pub python: Option<Python>,
    #[serde(default, deserialize_with = "optional_major")]
    pub postgres: Option<Postgres>,
    pub line: Option<Line>,
    pub reason: String,
}

impl Exclusion {
    /// Whether this exclusion covers `cell`.
    #[must_use]
    pub fn covers(&self, cell: CellId) -> bool {
        self.python.is_none_or(|python| python == cell.python)
            && self.postgres.is_none_or(|postgres| postgres == cell.postgres)
            && self.line.is_none_or(|line| line == cell.line)
    }
}

impl<'de> Deserialize<'de> for Choice {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected \"all\", \"newest\" or a list of versions")]
        enum Form {
            Word(String),
            Texts(Vec<String>),
            Numbers(Vec<u16>),
        }
        match Form::deserialize(input)? {
            Form::Word(word) if word == "all" => Ok(Choice::All),
            Form::Word(word) if word == "newest" => Ok(Choice::Newest),
            Form::Word(word) => Err(serde::de::Error::custom(format!(
                "`{word}` is not a choice, allowed: \"all\", \"newest\" or a list of versions"
            ))),
            Form::Texts(values) => Ok(Choice::These(values)),
            Form::Numbers(values) => Ok(Choice::These(values.iter().map(u16::to_string).collect())),
        }
    }
}
