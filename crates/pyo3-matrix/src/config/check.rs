//! Does `matrix.toml` contradict itself? The file as it is written in; a [`Config`], or the place of the error, out.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use super::{
    Budgets, Choice, Config, Criterion, Exclusion, Extension, Keep, LineSpec, Negative, PostgresSpec, Preset,
    Suite,
};
use crate::model::cell::Python;

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
    postgres: Vec<Spanned<PostgresSpec>>,
    line: Vec<Spanned<LineSpec>>,
    preset: BTreeMap<String, Spanned<Preset>>,
    #[serde(default)]
    exclude: Vec<Spanned<Exclusion>>,
    #[serde(default)]
    negative: Vec<Spanned<Negative>>,
    #[serde(default)]
    criterion: Vec<Spanned<Criterion>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PythonTable {
    version: Python,
    #[serde(default)]
    extra: bool,
}

/// A contradiction, at a byte offset.
pub(super) struct Fault {
    pub(super) offset: usize,
    pub(super) message: String,
}

fn fault<T>(at: &Spanned<T>, message: String) -> Fault {
    Fault { offset: at.span().start, message }
}

impl Written {
    pub(super) fn check(&self) -> Result<(), Fault> {
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
        suite(&self.suite)?;
        if self.python.iter().all(|table| table.get_ref().extra) {
            return Err(fault(&self.python[0], "every [[python]] is extra, at least one must not be".into()));
        }
        if self.postgres.iter().all(|spec| spec.get_ref().extra) {
            return Err(fault(
                &self.postgres[0],
                "every [[postgres]] is extra, at least one must not be".into(),
            ));
        }
        for exclusion in &self.exclude {
            self.names_cells(exclusion.get_ref()).map_err(|message| fault(exclusion, message))?;
        }
        for negative in &self.negative {
            self.impossible(negative.get_ref()).map_err(|message| fault(negative, message))?;
        }
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
            let Preset { python, postgres, line, exclude, .. } = preset.get_ref();
            for exclusion in exclude {
                self.names_cells(exclusion).map_err(|message| fault(preset, message))?;
            }
            known(preset, "python", python, self.python.iter().map(|p| p.get_ref().version))?;
            known(preset, "postgres", postgres, self.postgres.iter().map(|p| p.get_ref().major))?;
            known(preset, "line", line, self.line.iter().map(|l| l.get_ref().name))?;
        }
        Ok(())
    }

    fn names_cells(&self, exclusion: &Exclusion) -> Result<(), String> {
        let Exclusion { python, postgres, line, reason } = exclusion;
        let python_known = python.is_none_or(|p| self.python.iter().any(|t| t.get_ref().version == p));
        let postgres_known = postgres.is_none_or(|p| self.postgres.iter().any(|t| t.get_ref().major == p));
        let line_known = line.is_none_or(|l| self.line.iter().any(|t| t.get_ref().name == l));
        if !(python_known && postgres_known && line_known) {
            return Err("this exclusion names a version that no axis lists".into());
        }
        if reason.trim().is_empty() {
            return Err("an exclusion needs a reason that a reader would accept".into());
        }
        Ok(())
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

    pub(super) fn into_config(self, root: PathBuf, digest: String) -> Config {
        fn bare<T>(spanned: Vec<Spanned<T>>) -> Vec<T> {
            spanned.into_iter().map(Spanned::into_inner).collect()
        }
        Config {
            root,
            extra_pythons: self
                .python
                .iter()
                .map(Spanned::get_ref)
                .filter(|table| table.extra)
                .map(|table| table.version)
                .collect(),
            digest,
            extension: self.extension,
            suite: self.suite.into_inner(),
            budgets: self.budgets,
            keep: self.keep,
            pythons: bare(self.python).into_iter().map(|table| table.version).collect(),
            postgres: bare(self.postgres),
            lines: bare(self.line),
            presets: self.preset.into_iter().map(|(name, preset)| (name, preset.into_inner())).collect(),
            exclusions: bare(self.exclude),
            negatives: bare(self.negative),
            criteria: bare(self.criterion),
        }
    }
}

/// Checks that each value occurs once and in ascending order, so that the last one is the newest.
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

/// Checks that a line is one pairing of equal minors.
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

/// Checks that a fetched server has its checksum here, and belongs to its major.
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

/// Checks the arguments of pytest: without any, it would run every test that it finds.
fn suite(suite: &Spanned<Suite>) -> Result<(), Fault> {
    if suite.get_ref().tests.is_empty() {
        return Err(fault(suite, "[suite] tests is empty, at least one argument of pytest is needed".into()));
    }
    Ok(())
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

#[cfg(test)]
mod tests;
