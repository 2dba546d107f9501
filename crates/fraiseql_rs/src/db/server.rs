//! Where is the server, and who logs in to which database?

use super::error::Error;

/// What a pool has to know before it can dial and log in. It has no `Debug`, because of the password.
#[derive(Clone)]
pub struct Server {
    pub database: String,
    /// A host name, an address, or a folder with a Unix socket.
    pub host: String,
    pub port: u16,
    pub username: String,
    pub password: Option<String>,
}

impl Server {
    /// Refuses an argument that cannot be a name.
    pub fn new(
        database: String,
        host: &str,
        port: u16,
        username: &str,
        password: Option<String>,
    ) -> Result<Self, Error> {
        for (name, value) in [("database", database.as_str()), ("host", host), ("username", username)] {
            if value.is_empty() || value.contains('\0') {
                return Err(Error::setting(format!("{name} must be a name, got {value:?}")));
            }
        }
        Ok(Self { database, host: host.to_owned(), port, username: username.to_owned(), password })
    }
}
