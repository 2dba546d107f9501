//! What serves the cells of one major? A server that the harness starts, or one that somebody else runs; one interface.

use std::env;
use std::fmt;
use std::ops::Deref;
use std::path::Path;

use super::cluster::Cluster;
use super::database::Database;
use super::external::{External, is_dsn};
use super::postgres::{self, Binaries};
use crate::config::PostgresSpec;
use crate::provision::{Context, ProvisionError};

/// A running server.
pub enum Server<'p> {
    /// Started by the harness, and gone with it.
    Embedded { binaries: Binaries, cluster: Cluster<'p> },
    /// Reached by a DSN of the environment.
    External(External),
}

/// A database for one stage of one cell. Dropped: an external server is rid of it; an embedded one goes as a whole.
pub struct Lease<'s> {
    database: Database,
    external: Option<&'s External>,
}

impl<'p> Server<'p> {
    /// The server that the environment names, else one started from programs that are found or fetched.
    pub fn provide(spec: &PostgresSpec, context: &Context<'p>) -> Result<Self, ProvisionError> {
        let variable = postgres::variable(spec.major);
        if let Some(dsn) = env::var_os(&variable).filter(|value| is_dsn(&value.to_string_lossy())) {
            return External::open(variable, &dsn.to_string_lossy(), spec, context).map(Server::External);
        }
        let binaries = postgres::provide(spec, context)?;
        let cluster = Cluster::start(&binaries, spec, context)?;
        Ok(Server::Embedded { binaries, cluster })
    }

    /// A new database, and a role without privileges that may connect to it.
    pub fn fresh_database(&self, name: &str) -> Result<Lease<'_>, ProvisionError> {
        match self {
            Server::Embedded { cluster, .. } => {
                Ok(Lease { database: cluster.fresh_database(name)?, external: None })
            }
            Server::External(external) => {
                Ok(Lease { database: external.make(name)?, external: Some(external) })
            }
        }
    }

    /// `16.14`.
    #[must_use]
    pub fn version(&self) -> &str {
        match self {
            Server::Embedded { binaries, .. } => &binaries.version,
            Server::External(external) => external.version(),
        }
    }

    /// The folder of the server's programs, if they are on this machine.
    #[must_use]
    pub fn bin(&self) -> Option<&Path> {
        match self {
            Server::Embedded { binaries, .. } => Some(&binaries.bin),
            Server::External(_) => None,
        }
    }
}

/// Where it comes from: `npm: target/…/bin`, or `external: postgres:***@host:5432/postgres`.
impl fmt::Display for Server<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Server::Embedded { binaries, .. } => write!(f, "{}: {}", binaries.source, binaries.bin.display()),
            Server::External(external) => write!(f, "external: {external}"),
        }
    }
}

impl Lease<'_> {
    /// Why this database can no longer be used, if it cannot. An embedded server is the harness's own.
    #[must_use]
    pub fn lost(&self) -> Option<String> {
        self.external.and_then(|external| external.lost(&self.database.name))
    }
}

impl Deref for Lease<'_> {
    type Target = Database;

    fn deref(&self) -> &Database {
        &self.database
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if let Some(external) = self.external {
            external.remove(&self.database.name);
        }
    }
}
