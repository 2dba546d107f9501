//! What is a line built from where the project keeps no locks of lines? The project's own `Cargo.lock` in; the lock of the line,
//! what moved in it, and which requirements the manifests would have to change, out.

use std::collections::BTreeMap;
use std::path::PathBuf;

use fs_err as fs;
use pyo3_doctor::lockfile::Lockfile;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::build::line::{self, Project};
use crate::build::lock::{self, LockError};
use crate::build::manifest::{Manifest, OF_PYO3};
use crate::build::rehearsal::{self, Wanted};
use crate::build::workspace::{MANIFEST, Workspace};
use crate::config::{Config, LineSpec};
use crate::model::cell::Line;
use crate::model::document;
use crate::model::fingerprint::Fingerprint;
use crate::model::record::SCHEMA_VERSION;
use crate::model::rehearsal::Edit;
use crate::provision::Context;

/// How a lock was made. It stands beside it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Made {
    schema_version: u32,
    /// The fingerprint of what it was made of.
    of: String,
    /// The crates beside `pyo3` of which the manifests ask for older releases than go with the line, each with the one that does.
    companions: BTreeMap<String, Version>,
    /// What differs from the project's own lock, a package each.
    moved: Vec<String>,
}

/// What a line takes that the project does not have yet.
#[derive(Debug, Clone, Default)]
pub struct Upgrade {
    pub edits: Vec<Edit>,
    pub moved: Vec<String>,
}

/// Makes the lock of a line unless it is there, and the line's project.
pub fn project(line: Line, context: &Context<'_>) -> Result<Project, LockError> {
    let config = context.config;
    let spec = config.line(line).unwrap_or_else(|| unreachable!("a plan holds lines of its config"));
    if config.extension.locks.is_none() {
        provide(spec, context)?;
    }
    Ok(line::synthesise(config, line, &wanted(config, spec))?)
}

/// The versions that a line takes of what the manifests may ask otherwise for.
#[must_use]
pub fn wanted(config: &Config, spec: &LineSpec) -> Wanted {
    let mut wanted = of_pairing(spec);
    wanted.extend(read(config, spec.name).companions);
    wanted
}

/// Whether the manifests ask for other versions of `pyo3` than this line: to build it rehearses an upgrade.
pub fn is_rehearsal(config: &Config, spec: &LineSpec) -> std::io::Result<bool> {
    let workspace = Workspace::of(config)?;
    let manifests = [&workspace.manifest, &config.extension.manifest];
    for manifest in manifests {
        let text = fs::read_to_string(config.root.join(manifest))?;
        let edited = rehearsal::edit(manifest, &text, &of_pairing(spec)).map_err(std::io::Error::other)?;
        if !edited.1.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What the project would have to change for a line that was made.
pub fn upgrade(spec: &LineSpec, context: &Context<'_>) -> Result<Upgrade, LockError> {
    let config = context.config;
    let folder = context.processes.folder("upgrade-", &config.target())?;
    let edits = line::copy(config, &wanted(config, spec), folder.path())?.edits;
    Ok(Upgrade { edits, moved: read(config, spec.name).moved })
}

/// The pairing, and what is released with its `pyo3`: a manifest may ask for `pyo3-build-config` itself.
fn of_pairing(spec: &LineSpec) -> Wanted {
    let together = OF_PYO3.map(|name| (name, spec.pyo3.as_str()));
    let all = together.into_iter().chain(spec.pairing());
    all.filter_map(|(name, version)| Some((name.to_owned(), version.parse().ok()?))).collect()
}

fn provide(spec: &LineSpec, context: &Context<'_>) -> Result<(), LockError> {
    let config = context.config;
    let path = config.line_lock(spec.name);
    let own = own_lock(config)?;
    let of = fingerprint(spec, own.as_deref(), config)?;
    if path.is_file() && read(config, spec.name).of == of {
        return Ok(());
    }
    let before = own.as_deref().and_then(|text| Lockfile::parse(text).ok()).unwrap_or_default();
    let (text, companions) = resolve(spec, own.as_deref(), &before, context)?;
    let unreadable = |source| LockError::Unreadable { spec: spec.clone(), source };
    let lock = Lockfile::parse(&text).map_err(unreadable)?;
    match lock.beside_pairing(spec.pairing()) {
        beside if beside.is_empty() => {}
        beside => return Err(LockError::Moved { spec: spec.clone(), beside }),
    }
    let moved = if own.is_some() {
        lock.since(&before).iter().map(ToString::to_string).collect()
    } else {
        Vec::new()
    };
    lock::write(&path, &text)?;
    Ok(document::write(
        &state(config, spec.name),
        &Made { schema_version: SCHEMA_VERSION, of, companions, moved },
    )?)
}

/// The lock, and the releases of companions that the manifests do not ask for. First nothing but the pairing moves; then what
/// depends on `pyo3` may; then its requirements may as well.
fn resolve(
    spec: &LineSpec,
    own: Option<&str>,
    before: &Lockfile,
    context: &Context<'_>,
) -> Result<(String, BTreeMap<String, Version>), LockError> {
    let none = BTreeMap::new();
    let Some(own) = own else {
        return Ok((update(spec, &none, &["generate-lockfile"], None, context)?, none));
    };
    let workspace = ["update", "--workspace"];
    let refused = match update(spec, &none, &workspace, Some(own), context) {
        Err(error @ LockError::Unresolved { .. }) => error,
        settled => return Ok((settled?, none)),
    };
    let companions = companions(before, context.config)?;
    if companions.is_empty() {
        return Err(refused);
    }
    let freed: Vec<&str> = std::iter::once("update").chain(companions.iter().map(String::as_str)).collect();
    if let Ok(text) = update(spec, &none, &freed, Some(own), context) {
        return Ok((text, none));
    }
    let loose = loosened(spec, &companions, own, context).map_err(|_| refused)?;
    let lock =
        Lockfile::parse(&loose).map_err(|source| LockError::Unreadable { spec: spec.clone(), source })?;
    let version = |name: &String| Some((name.clone(), lock.version(name)?.clone()));
    let raised = companions.iter().filter_map(version).collect();
    Ok((update(spec, &raised, &freed, Some(own), context)?, raised))
}

/// What cargo makes of a lock with the line's pairing pinned, first of what was fetched before.
fn update(
    spec: &LineSpec,
    companions: &BTreeMap<String, Version>,
    verb: &[&str],
    own: Option<&str>,
    context: &Context<'_>,
) -> Result<String, LockError> {
    let mut wanted = of_pairing(spec);
    wanted.extend(companions.clone());
    let draft = lock::project(Some(spec), &wanted, own, context)?;
    lock::asked(spec, &draft, verb, true, context)
        .or_else(|_| lock::asked(spec, &draft, verb, false, context))
}

/// The lock in which the companions are of any release that goes with the line.
fn loosened(
    spec: &LineSpec,
    companions: &[String],
    own: &str,
    context: &Context<'_>,
) -> Result<String, LockError> {
    let draft = lock::project(Some(spec), &of_pairing(spec), Some(own), context)?;
    let manifests = [draft.root.join(MANIFEST), draft.folder().join(&context.config.extension.manifest)];
    for manifest in manifests {
        let loose =
            rehearsal::loosen(&fs::read_to_string(&manifest)?, companions).map_err(std::io::Error::other)?;
        fs::write(&manifest, loose)?;
    }
    let verb: Vec<&str> = std::iter::once("update").chain(companions.iter().map(String::as_str)).collect();
    lock::asked(spec, &draft, &verb, false, context)
}

/// What the manifest asks for that depends on `pyo3` itself, and is not of the pairing.
fn companions(lock: &Lockfile, config: &Config) -> std::io::Result<Vec<String>> {
    let manifest = Manifest::read(&config.root.join(&config.extension.manifest))?;
    let asked = manifest.requirements(Workspace::of(config)?.dependencies());
    let depends = |name: &String| ["pyo3", "pyo3-ffi"].iter().any(|of| lock.depends_on(name, of));
    let mut names: Vec<String> =
        asked.into_iter().map(|requirement| requirement.name).filter(depends).collect();
    names.retain(|name| !name.starts_with("pyo3-macros") && name != "pyo3" && name != "pyo3-ffi");
    names.sort();
    names.dedup();
    Ok(names)
}

/// The text of the project's own lock.
fn own_lock(config: &Config) -> std::io::Result<Option<String>> {
    let path = config.root.join(Workspace::of(config)?.folder()).join(line::LOCK);
    path.is_file().then(|| fs::read_to_string(path)).transpose()
}

fn fingerprint(spec: &LineSpec, own: Option<&str>, config: &Config) -> std::io::Result<String> {
    let workspace = Workspace::of(config)?;
    let manifests: Vec<PathBuf> = fingerprint_files(config).chain([workspace.manifest]).collect();
    let print =
        Fingerprint::default().with("pairing", spec.to_string()).with("lock", own.unwrap_or_default());
    Ok(print.with_files(&config.root, &manifests)?.hex())
}

/// The manifests among what may go into a wheel.
fn fingerprint_files(config: &Config) -> impl Iterator<Item = PathBuf> {
    let manifests = config.sources().iter().filter(|file| file.ends_with(MANIFEST)).cloned();
    manifests.chain([config.extension.manifest.clone()])
}

fn read(config: &Config, line: Line) -> Made {
    document::read(&state(config, line)).ok().flatten().unwrap_or_default()
}

fn state(config: &Config, line: Line) -> PathBuf {
    config.line_lock(line).with_extension("json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_released_with_pyo3_is_raised_with_it() {
        let spec = LineSpec {
            name: "0.30".parse().expect("a line"),
            pyo3: "0.30.1".into(),
            extra: false,
            companions: BTreeMap::from([("pyo3-async-runtimes".to_owned(), "0.30.0".to_owned())]),
        };
        let text = "[workspace.dependencies]\npyo3 = \"0.29.0\"\npyo3-build-config = { version = \"0.29.0\" }\n\
                    pyo3-async-runtimes = \"0.29\"\npyo3-log = \"0.13\"\n";
        let (edited, edits) = rehearsal::edit(MANIFEST.as_ref(), text, &of_pairing(&spec)).expect("TOML");
        let raised = text.replace("0.29.0", "0.30").replace("0.29", "0.30");
        assert_eq!((edited, edits.len()), (raised, 3));
    }
}
