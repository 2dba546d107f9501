//! How does a cell use a server that the harness does not run? A DSN in, a checked server out, which is left as it was
//! found.
//!
//! Everything made there carries the tag of its harness in its name, and the harness keeps one session open that carries
//! the same tag, and opens it again where it is lost. So another harness can tell what belongs to one that is no more, and
//! removes what has had no such session for a while: the guardian right after a kill, else the next harness that uses the
//! server.

use std::env;
use std::ffi::OsStr;
use std::fmt;
use std::time::{Duration, Instant};

use ::postgres::Client;
use ::postgres::error::SqlState;

use super::database::{Database, fresh_name, random};
use super::presence::{GRACE, Presence};
use super::spec::{Major, PostgresSpec};
use super::superuser::{Superuser, reason, remove};
use crate::provision::{Context, ProvisionError};
use crate::service::Standing;

/// What every name begins with that the harness gives on such a server; its tag follows.
const PREFIX: &str = "pyo3_matrix_";

/// The roles whose harness has no session any more. A role is made before its database, and removed after it.
const ORPHANS: &str = "SELECT rolname::text FROM pg_roles \
    WHERE rolname ~ '^pyo3_matrix_[0-9a-f]{8}_[0-9a-z_]*$' AND NOT EXISTS (SELECT FROM pg_stat_activity \
    WHERE application_name = 'pyo3-matrix ' || substr(rolname, 13, 8))";

const POLL: Duration = Duration::from_millis(200);

/// How long the guardian waits for a server to see that the harness is gone.
const PATIENCE: Duration = Duration::from_secs(3);

/// A server that was running before the harness, and goes on after it.
pub struct External {
    superuser: Superuser,
    version: String,
    tag: String,
    /// Says for as long as the harness uses the server that its databases are in use.
    _presence: Presence,
}

/// What is asked for by the variable of one major.
struct Asked<'a> {
    variable: String,
    major: Major,
    context: &'a Context<'a>,
}

/// Whether the value of a variable such as `PYO3_MATRIX_POSTGRES_16` is a DSN, and not a folder: a URL, or the keywords of
/// libpq. One of another form, such as `postgresql+driver://…`, is one too: a folder would be shown, and it may hold a
/// password.
#[must_use]
pub fn is_dsn(value: &str) -> bool {
    let keyword = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    value.contains("://") || value.split_once('=').is_some_and(|(word, _)| keyword(word.trim()))
}

impl External {
    /// The server behind `dsn`, the value of `variable`, if it is what `spec` asks for.
    pub fn open(
        variable: String,
        dsn: &str,
        spec: &PostgresSpec,
        context: &Context<'_>,
    ) -> Result<Self, ProvisionError> {
        let asked = Asked { variable, major: spec.major, context };
        let database = Database::of_dsn(dsn).map_err(|reason| asked.refused("an address", reason))?;
        let tag = random(4)?;
        let limit = context.config.budgets.server;
        let (session, version) = asked.session(&database, &tag, limit)?;
        let (again, renewed) = (database.clone(), tag.clone());
        let presence = Presence::keep(session, move || present(&again, &renewed, limit));
        let superuser = Superuser { database, major: spec.major, auth: spec.settings.auth, limit };
        // What cannot be swept now stays for the next harness.
        let _ = sweep(&mut superuser.connect()?, || !context.processes.interrupted());
        Ok(External { superuser, version, tag, _presence: presence })
    }

    /// A new database and its role, for [`External::remove`] to take away again.
    pub fn make(&self, name: &str) -> Result<Database, ProvisionError> {
        let name = fresh_name(&format!("{PREFIX}{}_{name}", self.tag))?;
        let made = self.superuser.make(name.clone());
        if made.is_err() {
            // Why it could not be made says more than why it could not be removed.
            let _ = self.remove(&name);
        }
        made
    }

    /// Removes a database with its role, or says why not; the next harness then removes what is left.
    pub fn remove(&self, name: &str) -> Result<(), String> {
        self.superuser.remove(name).map_err(|error| error.to_string())
    }

    /// What became of a database that was made here and not removed.
    pub fn standing(&self, name: &str) -> Standing {
        let question = "SELECT FROM pg_database WHERE datname = $1";
        let there = self.superuser.connect().map(|mut client| client.query_opt(question, &[&name]));
        let place = &self.superuser.database;
        match there {
            Ok(Ok(Some(_))) => Standing::There,
            Ok(Ok(None)) => {
                Standing::Gone(format!("its database on {place:?} is gone: something else removed it"))
            }
            Ok(Err(error)) => Standing::Silent(format!("{place:?} does not answer now: {}", reason(&error))),
            Err(error) => Standing::Silent(format!("{place:?} does not answer now: {error}")),
        }
    }

    /// `16.14`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }
}

/// Where the server is, without its password.
impl fmt::Display for External {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.superuser.database)
    }
}

impl Asked<'_> {
    /// A session of the right major as a superuser. A server that is just starting is waited for.
    fn session(
        &self,
        database: &Database,
        tag: &str,
        limit: Duration,
    ) -> Result<(Client, String), ProvisionError> {
        let place = format!("{database:?}");
        let begun = Instant::now();
        let mut client = loop {
            self.context.not_interrupted()?;
            match present(database, tag, limit) {
                Ok(client) => break client,
                Err(error)
                    if error.code() == Some(&SqlState::CANNOT_CONNECT_NOW) && begun.elapsed() < limit =>
                {
                    std::thread::sleep(POLL);
                }
                Err(error) => return Err(self.refused(&place, reason(&error))),
            }
        };
        let question = "SELECT current_setting('server_version_num')::int / 10000, \
            split_part(current_setting('server_version'), ' ', 1), \
            (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)";
        let refused = |error: &::postgres::Error| self.refused(&place, reason(error));
        let row = client.query_one(question, &[]).map_err(|error| refused(&error))?;
        let (major, version, superuser): (i32, String, bool) = (row.get(0), row.get(1), row.get(2));
        if major != i32::from(self.major.0) {
            return Err(self.refused(&place, format!("expected Postgres {}, got {version}", self.major)));
        }
        if !superuser {
            return Err(self.refused(&place, format!("{} is no superuser", database.user)));
        }
        Ok((client, version))
    }

    fn refused(&self, place: &str, reason: String) -> ProvisionError {
        ProvisionError::NoServer {
            named: self.variable.clone(),
            place: place.to_owned(),
            reason,
            hint: format!(
                "it has to be a running Postgres {}, reached over TCP as a superuser with a password; correct the DSN, or take it away to have a server started",
                self.major
            ),
        }
    }
}

/// A session by which others see that the harness of `tag` lives.
fn present(database: &Database, tag: &str, limit: Duration) -> Result<Client, ::postgres::Error> {
    let name = format!("pyo3-matrix {tag}");
    let mut client = database.config(limit).application_name(&name).connect(::postgres::NoTls)?;
    // A server that ends sessions for doing nothing must spare this one; majors before 14 know no such thing.
    let _ = client.batch_execute("SET idle_session_timeout = 0");
    Ok(client)
}

/// Removes what a killed harness left on the servers that the environment names. For the guardian, whose harness is
/// gone, though a server may need a moment to see that.
pub fn sweep_after_kill() {
    let named = |name: &OsStr| name.as_encoded_bytes().starts_with(super::binaries::VARIABLE.as_bytes());
    // A variable of another program need not be UTF-8.
    let values = env::vars_os().filter(|(name, _)| named(name)).filter_map(|(_, dsn)| dsn.into_string().ok());
    for dsn in values.filter(|dsn| is_dsn(dsn)) {
        let Ok(database) = Database::of_dsn(&dsn) else { continue };
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let Ok(mut client) = database.connect(PATIENCE) else { break };
            if sweep(&mut client, || true).is_err() {
                break;
            }
            std::thread::sleep(POLL);
        }
    }
}

/// Removes what has no session at any look of [`GRACE`]: a harness that lost its session is about to open another.
/// `goes_on` says whether to wait for that.
fn sweep(client: &mut Client, goes_on: impl Fn() -> bool) -> Result<(), ::postgres::Error> {
    let begun = Instant::now();
    let mut left = orphans(client)?;
    while !left.is_empty() && begun.elapsed() < GRACE {
        if !goes_on() {
            return Ok(());
        }
        std::thread::sleep(POLL);
        let now = orphans(client)?;
        left.retain(|name| now.contains(name));
    }
    left.iter().try_for_each(|name| remove(client, name))
}

fn orphans(client: &mut Client) -> Result<Vec<String>, ::postgres::Error> {
    Ok(client.query(ORPHANS, &[])?.iter().map(|row| row.get(0)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dsn_is_told_from_a_folder() {
        for dsn in [
            "postgresql://u:p@h/d",
            "postgres://u:p@h/d",
            "postgresql+psycopg://u:p@h/d",
            "host=h password=p",
            " password = 'p p' host=h",
        ] {
            assert!(is_dsn(dsn), "{dsn}");
        }
        for folder in ["/usr/lib/postgresql/16/bin", "postgresql", "/opt/a=b/bin", "../pg/bin=1", ""] {
            assert!(!is_dsn(folder), "{folder}");
        }
    }

    #[test]
    fn the_tag_stands_where_the_sweep_looks_for_it() {
        let name = fresh_name(&format!("{PREFIX}0123abcd_py3_12_pg16_pyo3_0_30")).expect("a name");
        assert_eq!(&name[12..20], "0123abcd", "{name}");
    }
}
