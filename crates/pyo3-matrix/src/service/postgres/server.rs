//! Which server do the cells of one major use? The harness starts it, or a DSN names it; the interface is the same.

use std::env;
use std::path::Path;

use super::binaries::{self, Binaries};
use super::cluster::Cluster;
use super::database::Database;
use super::external::{External, is_dsn};
use super::spec::PostgresSpec;
use crate::model::event::{Event, Tell};
use crate::provision::{Context, ProvisionError};
use crate::service::{Lease, Service, Stage, Standing};

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
struct Leased<'s> {
    database: Database,
    server: &'s Server<'s>,
}

impl<'p> Server<'p> {
    /// The server that the environment names, else one started from programs that are found or fetched.
    pub fn provide(spec: &PostgresSpec, context: &Context<'p>) -> Result<Self, ProvisionError> {
        let variable = binaries::variable(spec.major);
        let kind = if let Some(dsn) = env::var_os(&variable).filter(|value| is_dsn(&value.to_string_lossy()))
        {
            Kind::External(External::open(variable, &dsn.to_string_lossy(), spec, context)?)
        } else {
            let binaries = binaries::provide(spec, context)?;
            let cluster = Cluster::start(&binaries, spec, context)?;
            Kind::Embedded { binaries, cluster }
        };
        Ok(Server { kind, tell: context.tell })
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
}

impl Service for Server<'_> {
    /// A new database, and a role without privileges that may connect to it.
    fn lease<'s>(&'s self, stage: &Stage<'_>) -> Result<Box<dyn Lease + 's>, ProvisionError> {
        let database = match &self.kind {
            Kind::Embedded { cluster, .. } => cluster.fresh_database(stage.name)?,
            Kind::External(external) => external.make(stage.name)?,
        };
        Ok(Box::new(Leased { database, server: self }))
    }

    /// `16.14`.
    fn version(&self) -> Option<&str> {
        Some(match &self.kind {
            Kind::Embedded { binaries, .. } => &binaries.version,
            Kind::External(external) => external.version(),
        })
    }

    /// `npm: target/…/bin`, or `external: postgres:***@host:5432/postgres`.
    fn place(&self) -> String {
        match &self.kind {
            Kind::Embedded { binaries, .. } => format!("{}: {}", binaries.source, binaries.bin.display()),
            Kind::External(external) => format!("external: {external}"),
        }
    }

    fn bin(&self) -> Option<&Path> {
        match &self.kind {
            Kind::Embedded { binaries, .. } => Some(&binaries.bin),
            Kind::External(_) => None,
        }
    }

    fn keep_log(&self, to: &Path) {
        let Kind::Embedded { cluster, .. } = &self.kind else { return };
        if let Err(error) = cluster.keep_log(to) {
            (self.tell)(&Event::ServerLogNotKept { path: to, error: &error });
        }
    }
}

impl Lease for Leased<'_> {
    fn env(&self) -> Vec<(String, String)> {
        self.database.env().map(|(name, value)| (name.to_owned(), value)).to_vec()
    }

    fn observe(&self) -> Option<serde_json::Value> {
        Some(serde_json::json!({ "kind": "postgres" }))
    }

    /// An embedded server is the harness's own, and nothing else removes its databases.
    fn standing(&self) -> Standing {
        match &self.server.kind {
            Kind::External(external) => external.standing(&self.database.name),
            Kind::Embedded { .. } => Standing::There,
        }
    }

    fn keep_log(&self, to: &Path) {
        self.server.keep_log(to);
    }
}

impl Drop for Leased<'_> {
    fn drop(&mut self) {
        self.server.remove(&self.database.name);
    }
}
