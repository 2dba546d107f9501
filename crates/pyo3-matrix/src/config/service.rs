//! What do the tests of a cell talk to? `[service.NAME]` with its releases in; what every service has, and what only its kind
//! can read, out.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::{Spanned, Table};

use super::Missing;
use super::check::{Fault, TAKEN, fault, is_axis};
use crate::model::cell::{CellId, Release};

/// The kind of a service that says none.
const DEFAULT_KIND: &str = "program";

/// A service of `matrix.toml`.
#[derive(Debug, Clone)]
pub struct ServiceSpec {
    /// As its axis, its versions and its log are named.
    pub name: String,
    /// Who provides it.
    pub kind: String,
    /// As messages name it.
    pub title: String,
    /// None if there is one of it for every cell.
    pub releases: Vec<ReleaseSpec>,
    /// Whether only the cells have it that a value of a free axis gives it to.
    pub is_chosen: bool,
    /// What becomes of the cells where it cannot be had.
    pub missing: Missing,
    /// What is for its kind to read.
    pub settings: Table,
    /// Its line in the file.
    pub line: usize,
}

/// `[[service.NAME.release]]`.
#[derive(Debug, Clone)]
pub struct ReleaseSpec {
    pub release: Release,
    /// Past the axis: `all` does not include it; a preset or the command line has to name it.
    pub extra: bool,
    /// What is for the service's kind to read.
    pub settings: Table,
    /// Its line in the file.
    pub line: usize,
}

/// A service, and the release of it that a cell has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServiceId {
    pub name: String,
    pub release: Option<Release>,
}

/// The table as it is written.
#[derive(Deserialize)]
pub(super) struct WrittenService {
    kind: Option<String>,
    tag: Option<String>,
    title: Option<String>,
    #[serde(default)]
    missing: Missing,
    #[serde(default, rename = "release")]
    releases: Vec<Spanned<WrittenRelease>>,
    #[serde(flatten)]
    settings: Table,
}

#[derive(Deserialize)]
struct WrittenRelease {
    version: WrittenVersion,
    #[serde(default)]
    extra: bool,
    #[serde(flatten)]
    settings: Table,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a version such as 16 or \"2.10\"")]
enum WrittenVersion {
    Number(u16),
    Text(String),
}

/// Reads every service, in the order of the file. `given` are those that the values of free axes name.
pub(super) fn read_all(
    all: &BTreeMap<String, Spanned<WrittenService>>,
    given: &[&String],
    line: impl Fn(usize) -> usize,
) -> Result<Vec<ServiceSpec>, Fault> {
    let mut written: Vec<_> = all.iter().collect();
    written.sort_by_key(|(_, table)| table.span().start);
    let service = |(name, table): (&String, &Spanned<WrittenService>)| {
        if TAKEN.contains(&name.as_str()) || !is_axis(name) {
            let message = format!(
                "a service cannot be called `{name}`: use small letters and `_`, and no name of an axis"
            );
            return Err(fault(table, message));
        }
        Ok(ServiceSpec { is_chosen: given.contains(&name), ..read(name, table, &line)? })
    };
    written.into_iter().map(service).collect()
}

/// Reads one service. `line` says on which line an offset is.
fn read(
    name: &str,
    written: &Spanned<WrittenService>,
    line: impl Fn(usize) -> usize,
) -> Result<ServiceSpec, Fault> {
    let WrittenService { kind, tag, title, missing, releases, settings } = written.get_ref();
    let tag = tag.as_deref().unwrap_or(name);
    if tag.is_empty() || !tag.bytes().all(|byte| byte.is_ascii_lowercase()) {
        let message = format!(
            "service {name} would stand as `{tag}` in a cell's id, allowed: small letters alone; choose them with `tag`"
        );
        return Err(fault(written, message));
    }
    let release = |written: &Spanned<WrittenRelease>| {
        let WrittenRelease { version, extra, settings } = written.get_ref();
        let release = version.release(tag).map_err(|message| fault(written, message))?;
        let line = line(written.span().start);
        Ok(ReleaseSpec { release, extra: *extra, settings: settings.clone(), line })
    };
    let specs = releases.iter().map(release).collect::<Result<Vec<_>, Fault>>()?;
    for (pair, second) in specs.windows(2).zip(releases.iter().skip(1)) {
        let (before, after) = (&pair[0].release, &pair[1].release);
        if before >= after {
            let (before, after) = (before.number(), after.number());
            let message =
                format!("release {after} of {name} follows {before}: list each once, the newest last");
            return Err(fault(second, message));
        }
    }
    super::check::not_all_extra(&format!("service.{name}.release"), releases, |release| release.extra)?;
    Ok(ServiceSpec {
        name: name.to_owned(),
        kind: kind.as_deref().unwrap_or(DEFAULT_KIND).to_owned(),
        title: title.as_deref().unwrap_or(name).to_owned(),
        releases: specs,
        is_chosen: false,
        missing: *missing,
        settings: settings.clone(),
        line: line(written.span().start),
    })
}

impl WrittenVersion {
    fn release(&self, tag: &str) -> Result<Release, String> {
        let text = match self {
            WrittenVersion::Number(number) => number.to_string(),
            WrittenVersion::Text(text) => text.clone(),
        };
        format!("{tag}{text}").parse().map_err(|_| {
            format!("version `{text}` of a release is none, allowed: numbers with dots, such as 2.10")
        })
    }
}

impl ServiceSpec {
    /// The release of it that `id` names.
    #[must_use]
    pub fn release(&self, id: &ServiceId) -> Option<&ReleaseSpec> {
        self.releases.iter().find(|spec| Some(&spec.release) == id.release.as_ref())
    }

    /// What `cell` has of it, if it has it: one of its releases, or the one that there is.
    #[must_use]
    pub fn of_cell(&self, cell: &CellId, is_given: bool) -> Option<ServiceId> {
        let id = |release| ServiceId { name: self.name.clone(), release };
        if self.releases.is_empty() {
            return (is_given || !self.is_chosen).then(|| id(None));
        }
        let release = self.releases.iter().find(|spec| cell.releases.contains(&spec.release));
        release.map(|spec| id(Some(spec.release.clone())))
    }
}
