//! What does `matrix.toml` say? Text in, a checked [`Config`] out, or the file, the line and what is allowed there.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::cell::{CellId, Line, Postgres, Python};

/// The name of the file, at the root of the project.
pub const FILE: &str = "matrix.toml";
const SCHEMA_VERSION: u32 = 1;

/// The checked content of `matrix.toml`.
#[derive(Debug, Clone)]
pub struct Config {
    /// The folder that `matrix.toml` stands in; every path in it is relative to this.
    pub root: PathBuf,
    pub extension: Extension,
    pub suite: Suite,
    pub budgets: Budgets,
    pub pythons: Vec<Python>,
    pub postgres: Vec<PostgresSpec>,
    pub lines: Vec<LineSpec>,
    pub presets: BTreeMap<String, Preset>,
    pub exclusions: Vec<Exclusion>,
    pub criteria: Vec<Criterion>,
}

/// The extension under test.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extension {
    /// The Python module that is imported, and whose `build_info()` is asked.
    pub module: String,
    pub manifest: PathBuf,
    pub pyproject: PathBuf,
    /// What goes into a wheel besides the manifest, pyproject and the line's lock.
    pub sources: Vec<PathBuf>,
    /// The folder of the lines' lock files.
    pub locks: PathBuf,
}

/// What runs in a cell.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    pub tox: PathBuf,
    /// The folder of the hash-locked requirements: `py<version>.txt`, `tools.txt`, `node.txt`.
    pub requirements: PathBuf,
    /// pytest arguments of the correctness stage.
    pub tests: Vec<String>,
    /// pytest arguments of the benchmark stage.
    pub benchmarks: Vec<String>,
}

/// Wall-clock limits.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
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

/// How a server of one major is found and started.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostgresSpec {
    #[serde(deserialize_with = "major")]
    pub major: Postgres,
    /// The password method given to initdb.
    pub auth: Auth,
    /// A folder with `initdb` and `postgres` that is preferred to what the machine has.
    pub bin: Option<PathBuf>,
    /// The pinned version of `@embedded-postgres/<platform>`.
    pub npm: Option<String>,
    /// npm's integrity value (`sha512-…`) per platform.
    #[serde(default)]
    pub integrity: BTreeMap<String, String>,
}

/// A password method of Postgres.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Auth {
    #[serde(rename = "md5")]
    Md5,
    #[serde(rename = "scram-sha-256")]
    Scram,
}

/// One pairing.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LineSpec {
    pub name: Line,
    pub pyo3: String,
    pub pyo3_async_runtimes: String,
}

/// A named set of cells: the product of three choices.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    #[serde(default)]
    pub default: bool,
    pub python: Choice,
    pub postgres: Choice,
    pub line: Choice,
}

/// Which values of an axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    All,
    Newest,
    These(Vec<String>),
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

/// What is wrong with `matrix.toml`, and where.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("no {FILE} here or in a folder above {}\nhint: run this inside a checkout, or name the file with --config", .0.display())]
    Missing(PathBuf),
    #[error("cannot read {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{}:{line}: {message}", path.display())]
    Invalid { path: PathBuf, line: usize, message: String },
}

/// The file as it is written, with the place of what is checked across tables.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    schema_version: Spanned<u32>,
    extension: Extension,
    suite: Suite,
    budgets: Budgets,
    python: Vec<Spanned<PythonTable>>,
    postgres: Vec<Spanned<PostgresSpec>>,
    line: Vec<Spanned<LineSpec>>,
    preset: BTreeMap<String, Spanned<Preset>>,
    #[serde(default)]
    exclude: Vec<Spanned<Exclusion>>,
    #[serde(default)]
    criterion: Vec<Spanned<Criterion>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PythonTable {
    version: Python,
}

impl Config {
    /// Reads `path`, or the nearest `matrix.toml` from the current folder upwards.
    pub fn load(path: Option<&Path>) -> Result<Config, ConfigError> {
        let path = match path {
            Some(path) => path.to_owned(),
            None => nearest()?,
        };
        let unreadable = |source| ConfigError::Unreadable { path: path.clone(), source };
        let text = std::fs::read_to_string(&path).map_err(unreadable)?;
        let absolute = std::path::absolute(&path).map_err(unreadable)?;
        let root = absolute.parent().unwrap_or(Path::new("/")).to_owned();
        Config::parse(&text, &path, root)
    }

    /// Reads `text`; `path` is for messages.
    pub fn parse(text: &str, path: &Path, root: PathBuf) -> Result<Config, ConfigError> {
        let at = |offset: usize, message: String| ConfigError::Invalid {
            path: path.to_owned(),
            line: text[..offset.min(text.len())].matches('\n').count() + 1,
            message,
        };
        let written: Written = toml::from_str(text)
            .map_err(|error| at(error.span().map_or(0, |span| span.start), error.message().to_owned()))?;
        written.check().map_err(|fault| at(fault.offset, fault.message))?;
        Ok(written.into_config(root))
    }

    /// The spec of a line of this config.
    #[must_use]
    pub fn line(&self, line: Line) -> Option<&LineSpec> {
        self.lines.iter().find(|spec| spec.name == line)
    }

    /// The spec of a major of this config.
    #[must_use]
    pub fn server(&self, major: Postgres) -> Option<&PostgresSpec> {
        self.postgres.iter().find(|spec| spec.major == major)
    }

    /// Where the harness keeps everything.
    #[must_use]
    pub fn target(&self) -> PathBuf {
        self.root.join("target").join("matrix")
    }

    /// The lock file of a line.
    #[must_use]
    pub fn line_lock(&self, line: Line) -> PathBuf {
        self.root.join(&self.extension.locks).join(format!("{line}.lock"))
    }

    /// The hash-locked requirements of the cells of one Python.
    #[must_use]
    pub fn cell_lock(&self, python: Python) -> PathBuf {
        self.root.join(&self.suite.requirements).join(format!("py{python}.txt"))
    }
}

fn nearest() -> Result<PathBuf, ConfigError> {
    let here = std::env::current_dir()
        .map_err(|source| ConfigError::Unreadable { path: PathBuf::from("."), source })?;
    let found = here.ancestors().map(|folder| folder.join(FILE)).find(|file| file.is_file());
    found.ok_or(ConfigError::Missing(here))
}

/// A contradiction, at a byte offset.
struct Fault {
    offset: usize,
    message: String,
}

fn fault<T>(at: &Spanned<T>, message: String) -> Fault {
    Fault { offset: at.span().start, message }
}

impl Written {
    fn check(&self) -> Result<(), Fault> {
        let version = self.schema_version.get_ref();
        if *version != SCHEMA_VERSION {
            let message = format!("schema_version {version} is not known here, allowed: {SCHEMA_VERSION}");
            return Err(fault(&self.schema_version, message));
        }
        ascending("python", &self.python, |table| table.version)?;
        ascending("postgres", &self.postgres, |spec| spec.major)?;
        ascending("line", &self.line, |spec| spec.name)?;
        self.line.iter().try_for_each(pairing)?;
        self.postgres.iter().try_for_each(pinned)?;
        self.criterion.iter().try_for_each(criterion)?;
        self.exclude.iter().try_for_each(|exclusion| self.names_cells(exclusion))?;
        self.presets()
    }

    fn presets(&self) -> Result<(), Fault> {
        let defaults: Vec<_> = self.preset.values().filter(|preset| preset.get_ref().default).collect();
        match defaults[..] {
            [_] => {}
            [] => {
                return Err(Fault {
                    offset: 0,
                    message: "no preset says `default = true`, allowed: exactly one".into(),
                });
            }
            [_, second, ..] => {
                return Err(fault(second, "a second preset says `default = true`, allowed: one".into()));
            }
        }
        for preset in self.preset.values() {
            let Preset { python, postgres, line, .. } = preset.get_ref();
            known(preset, "python", python, self.python.iter().map(|p| p.get_ref().version))?;
            known(preset, "postgres", postgres, self.postgres.iter().map(|p| p.get_ref().major))?;
            known(preset, "line", line, self.line.iter().map(|l| l.get_ref().name))?;
        }
        Ok(())
    }

    fn names_cells(&self, exclusion: &Spanned<Exclusion>) -> Result<(), Fault> {
        let Exclusion { python, postgres, line, reason } = exclusion.get_ref();
        let python_known = python.is_none_or(|p| self.python.iter().any(|t| t.get_ref().version == p));
        let postgres_known = postgres.is_none_or(|p| self.postgres.iter().any(|t| t.get_ref().major == p));
        let line_known = line.is_none_or(|l| self.line.iter().any(|t| t.get_ref().name == l));
        if !(python_known && postgres_known && line_known) {
            return Err(fault(exclusion, "this exclusion names a version that no axis lists".into()));
        }
        if reason.trim().is_empty() {
            return Err(fault(exclusion, "an exclusion needs a reason that a reader would accept".into()));
        }
        Ok(())
    }

    fn into_config(self, root: PathBuf) -> Config {
        fn bare<T>(spanned: Vec<Spanned<T>>) -> Vec<T> {
            spanned.into_iter().map(Spanned::into_inner).collect()
        }
        Config {
            root,
            extension: self.extension,
            suite: self.suite,
            budgets: self.budgets,
            pythons: bare(self.python).into_iter().map(|table| table.version).collect(),
            postgres: bare(self.postgres),
            lines: bare(self.line),
            presets: self.preset.into_iter().map(|(name, preset)| (name, preset.into_inner())).collect(),
            exclusions: bare(self.exclude),
            criteria: bare(self.criterion),
        }
    }
}

/// Each value once and in ascending order, so that the last one is the newest.
fn ascending<T, V: Ord + fmt::Display>(
    axis: &str,
    values: &[Spanned<T>],
    value: impl Fn(&T) -> V,
) -> Result<(), Fault> {
    if values.is_empty() {
        return Err(Fault { offset: 0, message: format!("no [[{axis}]] is listed, at least one is needed") });
    }
    for pair in values.windows(2) {
        let (before, after) = (value(pair[0].get_ref()), value(pair[1].get_ref()));
        if before >= after {
            let message = format!("[[{axis}]] {after} follows {before}: list each once, the newest last");
            return Err(fault(&pair[1], message));
        }
    }
    Ok(())
}

/// A line is one pairing of equal minors.
fn pairing(spec: &Spanned<LineSpec>) -> Result<(), Fault> {
    let LineSpec { name, pyo3, pyo3_async_runtimes } = spec.get_ref();
    for (package, version) in [("pyo3", pyo3), ("pyo3-async-runtimes", pyo3_async_runtimes)] {
        if !version.strip_prefix(&name.to_string()).is_some_and(|rest| rest.starts_with('.')) {
            let message = format!("line {name} names {package} {version}, allowed: {name}.<patch>");
            return Err(fault(spec, message));
        }
    }
    Ok(())
}

/// A server that is fetched has its checksum here, and belongs to its major.
fn pinned(spec: &Spanned<PostgresSpec>) -> Result<(), Fault> {
    let PostgresSpec { major, npm, integrity, .. } = spec.get_ref();
    if let Some(version) = npm {
        if !version.starts_with(&format!("{major}.")) {
            return Err(fault(
                spec,
                format!("postgres {major} names npm version {version}, allowed: {major}.<minor>…"),
            ));
        }
    }
    match integrity.values().find(|value| !value.starts_with("sha512-")) {
        Some(value) => {
            Err(fault(spec, format!("integrity `{value}` is not npm's form, allowed: sha512-<base64>")))
        }
        None => Ok(()),
    }
}

fn criterion(criterion: &Spanned<Criterion>) -> Result<(), Fault> {
    let Criterion { name, test, speedup } = criterion.get_ref();
    if test.is_some() == speedup.is_empty() {
        return Ok(());
    }
    Err(fault(criterion, format!("criterion `{name}` needs either `test` or `speedup`")))
}

fn known<T, V: fmt::Display>(
    preset: &Spanned<T>,
    axis: &str,
    choice: &Choice,
    values: impl Iterator<Item = V>,
) -> Result<(), Fault> {
    let Choice::These(chosen) = choice else { return Ok(()) };
    let values: Vec<String> = values.map(|value| value.to_string()).collect();
    match chosen.iter().find(|name| !values.contains(name)) {
        Some(name) => {
            let allowed = values.join(", ");
            Err(fault(
                preset,
                format!("this preset chooses {axis} {name}, allowed: {allowed}, \"all\", \"newest\""),
            ))
        }
        None => Ok(()),
    }
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

impl fmt::Display for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Auth::Md5 => "md5",
            Auth::Scram => "scram-sha-256",
        })
    }
}

fn seconds<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Duration, D::Error> {
    match u64::deserialize(input)? {
        0 => {
            Err(serde::de::Error::custom("a budget of 0 seconds ends everything at once, allowed: 1 or more"))
        }
        seconds => Ok(Duration::from_secs(seconds)),
    }
}

fn major<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Postgres, D::Error> {
    u16::deserialize(input).map(Postgres)
}

fn optional_major<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Option<Postgres>, D::Error> {
    major(input).map(Some)
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
