//! What do a cell's tests talk to? A service of matrix.toml in, what one stage of one cell gets of it out.
//!
//! A kind of service is a room of its own below this one: it alone knows what it reads of its table, where its programs
//! come from, and how a cell asks for its version.

mod leases;
mod log;
mod port;
pub mod postgres;
mod program;

use std::path::{Path, PathBuf};

use crate::config::service::{ServiceId, ServiceSpec};
use crate::config::{Config, ConfigError};
use crate::provision::{Context, ProvisionError};

pub use leases::hold;

/// Every kind that `kind` of a `[service.*]` may name.
const KINDS: [&dyn Kind; 2] = [&postgres::Postgres, &program::Program];

/// A kind of service.
pub trait Kind: Sync {
    /// As matrix.toml names it.
    fn name(&self) -> &'static str;

    /// Whether the table of a service, and those of its releases, say what this kind needs.
    fn check(&self, spec: &ServiceSpec) -> Result<(), Wrong>;

    /// Starts the service, or reaches it.
    fn provide<'p>(
        &self,
        asked: Asked<'_>,
        context: &Context<'p>,
    ) -> Result<Box<dyn Service + 'p>, ProvisionError>;

    /// The caches, besides the project's own folder, that hold what was fetched.
    fn caches(&self, _config: &Config) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Removes what a killed harness left on a machine that is not its own.
    fn sweep_after_kill(&self) {}
}

/// A service and the release of it that is wanted. The service has the release.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    pub spec: &'a ServiceSpec,
    pub id: &'a ServiceId,
}

/// A service that is there. Dropped: it is gone, if the harness started it.
pub trait Service: Send + Sync {
    /// What one stage of one cell gets of it.
    fn lease<'s>(&'s self, stage: &Stage<'_>) -> Result<Box<dyn Lease + 's>, ProvisionError>;

    /// The whole version, where it is known.
    fn version(&self) -> Option<&str>;

    /// Where it comes from, for the user.
    fn place(&self) -> String;

    /// The folder of its programs, if the user of a shell may want them.
    fn bin(&self) -> Option<&Path> {
        None
    }

    /// Keeps the end of its log as the file `to`. A service that runs elsewhere has no log here.
    fn keep_log(&self, to: &Path);
}

/// A part of a service for one stage of one cell. Dropped: the service is rid of it, however the stage ended.
pub trait Lease {
    /// The variables by which the tests reach it.
    fn env(&self) -> Vec<(String, String)>;

    /// What a cell does to learn the release that it talks to: `kind` names a module of `matrix_cell.service`, which
    /// knows the rest. None where nothing can be asked.
    fn observe(&self) -> Option<serde_json::Value>;

    /// What became of it.
    fn standing(&self) -> Standing;

    /// Keeps the end of the log as the file `to`.
    fn keep_log(&self, to: &Path);
}

/// The stage of a cell that a lease is for.
pub struct Stage<'a> {
    /// Letters, digits and `_` alone.
    pub name: &'a str,
    /// The variables of the services before this one.
    pub variables: &'a [(String, String)],
}

/// What became of a part of a service that a stage was given.
#[derive(Debug, PartialEq, Eq)]
pub enum Standing {
    There,
    /// It is gone, and the harness did not take it away.
    Gone(String),
    /// The service does not answer at this moment, so it may still be there.
    Silent(String),
}

/// What is wrong with a table of matrix.toml.
#[derive(Debug)]
pub struct Wrong {
    pub line: usize,
    pub message: String,
}

impl Asked<'_> {
    /// `NATS 2.10`.
    #[must_use]
    pub fn title(&self) -> String {
        let number = self.id.release.as_ref().map(|release| format!(" {}", release.number()));
        self.spec.title.clone() + &number.unwrap_or_default()
    }
}

/// Checks every service of `config`, which was read from `path`.
pub fn check(config: &Config, path: &Path) -> Result<(), ConfigError> {
    for spec in &config.services {
        let checked = kind(spec).map_or_else(|| Err(no_kind(spec)), |kind| kind.check(spec));
        checked.map_err(|Wrong { line, message }| ConfigError::Invalid {
            path: path.to_owned(),
            line,
            message,
        })?;
    }
    Ok(())
}

fn no_kind(spec: &ServiceSpec) -> Wrong {
    let kinds = KINDS.map(Kind::name).join(", ");
    let message = format!("service {} has the kind `{}`, allowed: {kinds}", spec.name, spec.kind);
    Wrong { line: spec.line, message }
}

/// Starts or reaches a service of the config.
pub fn provide<'p>(asked: Asked<'_>, context: &Context<'p>) -> Result<Box<dyn Service + 'p>, ProvisionError> {
    // The config was checked.
    kind(asked.spec).unwrap_or_else(|| unreachable!("a checked config")).provide(asked, context)
}

/// Every folder outside the project's own that `clean` may empty.
#[must_use]
pub fn caches(config: &Config) -> Vec<PathBuf> {
    KINDS.iter().flat_map(|kind| kind.caches(config)).collect()
}

/// Removes what a killed harness left on machines that are not its own.
pub fn sweep_after_kill() {
    for kind in KINDS {
        kind.sweep_after_kill();
    }
}

fn kind(spec: &ServiceSpec) -> Option<&'static dyn Kind> {
    KINDS.into_iter().find(|kind| kind.name() == spec.kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = include_str!("../../../matrix.toml");

    /// What is said of the file with `new` in the place of `old`.
    fn said(old: &str, new: &str) -> String {
        assert!(CONFIG.contains(old), "{old}");
        let path = Path::new("matrix.toml");
        let config = Config::parse(&CONFIG.replacen(old, new, 1), path, "/".into()).expect("a config");
        check(&config, path).expect_err(new).to_string()
    }

    fn line_of(text: &str) -> usize {
        CONFIG.lines().position(|line| line.contains(text)).expect("a line of the file") + 1
    }

    #[test]
    fn a_server_is_pinned_to_its_own_major_by_npm_integrity() {
        let message = said("npm = \"13.23.0-beta.16\"", "npm = \"14.23.0-beta.17\"");
        assert!(message.contains("postgres 13 names npm version 14.23.0-beta.17"), "{message}");
        assert!(said("sha512-0ip", "sha1-0ip").contains("is not npm's form"));
    }

    #[test]
    fn what_a_kind_cannot_read_is_named_at_the_line_of_its_table() {
        let line = line_of("[[service.postgres.release]]");
        let message = said("auth = \"md5\"", "auth = \"trust\"");
        assert!(message.starts_with(&format!("matrix.toml:{line}: ")), "{message}");
        assert!(
            message.contains("release 13 of Postgres: ") && message.contains("`scram-sha-256`"),
            "{message}"
        );
        let line = line_of("[service.postgres]");
        let message = said("tag = \"pg\"", "tag = \"pg\"\nauth = \"md5\"");
        assert!(message.starts_with(&format!("matrix.toml:{line}: ")), "{message}");
        assert!(message.contains("service postgres has no `auth`, allowed: "), "{message}");
    }

    #[test]
    fn a_kind_that_is_none_is_answered_with_those_that_are() {
        let message = said("kind = \"postgres\"", "kind = \"mysql\"");
        assert!(
            message.contains("service postgres has the kind `mysql`, allowed: postgres, program"),
            "{message}"
        );
    }
}
