//! Does `matrix.toml` contradict itself? The file as it is written in; a [`Config`], or the place of the error, out.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use super::axis::{Axis, FreeAxis};
use super::pass_env;
use super::preset::{WrittenExclusion, WrittenPreset};
use super::service::{self, ReleaseSpec, ServiceSpec, WrittenService};
use super::{Budgets, Config, Criterion, Extension, Keep, LineSpec, Negative, Suite};
use crate::model::cell::{Python, Value};

/// The only version of the file's shape.
const SCHEMA_VERSION: u32 = 1;

/// The file as it is written. Values that are checked across tables also have their place in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    schema_version: Spanned<u32>,
    extension: Extension,
    suite: Spanned<Suite>,
    #[serde(default)]
    budgets: Budgets,
    #[serde(default)]
    keep: Keep,
    python: Vec<Spanned<PythonTable>>,
    #[serde(default)]
    service: BTreeMap<String, Spanned<WrittenService>>,
    line: Vec<Spanned<LineSpec>>,
    #[serde(default)]
    axis: Vec<Spanned<FreeAxis>>,
    preset: BTreeMap<String, Spanned<WrittenPreset>>,
    #[serde(default)]
    exclude: Vec<Spanned<WrittenExclusion>>,
    #[serde(default)]
    negative: Vec<Spanned<Negative>>,
    #[serde(default)]
    criterion: Vec<Spanned<Criterion>>,
    mutants: Option<MutantsTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MutantsTable {
    project: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PythonTable {
    version: Python,
    #[serde(default)]
    extra: bool,
}

/// What an axis cannot be called: the fixed axes, and the command line's other options.
pub(super) const TAKEN: [&str; 23] = [
    "python",
    "line",
    "lines",
    "preset",
    "cell",
    "cells",
    "negative",
    "only",
    "shard",
    "shards",
    "costs",
    "failed",
    "benchmarks",
    "jobs",
    "retries",
    "config",
    "probe",
    "format",
    "strict",
    "explain",
    "pytest",
    "help",
    "version",
];

/// A contradiction, at a byte offset.
pub(super) struct Fault {
    pub(super) offset: usize,
    pub(super) message: String,
}

pub(super) fn fault<T>(at: &Spanned<T>, message: String) -> Fault {
    Fault { offset: at.span().start, message }
}

impl Written {
    pub(super) fn check(&self) -> Result<(), Fault> {
        let version = self.schema_version.get_ref();
        if *version != SCHEMA_VERSION {
            let message = format!("schema_version {version} is not known here, allowed: {SCHEMA_VERSION}");
            return Err(fault(&self.schema_version, message));
        }
        for (name, is_empty) in [("python", self.python.is_empty()), ("line", self.line.is_empty())] {
            if is_empty {
                let message = format!("no [[{name}]] is listed, at least one is needed");
                return Err(Fault { offset: 0, message });
            }
        }
        ascending("python", &self.python, |table| table.version)?;
        ascending("line", &self.line, |spec| spec.name)?;
        self.line.iter().try_for_each(pairing)?;
        self.criterion.iter().try_for_each(criterion)?;
        suite(&self.suite)?;
        not_all_extra("python", &self.python, |table| table.extra)?;
        not_all_extra("line", &self.line, |spec| spec.extra)?;
        // On which line they are matters to the config alone.
        let services = self.services(|_| 0)?;
        self.free_axes(&services)?;
        let axes = self.axes(&services);
        for exclusion in &self.exclude {
            exclusion.get_ref().read(&axes).map_err(|message| fault(exclusion, message))?;
        }
        for negative in &self.negative {
            self.impossible(negative.get_ref()).map_err(|message| fault(negative, message))?;
        }
        self.presets(&axes)
    }

    fn presets(&self, axes: &[Axis]) -> Result<(), Fault> {
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
            preset.get_ref().read(axes).map_err(|message| fault(preset, message))?;
        }
        Ok(())
    }

    /// Checks that every value of a free axis does something, and that its name tells it from all others.
    fn free_axes(&self, services: &[ServiceSpec]) -> Result<(), Fault> {
        let mut values: Vec<&str> = Vec::new();
        let mut names = TAKEN.to_vec();
        names.extend(services.iter().map(|service| service.name.as_str()));
        for axis in &self.axis {
            let FreeAxis { name, values: own } = axis.get_ref();
            if names.contains(&name.as_str()) || !is_axis(name) {
                let message = format!(
                    "an axis cannot be called `{name}`: use small letters and `_`, and each name once"
                );
                return Err(fault(axis, message));
            }
            axis.get_ref().check(&values, services).map_err(|message| fault(axis, message))?;
            names.push(name);
            values.extend(own.iter().map(|value| value.name.as_str()));
        }
        Ok(())
    }

    /// Every service, in the order of the file.
    fn services(&self, line: impl Fn(usize) -> usize) -> Result<Vec<ServiceSpec>, Fault> {
        let values = self.axis.iter().flat_map(|axis| &axis.get_ref().values);
        let given: Vec<&String> = values.flat_map(|value| &value.services).collect();
        service::read_all(&self.service, &given, line)
    }

    /// Every axis, in the order of a cell's id.
    fn axes(&self, services: &[ServiceSpec]) -> Vec<Axis> {
        let python = |table: &Spanned<PythonTable>| Value::Python(table.get_ref().version);
        let line = |spec: &Spanned<LineSpec>| Value::Line(spec.get_ref().name);
        let extra_pythons = self.python.iter().filter(|table| table.get_ref().extra);
        let fixed = |name: &str, title: &str, values, extra| Axis {
            name: name.to_owned(),
            title: title.to_owned(),
            values,
            extra,
            is_free: false,
        };
        let mut axes = vec![fixed(
            "python",
            "Python",
            self.python.iter().map(python).collect(),
            extra_pythons.map(python).collect(),
        )];
        for service in services.iter().filter(|service| !service.releases.is_empty()) {
            let release = |spec: &ReleaseSpec| Value::Release(spec.release.clone());
            let extra = service.releases.iter().filter(|spec| spec.extra).map(release).collect();
            let all = service.releases.iter().map(release).collect();
            axes.push(fixed(&service.name, &service.title, all, extra));
        }
        let extra_lines = self.line.iter().filter(|spec| spec.get_ref().extra);
        axes.push(fixed(
            "line",
            "PyO3",
            self.line.iter().map(line).collect(),
            extra_lines.map(line).collect(),
        ));
        axes.extend(self.axis.iter().map(|axis| Axis::from(axis.get_ref())));
        axes
    }

    fn impossible(&self, negative: &Negative) -> Result<(), String> {
        let Negative { line, python, pyo3_async_runtimes, message } = negative;
        if !self.line.iter().any(|table| table.get_ref().name == *line) {
            return Err(format!("this negative cell names line {line}, which no [[line]] lists"));
        }
        if python.is_some() == pyo3_async_runtimes.is_some() {
            return Err("a negative cell needs either `python` or `pyo3-async-runtimes`".into());
        }
        if message.trim().is_empty() {
            return Err("a negative cell needs the message that its build fails with".into());
        }
        let same = |other: &&Spanned<Negative>| other.get_ref().to_string() == negative.to_string();
        if self.negative.iter().filter(same).count() > 1 {
            return Err(format!("negative cell {negative} is listed twice"));
        }
        Ok(())
    }

    /// `line` says on which line an offset is.
    pub(super) fn into_config(self, root: PathBuf, digest: String, line: impl Fn(usize) -> usize) -> Config {
        fn bare<T>(spanned: Vec<Spanned<T>>) -> Vec<T> {
            spanned.into_iter().map(Spanned::into_inner).collect()
        }
        // The file was checked.
        let services = self.services(line).unwrap_or_default();
        let axes = self.axes(&services);
        let presets = self.preset.iter();
        let presets =
            presets.filter_map(|(name, preset)| Some((name.clone(), preset.get_ref().read(&axes).ok()?)));
        let exclusions = self.exclude.iter().filter_map(|exclusion| exclusion.get_ref().read(&axes).ok());
        Config {
            target: root.join("target").join("matrix"),
            root,
            files: Vec::new(),
            digest,
            presets: presets.collect(),
            exclusions: exclusions.collect(),
            axes,
            extension: self.extension,
            suite: self.suite.into_inner(),
            budgets: self.budgets,
            keep: self.keep,
            services,
            lines: bare(self.line),
            mutants: self.mutants.map(|table| table.project),
            added: Vec::new(),
            free_axes: bare(self.axis),
            negatives: bare(self.negative),
            criteria: bare(self.criterion),
            rehearsals: Vec::new(),
        }
    }
}

/// Whether an axis may be called so: its name is an option of the command line as well.
pub(super) fn is_axis(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    name.starts_with(|first: char| first.is_ascii_lowercase()) && name.bytes().all(plain)
}

pub(super) fn not_all_extra<T>(
    axis: &str,
    values: &[Spanned<T>],
    extra: impl Fn(&T) -> bool,
) -> Result<(), Fault> {
    match values {
        [first, ..] if values.iter().all(|value| extra(value.get_ref())) => {
            Err(fault(first, format!("every [[{axis}]] is extra, at least one must not be")))
        }
        _ => Ok(()),
    }
}

/// Checks that each value occurs once and in ascending order, so that the last one is the newest.
fn ascending<T, V: Ord + fmt::Display>(
    axis: &str,
    values: &[Spanned<T>],
    value: impl Fn(&T) -> V,
) -> Result<(), Fault> {
    for pair in values.windows(2) {
        let (before, after) = (value(pair[0].get_ref()), value(pair[1].get_ref()));
        if before >= after {
            let message = format!("[[{axis}]] {after} follows {before}: list each once, the newest last");
            return Err(fault(&pair[1], message));
        }
    }
    Ok(())
}

/// The packages that take the minor of the line. Other companions have versions of their own.
const OF_THE_LINE: [&str; 2] = ["pyo3", "pyo3-async-runtimes"];

/// Checks the versions of a line.
fn pairing(spec: &Spanned<LineSpec>) -> Result<(), Fault> {
    let LineSpec { name, .. } = spec.get_ref();
    for (package, version) in spec.get_ref().pairing() {
        if let Err(error) = version.parse::<semver::Version>() {
            let message = format!("line {name} names {package} {version}, which is no version: {error}");
            return Err(fault(spec, message));
        }
        if OF_THE_LINE.contains(&package)
            && !version.strip_prefix(&name.to_string()).is_some_and(|rest| rest.starts_with('.'))
        {
            let message = format!("line {name} names {package} {version}, allowed: {name}.<patch>");
            return Err(fault(spec, message));
        }
    }
    Ok(())
}

/// Checks the arguments of pytest, without any of which it would run every test that it finds; what the tests need, and see.
fn suite(suite: &Spanned<Suite>) -> Result<(), Fault> {
    if suite.get_ref().tests.is_empty() {
        return Err(fault(suite, "[suite] tests is empty, at least one argument of pytest is needed".into()));
    }
    if suite.get_ref().requirements.is_some() == suite.get_ref().packages.is_some() {
        return Err(fault(
            suite,
            "[suite] needs either `requirements`, the folder of locks, or `packages`".into(),
        ));
    }
    if let Some(file) =
        suite.get_ref().adapter().filter(|file| file.extension().is_none_or(|end| end != "py"))
    {
        let message = format!("[suite] kit is {}, allowed: FILE.py or FILE.py:NAME", file.display());
        return Err(fault(suite, message));
    }
    pass_env::check(&suite.get_ref().pass_env).map_err(|message| fault(suite, message))
}

fn criterion(criterion: &Spanned<Criterion>) -> Result<(), Fault> {
    let Criterion { name, test, speedup } = criterion.get_ref();
    if let Some((comparison, factor)) = speedup.iter().find(|(_, factor)| **factor <= 0.0) {
        let message =
            format!("criterion `{name}` needs {comparison} {factor} times as fast, allowed: above 0");
        return Err(fault(criterion, message));
    }
    if test.is_some() == speedup.is_empty() {
        return Ok(());
    }
    Err(fault(criterion, format!("criterion `{name}` needs either `test` or `speedup`")))
}

#[cfg(test)]
mod tests;
