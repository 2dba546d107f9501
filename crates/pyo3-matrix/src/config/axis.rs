//! What can a cell differ by? The axes of `matrix.toml` in order: Python, the releases of services, the `PyO3` line, and
//! the free axes.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::service::ServiceSpec;
use crate::model::cell::{self, Value};

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

impl FreeAxis {
    /// What is wrong with the values, if something is: each does something, and its name tells it from all others, which
    /// are those of the axes `before` as well.
    pub(super) fn check(&self, before: &[&str], services: &[ServiceSpec]) -> Result<(), String> {
        let FreeAxis { name, values } = self;
        if values.iter().all(|value| value.extra) {
            return Err(format!(
                "axis {name} has no [[axis.value]] that is not extra, at least one is needed"
            ));
        }
        let is_idle =
            |value: &&FreeValue| value.env.is_empty() && value.pytest.is_empty() && value.services.is_empty();
        if let Some(idle) = values.iter().filter(is_idle).nth(1) {
            return Err(format!(
                "{} of axis {name} is the second that changes nothing, needed: `env`, `pytest` or `service`",
                idle.name
            ));
        }
        values.iter().enumerate().try_for_each(|(at, value)| {
            let mut others =
                before.iter().copied().chain(values[..at].iter().map(|value| value.name.as_str()));
            value.check(name, others.any(|other| other == value.name), services)
        })
    }
}

impl FreeValue {
    fn check(&self, axis: &str, is_known: bool, services: &[ServiceSpec]) -> Result<(), String> {
        let FreeValue { name, services: given, .. } = self;
        if !cell::is_choice(name) {
            return Err(format!("axis {axis} has the value `{name}`, allowed: letters, digits, `_` and `.`"));
        }
        if is_known {
            return Err(format!(
                "axis {axis} has the value {name}, which is listed before: a cell's id tells the axis by the value"
            ));
        }
        let may_be_given = |given: &&String| {
            services.iter().any(|service| service.name == **given && service.releases.is_empty())
        };
        match given.iter().find(|given| !may_be_given(given)) {
            None => Ok(()),
            Some(unknown) => Err(format!(
                "{name} of axis {axis} has the service {unknown}, allowed: one of [service.*] that has no releases"
            )),
        }
    }
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
