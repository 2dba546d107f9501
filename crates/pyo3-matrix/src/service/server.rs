//! Which server do the cells of one major use? The harness starts it, or a DSN names it; the interface is the same.

use std::env;
use std::fmt;
use std::ops::Deref;
use std::path::Path;

use super::cluster::Cluster;
use super::database::Database;
use super::external::{External, is_dsn};
use super::postgres::{self, Binaries};
use crate::config::PostgresSpec;
use crate::model::event::{Event, Tell};
use crate::provision::{Context, ProvisionError};

/// A running server.
pub struct Server<'p> {
    kind: Kind<'p>,
    tell: Tell<'p>,
}

enum Kind<'p> {
    /// Started by the harness, and gone with it. The cluster is dropped first: its programs are claimed until then.
    Embedded { cluster: Cluster<'p>, binaries: Binaries },
    /// Reached by a DSN of the environment.
    External(External),
}

/// A database and its role for one stage of one cell. Dropped: the server is rid of both, however the stage ended.
pub struct Lease<'s> {
    database: Database,
    server: &'s Server<'s>,
}

/// What became of a database that a stage was given.
#[derive(Debug, PartialEq, Eq)]
pub enum Standing {
    There,
    /// Something else removed it: the server says so.
    Gone(String),
    /// The server does not answer at this moment, so it may still be there.
    Silent(String),
}

impl<'p> Server<'p> {
    /// The server that the environment names, else one started from programs that are found or fetched.
    pub fn provide(spec: &PostgresSpec, context: &Context<'p>) -> Result<Self, ProvisionError> {
        let variable = postgres::variable(spec.major);
        let kind = if let Some(dsn) = env::var_os(&variable).filter(|value| is_dsn(&value.to_string_lossy()))
        {
            Kind::External(External::open(variable, &dsn.to_string_lossy(), spec, context)?)
        } else {
            let binaries = postgres::provide(spec, context)?;
            let cluster = Cluster::start(&binaries, spec, context)?;
            Kind::Embedded { binaries, cluster }
        };
        Ok(Server { kind, tell: context.tell })
    }

    /// A new database, and a role without privileges that may connect to it.
    pub fn fresh_database(&self, name: &str) -> Result<Lease<'_>, ProvisionError> {
        let database = match &self.kind {
            Kind::Embedded { cluster, .. } => cluster.fresh_database(name)?,
            Kind::External(external) => external.make(name)?,
        };
        Ok(Lease { database, server: self })
    }

    /// Removes a database with its role. A cell is not red because that failed, but the user hears of it.
    fn remove(&self, name: &str) {
        let removed = match &self.kind {
            Kind::Embedded { cluster, .. } => cluster.remove(name),
            Kind::External(external) => external.remove(name),
        };
        if let Err(reason) = removed {
            (self.tell)(&Event::DatabaseNotRemoved { name, reason: &reason });
        }
    }

    /// Keeps the end of the log as the file `to`. A server that runs elsewhere has no log here.
    pub fn keep_log(&self, to: &Path) {
        let Kind::Embedded { cluster, .. } = &self.kind else { return };
        if let Err(error) = cluster.keep_log(to) {
            (self.tell)(&Event::ServerLogNotKept { path: to, error: &error });
        }
    }

    /// `16.14`.
    #[must_use]
    pub fn version(&self) -> &str {
        match &self.kind {
            Kind::Embedded { binaries, .. } => &binaries.version,
            Kind::External(external) => external.version(),
        }
    }

    /// The folder of the server's programs, if they are on this machine.
    #[must_use]
    pub fn bin(&self) -> Option<&Path> {
        match &self.kind {
            Kind::Embedded { binaries, .. } => Some(&binaries.bin),
            Kind::External(_) => None,
        }
    }
}

/// Where it comes from: `npm: target/…/bin`, or `external: postgres:***@host:5432/postgres`.
impl fmt::Display for Server<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Embedded { binaries, .. } => write!(f, "{}: {}", binaries.source, binaries.bin.display()),
            Kind::External(external) => write!(f, "external: {external}"),
        }
    }
}

impl Lease<'_> {
    /// What became of this database. An embedded server is the harness's own, and nothing else removes its databases.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match &self.server.kind {
            Kind::External(external) => external.standing(&self.database.name),
            Kind::Embedded { .. } => Standing::There,
        }
    }

    /// Keeps the end of the server's log as the file `to`.
    pub fn keep_log(&self, to: &Path) {
        self.server.keep_log(to);
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
        self.server.remove(&self.database.name);
    }
}
