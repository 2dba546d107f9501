//! Which cells does a preset choose? Values of each axis, how they combine, which cells are left out and why, and what
//! happens to cells without an interpreter.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::axis::Axis;
use crate::model::cell::{CellId, Value};

/// A named set of cells.
#[derive(Debug, Clone)]
pub struct Preset {
    pub default: bool,
    /// The name of an axis → its values. Cells are without a free axis that is not here.
    pub choices: BTreeMap<String, Choice>,
    pub combine: Combine,
    pub missing: Missing,
    /// Whether the negative cells of its lines are built as well.
    pub negative: bool,
    /// Cells that this preset alone leaves out.
    pub exclude: Vec<Exclusion>,
    /// Further arguments of pytest for the tests.
    pub pytest: Vec<String>,
}

/// A preset as the file has it: its axes are known only when the whole file is.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct WrittenPreset {
    #[serde(default)]
    pub default: bool,
    #[serde(default)]
    combine: Combine,
    #[serde(default)]
    missing: Missing,
    #[serde(default)]
    negative: bool,
    #[serde(default)]
    exclude: Vec<WrittenExclusion>,
    #[serde(default)]
    pytest: Vec<String>,
    #[serde(flatten)]
    choices: BTreeMap<String, Choice>,
}

/// What a preset may say besides its axes.
const SETTINGS: [&str; 6] = ["default", "combine", "missing", "negative", "exclude", "pytest"];

/// The values that a preset chooses on an axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Each value that is not marked `extra`.
    All,
    /// The last of the values that are not marked `extra`.
    Newest,
    These(Vec<String>),
}

/// How the chosen values of the axes become cells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Combine {
    /// Each value of an axis with each value of the others.
    #[default]
    Product,
    /// As few cells as possible in which every pair of values of every two axes occurs.
    Pairwise,
    /// As few cells as possible that tell every single cause of a failure from every other.
    Locating,
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

/// Cells that are planned but not run, and why.
#[derive(Debug, Clone)]
pub struct Exclusion {
    /// The values that it names, by axis. An axis that it does not name means each of its values.
    values: Vec<Vec<Value>>,
    pub reason: String,
}

/// An exclusion as the file has it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct WrittenExclusion {
    reason: String,
    #[serde(flatten)]
    values: BTreeMap<String, Named>,
}

/// One value of an axis, or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "expected a value of an axis or a list of them")]
enum Named {
    Text(String),
    Number(u16),
    Texts(Vec<String>),
    Numbers(Vec<u16>),
}

impl Exclusion {
    /// Whether this exclusion covers `cell`.
    #[must_use]
    pub fn covers(&self, cell: &CellId) -> bool {
        self.values.iter().all(|of_axis| of_axis.iter().any(|value| cell.has(value)))
    }
}

impl WrittenExclusion {
    pub fn read(&self, axes: &[Axis]) -> Result<Exclusion, String> {
        if self.reason.trim().is_empty() {
            return Err("an exclusion needs a reason that a reader would accept".into());
        }
        let of_axis = |(name, named): (&String, &Named)| {
            let known = axes.iter().find(|known| known.name == *name);
            let known = known.ok_or_else(|| no_axis("exclusion", name, axes, &["reason"]))?;
            let value = |text: &String| {
                let unknown =
                    || format!("this exclusion names {name} {text}, allowed: {}", known.texts().join(", "));
                known.value(text).cloned().ok_or_else(unknown)
            };
            named.texts().iter().map(value).collect::<Result<Vec<_>, _>>()
        };
        let values = self.values.iter().map(of_axis).collect::<Result<_, String>>()?;
        Ok(Exclusion { values, reason: self.reason.clone() })
    }
}

impl WrittenPreset {
    pub fn read(&self, axes: &[Axis]) -> Result<Preset, String> {
        for (name, choice) in &self.choices {
            let known = axes.iter().find(|known| known.name == *name);
            let known = known.ok_or_else(|| no_axis("preset", name, axes, &SETTINGS))?;
            let Choice::These(chosen) = choice else { continue };
            if let Some(unknown) = chosen.iter().find(|text| known.value(text).is_none()) {
                let allowed = known.texts().join(", ");
                return Err(format!(
                    "this preset chooses {name} {unknown}, allowed: {allowed}, \"all\", \"newest\""
                ));
            }
        }
        if let Some(axis) = axes.iter().find(|axis| !axis.is_free && !self.choices.contains_key(&axis.name)) {
            let name = &axis.name;
            return Err(format!(
                "this preset chooses no {name}, needed: {name} = \"all\", \"newest\" or a list of values"
            ));
        }
        let exclude = self.exclude.iter().map(|exclusion| exclusion.read(axes)).collect::<Result<_, _>>()?;
        let WrittenPreset { default, combine, missing, negative, .. } = *self;
        let (choices, pytest) = (self.choices.clone(), self.pytest.clone());
        Ok(Preset { default, choices, combine, missing, negative, exclude, pytest })
    }
}

impl Named {
    fn texts(&self) -> Vec<String> {
        match self {
            Named::Text(text) => vec![text.clone()],
            Named::Number(number) => vec![number.to_string()],
            Named::Texts(texts) => texts.clone(),
            Named::Numbers(numbers) => numbers.iter().map(u16::to_string).collect(),
        }
    }
}

fn no_axis(what: &str, name: &str, axes: &[Axis], settings: &[&str]) -> String {
    let names = axes.iter().map(|axis| axis.name.as_str()).chain(settings.iter().copied());
    format!("this {what} names `{name}`, which is no axis, allowed: {}", names.collect::<Vec<_>>().join(", "))
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
