//! What did the caller ask of the pool? Checked before anything is dialled.

use super::error::Error;
use super::reset::Reset;
use super::server::Server;
use super::statements::Bounds;
use super::times::Times;

/// The session settings under which binary values and PostgreSQL's own `row_to_json` agree, whatever the settings of
/// the role, the database or the server are. The wire has no time zone, so the session uses UTC. NULL in an array
/// means null.
const SESSION: &str = "-c TimeZone=UTC -c IntervalStyle=postgres -c DateStyle=ISO \
                       -c bytea_output=hex -c extra_float_digits=1 -c array_nulls=on";

/// The pool reserves memory for all of its connections at once, so a limit far beyond real use would waste memory.
const MOST_CONNECTIONS: usize = 10_000;

/// The settings that the caller gave for the pool.
#[derive(Clone)]
pub struct Settings {
    pub server: Server,
    pub times: Times,
    pub max_connections: usize,
    /// Statements that each connection keeps prepared.
    pub statement_cache: Bounds,
    pub reset: Reset,
}

impl Settings {
    /// Returns the same settings if a pool can use them, else an error.
    pub fn validated(self) -> Result<Self, Error> {
        if !(1..=MOST_CONNECTIONS).contains(&self.max_connections) {
            let got = self.max_connections;
            let message = format!("max_connections must be from 1 to {MOST_CONNECTIONS}, got {got}");
            return Err(Error::setting(message));
        }
        self.server.validate()?;
        Ok(self)
    }

    /// The start-up message and the credentials. The socket is opened elsewhere (`dial`).
    pub fn startup(&self) -> tokio_postgres::Config {
        let Server { database, username, password, .. } = &self.server;
        let mut config = tokio_postgres::Config::new();
        config.dbname(database).user(username).application_name("fraiseql").options(SESSION);
        if let Some(password) = password {
            config.password(password);
        }
        config
    }
}
