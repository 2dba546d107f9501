//! What does `matrix.toml` say? Text in, a checked [`Config`] out, or the file, the line and what is allowed there.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::cell::{CellId, Line, Python, Value};
use crate::model::fingerprint::Fingerprint;

pub mod axis;
mod check;
mod keep;
mod negative;
mod packages;
pub mod pass_env;
mod preset;
pub mod pytest;
pub mod service;
mod suite;

use axis::{Axis, FreeAxis, FreeValue};
use check::Written;
pub use keep::{Keep, Kept};
pub use negative::Negative;
pub use packages::Packages;
pub use preset::{Choice, Combine, Exclusion, Missing, Preset};
use service::{ServiceId, ServiceSpec};
pub use suite::{Flaky, Suite};

/// The name of the file, at the root of the project.
pub const FILE: &str = "matrix.toml";

/// The checked content of `matrix.toml`.
#[derive(Debug, Clone)]
pub struct Config {
    /// The folder that `matrix.toml` stands in; every path in it is relative to this.
    pub root: PathBuf,
    /// The folder where the harness keeps everything.
    pub target: PathBuf,
    /// The files of the checkout, relative to the root, where something asks for all of them; see [`Config::lists_files`].
    pub files: Vec<PathBuf>,
    /// SHA-256 of the file's text.
    pub digest: String,
    pub extension: Extension,
    pub suite: Suite,
    /// What a preset and the command line added to the arguments of the tests.
    pub added: Vec<String>,
    pub budgets: Budgets,
    pub keep: Keep,
    /// Every axis, in the order of a cell's id.
    pub axes: Vec<Axis>,
    /// In the order of the file.
    pub services: Vec<ServiceSpec>,
    pub lines: Vec<LineSpec>,
    /// The project with planted faults, which has a matrix of its own.
    pub mutants: Option<PathBuf>,
    pub free_axes: Vec<FreeAxis>,
    pub presets: BTreeMap<String, Preset>,
    pub exclusions: Vec<Exclusion>,
    pub negatives: Vec<Negative>,
    pub criteria: Vec<Criterion>,
    /// The lines that the manifest does not ask for: their cells rehearse an upgrade.
    pub rehearsals: Vec<Line>,
}

/// The extension under test.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extension {
    /// The Python module that a cell imports, and whose `build_info()` it calls.
    pub module: String,
    pub manifest: PathBuf,
    pub pyproject: PathBuf,
    /// The files and folders that go into a wheel, besides the manifest, pyproject and the line's lock. Without any, all
    /// files of the checkout may.
    #[serde(default)]
    pub sources: Vec<PathBuf>,
    /// The folder of the lines' lock files. Without one, the harness makes them from the project's own `Cargo.lock`.
    #[serde(default)]
    pub locks: Option<PathBuf>,
}

impl Extension {
    /// The folder of its crate, relative to the root.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.manifest.parent().unwrap_or(Path::new(""))
    }
}

/// Wall-clock limits.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Budgets {
    #[serde(deserialize_with = "seconds")]
    pub probe: Duration,
    #[serde(deserialize_with = "seconds")]
    pub fetch: Duration,
    #[serde(deserialize_with = "seconds")]
    pub install: Duration,
    #[serde(deserialize_with = "seconds")]
    pub build: Duration,
    #[serde(deserialize_with = "seconds")]
    pub server: Duration,
    #[serde(deserialize_with = "seconds")]
    pub tests: Duration,
    #[serde(deserialize_with = "seconds")]
    pub benchmarks: Duration,
}

impl Default for Budgets {
    fn default() -> Self {
        Budgets {
            probe: Duration::from_secs(20),
            fetch: Duration::from_secs(300),
            install: Duration::from_secs(300),
            build: Duration::from_secs(1200),
            server: Duration::from_secs(60),
            tests: Duration::from_secs(180),
            benchmarks: Duration::from_secs(180),
        }
    }
}

/// One line of `PyO3`.
#[derive(Debug, Clone, Deserialize)]
pub struct LineSpec {
    pub name: Line,
    pub pyo3: String,
    /// Not on the axis: "all" does not include it.
    #[serde(default)]
    pub extra: bool,
    /// The crates that go with it and have a version here, such as `pyo3-async-runtimes`. The lock decides about others.
    #[serde(flatten)]
    pub companions: BTreeMap<String, String>,
}

impl LineSpec {
    /// The packages of the line that have a version in `matrix.toml`: `pyo3`, then its companions.
    pub fn pairing(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        let companions = self.companions.iter().map(|(name, version)| (name.as_str(), version.as_str()));
        std::iter::once(("pyo3", self.pyo3.as_str())).chain(companions)
    }

    /// This line with another release of one companion.
    #[must_use]
    pub fn with(&self, companion: &str, version: &str) -> LineSpec {
        let mut line = self.clone();
        line.companions.insert(companion.to_owned(), version.to_owned());
        line
    }
}

/// `pyo3 0.30.1 with pyo3-async-runtimes 0.30.0`.
impl fmt::Display for LineSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each = self.pairing().map(|(name, version)| format!("{name} {version}"));
        f.write_str(&each.collect::<Vec<_>>().join(" with "))
    }
}

/// One of the prototype's success criteria. Exactly one of `test` and `speedup` is given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Criterion {
    pub name: String,
    /// The end of a test's node id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<String>,
    /// Comparison → the factor that its interval must lie above.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub speedup: BTreeMap<String, f64>,
}

/// The error in `matrix.toml`, and its place.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("no {FILE} here or in a folder above {}\nhint: run this inside a checkout, or name the file with --config", .0.display())]
    Missing(PathBuf),
    #[error("cannot read {}: {source}\nhint: --config names a {FILE}; without it the nearest one upwards is read", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{} names {}, and there is no such file\nhint: paths in it are relative to its own folder", path.display(), named.display())]
    Astray { path: PathBuf, named: PathBuf },
    #[error("{}: [suite] {stage} names no file or folder that is there, and the settings of pytest have no testpaths that are\nhint: name what to run, such as \"tests\"; its files decide which runs are judged together", path.display())]
    Aimless { path: PathBuf, stage: &'static str },
    #[error("{} is there already\nhint: correct it, or move it away to have it inferred anew", .0.display())]
    Exists(PathBuf),
    #[error("{} names no project with planted faults\nhint: `[mutants] project` names its folder, which has a {FILE} of its own", .0.display())]
    NoMutants(PathBuf),
    #[error("{}:{line}: {message}", path.display())]
    Invalid { path: PathBuf, line: usize, message: String },
}

impl Config {
    /// Reads `path`, or the nearest `matrix.toml` from the current folder upwards. Returns the file too.
    pub fn load(path: Option<&Path>) -> Result<(Config, PathBuf), ConfigError> {
        let path = match path {
            Some(path) => path.to_owned(),
            None => nearest()?,
        };
        let unreadable = |source| ConfigError::Unreadable { path: path.clone(), source };
        let text = std::fs::read_to_string(&path).map_err(unreadable)?;
        let absolute = std::path::absolute(&path).map_err(unreadable)?;
        let root = absolute.parent().unwrap_or(Path::new("/")).to_owned();
        let config = Config::parse(&text, &path, root)?;
        let adapter = config.suite.adapter();
        let named = [Some(&config.extension.manifest), Some(&config.extension.pyproject), adapter.as_ref()];
        for named in named.into_iter().flatten() {
            if !config.root.join(named).is_file() {
                return Err(ConfigError::Astray { path, named: named.clone() });
            }
        }
        match config.aimless() {
            Some(stage) => Err(ConfigError::Aimless { path, stage }),
            None => Ok((config, path)),
        }
    }

    /// This config, with further arguments of pytest for the tests. Runs with others are not judged together.
    #[must_use]
    pub fn with_pytest(&self, arguments: &[String]) -> Config {
        let mut config = self.clone();
        config.add(arguments);
        let digest = Fingerprint::default().with(FILE, &self.digest);
        config.digest = arguments.iter().fold(digest, |print, argument| print.with("pytest", argument)).hex();
        config
    }

    /// This config, with the arguments of pytest that the preset gives to its cells. They stand in the file, so its digest holds
    /// them already. Cells that were named one by one are of no preset.
    #[must_use]
    pub fn of_preset(&self, name: &str) -> Config {
        let mut config = self.clone();
        if let Some(preset) = self.presets.get(name) {
            config.add(&preset.pytest);
        }
        config
    }

    fn add(&mut self, arguments: &[String]) {
        self.suite.tests.extend_from_slice(arguments);
        self.added.extend_from_slice(arguments);
    }

    /// The stage for which neither its arguments nor the settings name anything to run, if there is one.
    fn aimless(&self) -> Option<&'static str> {
        let stages = [("tests", &self.suite.tests), ("benchmarks", &self.suite.benchmarks)];
        let aimless = |arguments: &[String]| {
            // With `--pyargs` modules are named. Those of the wheel are sources of the extension.
            let modules = arguments.iter().any(|argument| argument == "--pyargs");
            !arguments.is_empty() && !modules && pytest::what_runs(&self.suite_folder(), arguments).is_empty()
        };
        stages.into_iter().find(|(_, arguments)| aimless(arguments)).map(|(stage, _)| stage)
    }

    /// Reads `text`; `path` is for messages.
    pub fn parse(text: &str, path: &Path, root: PathBuf) -> Result<Config, ConfigError> {
        let line = |offset: usize| text[..offset.min(text.len())].matches('\n').count() + 1;
        let at = |offset: usize, message: String| ConfigError::Invalid {
            path: path.to_owned(),
            line: line(offset),
            message,
        };
        let written: Written = toml::from_str(text).map_err(|error| {
            at(error.span().map_or(0, |span| span.start), in_plain_words(error.message()))
        })?;
        written.check().map_err(|fault| at(fault.offset, fault.message))?;
        let digest = Fingerprint::default().with(FILE, text).hex();
        Ok(written.into_config(root, digest, line))
    }

    /// The spec of a line of this config.
    #[must_use]
    pub fn line(&self, line: Line) -> Option<&LineSpec> {
        self.lines.iter().find(|spec| spec.name == line)
    }

    /// The services that a cell has.
    #[must_use]
    pub fn services_of(&self, cell: &CellId) -> Vec<ServiceId> {
        let given: Vec<&String> = self.choices(cell).flat_map(|choice| &choice.services).collect();
        self.services.iter().filter_map(|spec| spec.of_cell(cell, given.contains(&&spec.name))).collect()
    }

    /// The spec of a service of this config.
    #[must_use]
    pub fn service(&self, id: &ServiceId) -> Option<&ServiceSpec> {
        self.services.iter().find(|spec| spec.name == id.name)
    }

    /// Every Python, the extra ones included.
    pub fn pythons(&self) -> impl Iterator<Item = Python> {
        self.axes.iter().flat_map(|axis| &axis.values).filter_map(|value| match value {
            Value::Python(python) => Some(*python),
            _ => None,
        })
    }

    /// The names that the file gives to services and axes.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let services = self.services.iter().flat_map(|spec| [&spec.name, &spec.kind, &spec.title]);
        services.chain(self.axes.iter().map(|axis| &axis.name)).map(String::as_str)
    }

    /// The axis of that name.
    #[must_use]
    pub fn axis(&self, name: &str) -> Option<&Axis> {
        self.axes.iter().find(|axis| axis.name == name)
    }

    /// The axis that has this value.
    #[must_use]
    pub fn axis_of(&self, value: &Value) -> Option<&Axis> {
        self.axes.iter().find(|axis| axis.values.contains(value))
    }

    /// What the free axes say of a cell.
    pub fn choices<'c>(&'c self, cell: &'c CellId) -> impl Iterator<Item = &'c FreeValue> {
        let values = self.free_axes.iter().flat_map(|axis| &axis.values);
        values.filter(|value| cell.choices.contains(&value.name))
    }

    /// Returns the folder where the harness keeps everything.
    #[must_use]
    pub fn target(&self) -> PathBuf {
        self.target.clone()
    }

    /// Whether a run needs [`Config::files`].
    #[must_use]
    pub fn lists_files(&self) -> bool {
        self.suite.copy || self.extension.sources.is_empty()
    }

    /// What may go into a wheel besides manifest, pyproject and lock, relative to the root.
    #[must_use]
    pub fn sources(&self) -> &[PathBuf] {
        if self.extension.sources.is_empty() { &self.files } else { &self.extension.sources }
    }

    /// The folder that pytest is started in.
    #[must_use]
    pub fn suite_folder(&self) -> PathBuf {
        self.root.join(&self.suite.folder)
    }

    /// The lock file of a line.
    #[must_use]
    pub fn line_lock(&self, line: Line) -> PathBuf {
        self.locks(self.extension.locks.as_deref()).join(format!("{line}.lock"))
    }

    /// The hash-locked requirements of the cells of one Python.
    #[must_use]
    pub fn cell_lock(&self, python: Python) -> PathBuf {
        self.locks(self.suite.requirements.as_deref()).join(format!("py{python}.txt"))
    }

    /// The folder of locks that the project keeps, or that the harness makes.
    fn locks(&self, kept: Option<&Path>) -> PathBuf {
        kept.map_or_else(|| self.target.join("locks"), |kept| self.root.join(kept))
    }
}

fn nearest() -> Result<PathBuf, ConfigError> {
    let here = std::env::current_dir()
        .map_err(|source| ConfigError::Unreadable { path: PathBuf::from("."), source })?;
    // A checkout below another project is a project of its own.
    let top = here.ancestors().position(|folder| folder.join(".git").exists()).unwrap_or(usize::MAX - 1);
    let found = here.ancestors().take(top + 1).map(|folder| folder.join(FILE)).find(|file| file.is_file());
    found.ok_or(ConfigError::Missing(here))
}

/// Turns serde's message about a value of the wrong type into plain words: serde names Rust's types, but the reader
/// of a config knows only numbers and texts.
fn in_plain_words(message: &str) -> String {
    let (found, expected) = match message.rsplit_once("expected ") {
        Some((found, "u8" | "u16" | "u32" | "u64" | "usize")) => (found, "a whole number"),
        Some((found, "f64")) => (found, "a number"),
        _ => return message.to_owned(),
    };
    format!("{found}expected {expected}")
}

fn seconds<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Duration, D::Error> {
    match u64::deserialize(input)? {
        0 => {
            Err(serde::de::Error::custom("a budget of 0 seconds ends everything at once, allowed: 1 or more"))
        }
        seconds => Ok(Duration::from_secs(seconds)),
    }
}
