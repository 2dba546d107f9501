//! How does a cell have a Postgres of its release? A database and a role without privileges for each stage, on a server that
//! the harness starts or that a DSN names.

mod archive;
mod binaries;
mod cluster;
mod database;
mod external;
mod npm;
mod presence;
mod server;
mod spec;
mod superuser;

use std::path::PathBuf;

use super::{Asked, Kind, Service, Wrong};
use crate::config::Config;
use crate::config::service::ServiceSpec;
use crate::process::Unprivileged;
use crate::provision::{Context, ProvisionError, cache, unprivileged};

use server::Server;
use spec::PostgresSpec;

/// The folder of fetched servers.
const CACHE: &str = "postgres";

/// The kind `postgres`.
pub struct Postgres;

impl Kind for Postgres {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn check(&self, spec: &ServiceSpec) -> Result<(), Wrong> {
        PostgresSpec::check(spec)
    }

    fn provide<'p>(
        &self,
        asked: Asked<'_>,
        context: &Context<'p>,
    ) -> Result<Box<dyn Service + 'p>, ProvisionError> {
        let release = asked.id.release.as_ref().and_then(|_| asked.spec.release(asked.id));
        let spec = release.and_then(|release| PostgresSpec::read(release).ok());
        // The config was checked.
        let spec = spec.unwrap_or_else(|| unreachable!("a checked release"));
        Ok(Box::new(Server::provide(&spec, context)?))
    }

    fn caches(&self, config: &Config) -> Vec<PathBuf> {
        cache::folders(CACHE, config)
    }

    fn sweep_after_kill(&self) {
        external::sweep_after_kill();
    }
}

/// The user that a server runs as where the harness is root, because Postgres refuses to run as root.
fn user() -> Option<Unprivileged> {
    unprivileged(&["postgres", "nobody"])
}
