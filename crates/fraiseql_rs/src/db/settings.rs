//! What did the caller ask of the pool? Each part checks itself before anything is dialled.

use super::error::Error;
use super::reset::Reset;
use super::server::Server;
use super::session::Session;
use super::size::Size;
use super::statements::Bounds;
use super::times::Times;
use crate::bridge::Strategy;

/// The settings that the caller gave for the pool.
#[derive(Clone)]
pub struct Settings {
    pub server: Server,
    pub session: Session,
    pub times: Times,
    pub size: Size,
    /// Statements that each connection keeps prepared.
    pub statement_cache: Bounds,
    pub reset: Reset,
}

impl Settings {
    /// The start-up message and the credentials. The socket is opened elsewhere (`dial`).
    pub fn startup(&self) -> tokio_postgres::Config {
        let Server { database, username, password, .. } = &self.server;
        let mut config = tokio_postgres::Config::new();
        config.dbname(database).user(username);
        self.session.describe(&mut config);
        if let Some(password) = password {
            config.password(password);
        }
        config
    }
}

/// Returns the strategy of the bridge with that name.
pub fn strategy(name: &str) -> Result<Strategy, Error> {
    Strategy::named(name).ok_or_else(|| {
        let names = Strategy::ALL.map(Strategy::name).join(", ");
        Error::setting(format!("bridge must be one of {names}, got {name:?}"))
    })
}
