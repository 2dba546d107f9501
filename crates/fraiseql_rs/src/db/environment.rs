//! What do libpq's variables say, where a connection string says nothing?

use std::env::{self, VarError};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::dsn::Parts;
use super::error::Error;

/// Variables that ask for what the pool does not offer, and the values that ask for nothing.
const REFUSED: [(&str, &[&str]); 7] = [
    ("PGSSLMODE", &["disable", "allow", "prefer"]),
    ("PGSSLNEGOTIATION", &["postgres"]),
    ("PGCHANNELBINDING", &["disable", "prefer"]),
    ("PGGSSENCMODE", &["disable", "prefer"]),
    ("PGTARGETSESSIONATTRS", &["any"]),
    ("PGREQUIREAUTH", &[]),
    ("PGSERVICE", &[]),
];

/// Fills the gaps in `parts`.
pub fn complete(parts: Parts) -> Result<Parts, Error> {
    for (name, harmless) in REFUSED {
        if name == "PGSSLMODE" && parts.declines_tls {
            continue;
        }
        if variable(name)?.is_some_and(|value| !harmless.contains(&value.as_str())) {
            return Err(Error::setting(format!("{name} asks for what the pool does not offer")));
        }
    }
    let several = |name| Error::setting(format!("{name} has several values, and the pool takes one"));
    // If the text names a host, PGHOSTADDR is not read: it is the address of the host in PGHOST.
    let is_elsewhere = parts.host.is_none() && parts.address.is_none();
    let host = if is_elsewhere { variable("PGHOST")? } else { None };
    let address = if is_elsewhere { variable("PGHOSTADDR")? } else { None };
    for (name, value) in [("PGHOST", &host), ("PGHOSTADDR", &address)] {
        if value.as_ref().is_some_and(|value| value.contains(',')) {
            return Err(several(name));
        }
    }
    Ok(Parts {
        host: parts.host.or(host),
        address: parts.address.or(address),
        port: parts.port.map_or_else(|| number("PGPORT"), |port| Ok(Some(port)))?,
        username: parts.username.map_or_else(|| variable("PGUSER"), |name| Ok(Some(name)))?,
        password: parts.password.map_or_else(|| variable("PGPASSWORD"), |word| Ok(Some(word)))?,
        database: parts.database.map_or_else(|| variable("PGDATABASE"), |name| Ok(Some(name)))?,
        application_name: parts
            .application_name
            .map_or_else(|| variable("PGAPPNAME"), |name| Ok(Some(name)))?,
        options: parts.options.map_or_else(|| variable("PGOPTIONS"), |text| Ok(Some(text)))?,
        connect_timeout: parts.connect_timeout.map_or_else(connect_timeout, |limit| Ok(Some(limit)))?,
        declines_tls: parts.declines_tls,
    })
}

/// The file that passwords are looked up in.
pub fn passfile() -> Result<Option<PathBuf>, Error> {
    if let Some(path) = variable("PGPASSFILE")? {
        return Ok(Some(path.into()));
    }
    let (folder, name) =
        if cfg!(windows) { ("APPDATA", "postgresql/pgpass.conf") } else { ("HOME", ".pgpass") };
    Ok(variable(folder)?.map(|folder| PathBuf::from(folder).join(name)))
}

/// Zero and less mean no limit to libpq. The pool has always one, so its default stays.
fn connect_timeout() -> Result<Option<Duration>, Error> {
    let seconds = number::<i64>("PGCONNECT_TIMEOUT")?;
    Ok(seconds
        .and_then(|seconds| u64::try_from(seconds).ok())
        .filter(|seconds| *seconds > 0)
        .map(Duration::from_secs))
}

fn number<T: FromStr>(name: &str) -> Result<Option<T>, Error> {
    let read =
        |text: String| text.trim().parse().map_err(|_| Error::setting(format!("{name} must be a number")));
    variable(name)?.map(read).transpose()
}

/// The value of a variable. An empty one counts as absent, as for libpq.
fn variable(name: &str) -> Result<Option<String>, Error> {
    match env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(Error::setting(format!("{name} is not UTF-8"))),
    }
}
