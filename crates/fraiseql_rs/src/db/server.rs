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
    /// Returns an error that names the first argument that cannot be a name.
    pub fn validate(&self) -> Result<(), Error> {
        for (name, value) in
            [("database", &self.database), ("host", &self.host), ("username", &self.username)]
        {
            if value.is_empty() || value.contains('\0') {
                return Err(Error::setting(format!("{name} must be a name, got {value:?}")));
            }
        }
        Ok(())
    }
}
