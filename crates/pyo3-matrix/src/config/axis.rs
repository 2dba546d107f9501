//! What can a cell differ by? The axes of `matrix.toml` in order: Python, the releases of services, the `PyO3` line, and
//! the free axes.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::model::cell::Value;

/// A named list of values.
#[derive(Debug, Clone)]
pub struct Axis {
    /// As presets and the command line name it.
    pub name: String,
    /// As messages name it.
    pub title: String,
    /// The newest last.
    pub values: Vec<Value>,
    /// Values past the axis: `all` does not include them; a preset or the command line has to name them.
    pub extra: Vec<Value>,
    /// Whether cells of a preset that does not name it are without it.
    pub is_free: bool,
}

/// `[[axis]]`: an axis that this project alone has.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FreeAxis {
    pub name: String,
    #[serde(rename = "value")]
    pub values: Vec<FreeValue>,
}

/// `[[axis.value]]`: what a cell with this value has that others have not.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FreeValue {
    pub name: String,
    /// Variables of the cell's environment.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Services that the cells with this value have, and others have not.
    #[serde(default, rename = "service")]
    pub services: Vec<String>,
    /// Further arguments of pytest in both stages.
    #[serde(default)]
    pub pytest: Vec<String>,
    #[serde(default)]
    pub extra: bool,
}

impl Axis {
    /// The values that `all` means.
    pub fn standard(&self) -> impl Iterator<Item = &Value> {
        self.values.iter().filter(|value| !self.extra.contains(value))
    }

    /// The value that is written so.
    #[must_use]
    pub fn value(&self, text: &str) -> Option<&Value> {
        self.values.iter().find(|value| value.to_string() == text)
    }

    /// Every value, as it is written.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        self.values.iter().map(Value::to_string).collect()
    }
}

impl From<&FreeAxis> for Axis {
    fn from(axis: &FreeAxis) -> Axis {
        let value = |value: &FreeValue| Value::Choice(value.name.clone());
        Axis {
            name: axis.name.clone(),
            title: axis.name.clone(),
            values: axis.values.iter().map(value).collect(),
            extra: axis.values.iter().filter(|value| value.extra).map(value).collect(),
            is_free: true,
        }
    }
}
