//! How is a server of one major found and started? A release of matrix.toml in, a checked spec out.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;

use crate::config::service::{ReleaseSpec, ServiceSpec};
use crate::service::Wrong;

/// A major version of the Postgres server, such as `16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Major(pub u16);

/// How a server of one major is found and started.
#[derive(Debug, Clone)]
pub struct PostgresSpec {
    pub major: Major,
    pub settings: Settings,
}

/// What a release says besides its version.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The password method given to initdb.
    pub auth: Auth,
    /// A folder with `initdb` and `postgres`. It is preferred to the servers of the machine.
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

impl PostgresSpec {
    /// Reads one release, or says what is wrong with it.
    pub fn read(release: &ReleaseSpec) -> Result<PostgresSpec, String> {
        let number = release.release.number();
        let [major] = release.release.version[..] else {
            return Err(format!("release {number} of Postgres is no major, allowed: a number such as 16"));
        };
        let settings: Settings = release.settings.clone().try_into().map_err(|error| {
            let error: toml::de::Error = error;
            format!("release {number} of Postgres: {}", error.message())
        })?;
        if let Some(version) =
            settings.npm.as_ref().filter(|version| !version.starts_with(&format!("{major}.")))
        {
            return Err(format!("postgres {major} names npm version {version}, allowed: {major}.<minor>…"));
        }
        match settings.integrity.values().find(|value| !value.starts_with("sha512-")) {
            Some(value) => Err(format!("integrity `{value}` is not npm's form, allowed: sha512-<base64>")),
            None => Ok(PostgresSpec { major: Major(major), settings }),
        }
    }

    /// Checks a service of this kind, which has releases and nothing else.
    pub fn check(spec: &ServiceSpec) -> Result<(), Wrong> {
        let wrong = |line, message| Err(Wrong { line, message });
        if let Some(key) = spec.settings.keys().next() {
            return wrong(
                spec.line,
                format!("service {} has no `{key}`, allowed: title, tag, release", spec.name),
            );
        }
        if spec.releases.is_empty() {
            return wrong(
                spec.line,
                format!("service {} has no [[service.{0}.release]], at least one is needed", spec.name),
            );
        }
        spec.releases.iter().try_for_each(|release| {
            PostgresSpec::read(release).map(drop).map_err(|message| Wrong { line: release.line, message })
        })
    }
}

impl fmt::Display for Major {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
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
