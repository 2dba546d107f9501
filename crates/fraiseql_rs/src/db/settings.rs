//! Where is the server, who are we, and how many connections may be open? Checked before anything is dialled.

use std::time::Duration;

use super::error::Error;

/// The session settings under which binary values and PostgreSQL's own `row_to_json` agree: the wire has no time
/// zone, so the session has UTC.
const SESSION: &str = "-c TimeZone=UTC -c IntervalStyle=postgres -c DateStyle=ISO";

/// What the pool was asked for.
#[derive(Clone, Debug)]
pub struct Settings {
    pub database: String,
    /// A host name, an address, or a folder with a Unix socket.
    pub host: String,
    pub port: u16,
    pub username: String,
    pub password: Option<String>,
    pub max_connections: usize,
    /// From the first packet to the server's first `ReadyForQuery`.
    pub connect_timeout: Duration,
}

impl Settings {
    /// The same settings, if a pool can be made of them.
    pub fn validated(self) -> Result<Self, Error> {
        if self.max_connections == 0 {
            return Err(Error::usage("max_connections must be at least 1"));
        }
        for (name, value) in
            [("database", &self.database), ("host", &self.host), ("username", &self.username)]
        {
            if value.is_empty() || value.contains('\0') {
                return Err(Error::usage(format!("{name} must be a name, got {value:?}")));
            }
        }
        Ok(self)
    }

    /// The start-up message and the credentials; the socket is dialled apart.
    pub fn startup(&self) -> tokio_postgres::Config {
        let mut config = tokio_postgres::Config::new();
        config.dbname(&self.database).user(&self.username).application_name("fraiseql").options(SESSION);
        if let Some(password) = &self.password {
            config.password(password);
        }
        config
    }
}
