//! Who makes a cell's role and database? The superuser of a server, of the harness's own or of a DSN's.

use std::time::Duration;

use ::postgres::Client;

use super::database::{Database, new_password};
use super::spec::{Auth, Major};
use crate::provision::ProvisionError;

/// A server's superuser, and what passwords on that server have to look like.
#[derive(Debug, Clone)]
pub struct Superuser {
    pub database: Database,
    pub major: Major,
    pub auth: Auth,
    /// How long one statement may take.
    pub limit: Duration,
}

impl Superuser {
    pub fn connect(&self) -> Result<Client, ProvisionError> {
        self.database.connect(self.limit).map_err(|error| self.sql("let the harness in", &error))
    }

    /// A new database `name`, owned by the superuser, and a new role of that name without privileges that may connect
    /// to it. What the role may do in the schema `public` is then this major's own default. `name` needs no quotes.
    pub fn make(&self, name: String) -> Result<Database, ProvisionError> {
        let password = new_password()?;
        let mut client = self.connect()?;
        // Both are made of letters, digits and underscores alone.
        let role = format!(
            "CREATE ROLE {name} LOGIN PASSWORD '{password}' NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION"
        );
        // The server's own choice may be the other one; this session alone makes another.
        let method = format!("SET password_encryption = '{}'", self.auth);
        for (what, statement) in [
            // A statement that fails is logged as it is, and the next one holds a password.
            ("keep a password out of its log", "SET log_min_error_statement = 'panic'".to_owned()),
            ("choose a password's method", method),
            ("make a role", role),
            ("make a database", format!("CREATE DATABASE {name}")),
        ] {
            client.batch_execute(&statement).map_err(|error| self.sql(what, &error))?;
        }
        self.assert_method(&mut client, &name)?;
        Ok(Database { user: name.clone(), password, name, ..self.database.clone() })
    }

    /// A password stored by another method than the one asked for would test another login than the one claimed.
    pub fn assert_method(&self, client: &mut Client, role: &str) -> Result<(), ProvisionError> {
        let question = "SELECT rolpassword FROM pg_authid WHERE rolname = $1";
        let row = client.query_one(question, &[&role]).map_err(|error| self.sql("show a role", &error))?;
        let stored: String = row.try_get(0).map_err(|error| self.sql("show a role", &error))?;
        let prefix = match self.auth {
            Auth::Md5 => "md5",
            Auth::Scram => "SCRAM-SHA-256$",
        };
        if stored.starts_with(prefix) {
            return Ok(());
        }
        let to = format!("store a password by the method {}", self.auth);
        let reason = format!("{role} has another");
        Err(ProvisionError::Refused { what: self.title(), to, reason })
    }

    /// Removes what [`Superuser::make`] made, or a part of that.
    pub fn remove(&self, name: &str) -> Result<(), ProvisionError> {
        remove(&mut self.connect()?, name).map_err(|error| self.sql("remove it", &error))
    }

    fn sql(&self, what: &str, error: &::postgres::Error) -> ProvisionError {
        ProvisionError::Refused { what: self.title(), to: what.into(), reason: reason(error) }
    }

    fn title(&self) -> String {
        format!("Postgres {}", self.major)
    }
}

/// Removes a database with the role of the same name, though sessions may still be open in it. Both names are those of
/// `fresh_name`, which need no quotes. `FORCE` is known to Postgres 13 and later.
pub fn remove(client: &mut Client, name: &str) -> Result<(), ::postgres::Error> {
    client.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))?;
    client.batch_execute(&format!("DROP ROLE IF EXISTS {name}"))
}

/// The server's own words where it spoke, else what went wrong on the way to it.
pub fn reason(error: &::postgres::Error) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    error.as_db_error().map_or_else(|| format!("{error}{cause}"), |db| db.message().to_owned())
}
