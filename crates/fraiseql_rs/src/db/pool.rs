//! The pool itself, without Python: settings → leases, and figures about both.

use deadpool::managed;
use deadpool::Status;

use super::connection::Connector;
use super::error::Error;
use super::lease::Lease;
use super::settings::Settings;

/// Connections to one database, opened when they are first needed.
#[derive(Clone)]
pub struct Pool {
    connections: managed::Pool<Connector>,
}

impl Pool {
    /// A pool without a connection yet: it opens them on demand.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        let settings = settings.validated()?;
        let size = settings.max_connections;
        let connections = managed::Pool::builder(Connector::new(settings))
            .max_size(size)
            .build()
            .map_err(|cause| Error::usage(format!("cannot make the pool: {cause}")))?;
        Ok(Self { connections })
    }

    /// Borrows a connection: an idle one, a new one if there is room, or the next that comes back.
    pub async fn lease(&self) -> Result<Lease, Error> {
        Ok(Lease::new(self.connections.get().await?))
    }

    pub fn status(&self) -> Status {
        self.connections.status()
    }
}
