//! Where is the server, who are we, and how many connections may be open? Checked before anything is dialled.

use std::time::Duration;

use super::error::Error;
use super::statements::Bounds;

/// The session settings under which binary values and PostgreSQL's own `row_to_json` agree, whatever the settings of
/// the role, the database or the server are. The wire has no time zone, so the session uses UTC. NULL in an array
/// means null.
const SESSION: &str = "-c TimeZone=UTC -c IntervalStyle=postgres -c DateStyle=ISO \
                       -c bytea_output=hex -c extra_float_digits=1 -c array_nulls=on";

/// The pool reserves memory for all of its connections at once, so a limit far beyond real use would waste memory.
const MOST_CONNECTIONS: usize = 10_000;

/// The settings that the caller gave for the pool.
#[derive(Clone, Debug)]
pub struct Settings {
    pub database: String,
    /// A host name, an address, or a folder with a Unix socket.
    pub host: String,
    pub port: u16,
    pub username: String,
    pub password: Option<String>,
    pub max_connections: usize,
    /// The time limit from dialling to the server's first `ReadyForQuery`.
    pub connect_timeout: Duration,
    /// How long a query waits for a connection.
    pub acquire_timeout: Option<Duration>,
    /// How long a connection may lie unused.
    pub max_idle_time: Option<Duration>,
    /// How long after its start a connection may still be lent.
    pub max_lifetime: Option<Duration>,
    /// Statements that each connection keeps prepared.
    pub statement_cache: Bounds,
}

/// A limit in seconds, as Python gives it.
pub fn seconds(name: &str, value: f64) -> Result<Duration, Error> {
    match Duration::try_from_secs_f64(value) {
        Ok(limit) if !limit.is_zero() => Ok(limit),
        _ => Err(Error::setting(format!("{name} must be a positive number of seconds, got {value}"))),
    }
}

impl Settings {
    /// Returns the same settings if a pool can use them, else an error.
    pub fn validated(self) -> Result<Self, Error> {
        if !(1..=MOST_CONNECTIONS).contains(&self.max_connections) {
            let got = self.max_connections;
            let message = format!("max_connections must be from 1 to {MOST_CONNECTIONS}, got {got}");
            return Err(Error::setting(message));
        }
        for (name, value) in
            [("database", &self.database), ("host", &self.host), ("username", &self.username)]
        {
            if value.is_empty() || value.contains('\0') {
                return Err(Error::setting(format!("{name} must be a name, got {value:?}")));
            }
        }
        Ok(self)
    }

    /// The start-up message and the credentials. The socket is opened elsewhere (`dial`).
    pub fn startup(&self) -> tokio_postgres::Config {
        let mut config = tokio_postgres::Config::new();
        config.dbname(&self.database).user(&self.username).application_name("fraiseql").options(SESSION);
        if let Some(password) = &self.password {
            config.password(password);
        }
        config
    }
}
