//! How does a cell reach its database? Host, port, role, password and name, as the variables of libpq.

use std::fmt;
use std::time::Duration;

use postgres::config::{Host, SslMode};
use postgres::{Client, NoTls};

use crate::model::secrets;
use crate::provision::ProvisionError;

/// A database and the role that uses it.
#[derive(Clone)]
pub struct Database {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: String,
    pub name: String,
}

impl Database {
    /// `PGHOST` and its kin.
    #[must_use]
    pub fn env(&self) -> [(&'static str, String); 5] {
        [
            ("PGHOST", self.host.clone()),
            ("PGPORT", self.port.to_string()),
            ("PGUSER", self.user.clone()),
            ("PGPASSWORD", self.password.clone()),
            ("PGDATABASE", self.name.clone()),
        ]
    }

    /// The database that a DSN means, `postgresql://user:password@host:5432/name` or `host=… user=… password=…`, or what is wrong with it. The
    /// answer holds no part of the DSN: it has a password in it.
    pub(super) fn of_dsn(dsn: &str) -> Result<Self, String> {
        let config: postgres::Config =
            dsn.parse().map_err(|_| "it is no DSN such as postgresql://user:password@host:5432/database")?;
        let host = match config.get_hosts() {
            [Host::Tcp(host)] => host.clone(),
            _ => return Err("it does not name one host to be reached over TCP".into()),
        };
        if config.get_ssl_mode() == SslMode::Require {
            return Err("it asks for TLS, which the harness does not speak".into());
        }
        let user = config.get_user().ok_or("it names no user")?.to_owned();
        let password = config.get_password().ok_or("it holds no password")?;
        Ok(Database {
            host,
            port: config.get_ports().first().copied().unwrap_or(5432),
            password: String::from_utf8(password.to_owned()).map_err(|_| "its password is not UTF-8")?,
            name: config.get_dbname().unwrap_or(&user).to_owned(),
            user,
        })
    }

    /// A connection on which no statement takes longer than `limit`.
    pub(super) fn connect(&self, limit: Duration) -> Result<Client, postgres::Error> {
        self.config(limit).connect(NoTls)
    }

    /// How to connect so that no statement takes longer than `limit`.
    pub(super) fn config(&self, limit: Duration) -> postgres::Config {
        let mut config = postgres::Config::new();
        config
            .host(&self.host)
            .port(self.port)
            .user(&self.user)
            .password(&self.password)
            .dbname(&self.name)
            .ssl_mode(SslMode::Disable)
            .connect_timeout(limit)
            .options(&format!("-c statement_timeout={}", limit.as_millis()));
        config
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:***@{}:{}/{}", self.user, self.host, self.port, self.name)
    }
}

/// `bytes` bytes of the operating system's randomness in hexadecimal digits.
pub(super) fn random(bytes: usize) -> Result<String, ProvisionError> {
    use std::fmt::Write as _;
    let mut block = vec![0; bytes];
    getrandom::fill(&mut block).map_err(|error| ProvisionError::NoRandomness(error.into()))?;
    Ok(block.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// A new password, which nothing shows.
pub(super) fn new_password() -> Result<String, ProvisionError> {
    let password = random(16)?;
    secrets::learn(&password);
    Ok(password)
}

/// A name that needs no quotes anywhere, made of `text` and a random end, so that it is always a new one.
pub(super) fn fresh_name(text: &str) -> Result<String, ProvisionError> {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    // Postgres cuts names off after 63 bytes.
    let name: String = text.chars().map(plain).take(40).collect();
    Ok(format!("{name}_{}", random(4)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_printed_without_its_password() {
        let database = Database {
            host: "127.0.0.1".into(),
            port: 5432,
            user: "cell".into(),
            password: "hush".into(),
            name: "d".into(),
        };
        assert_eq!(format!("{database:?}"), "cell:***@127.0.0.1:5432/d");
        assert!(database.env().contains(&("PGPASSWORD", "hush".into())));
    }

    #[test]
    fn a_dsn_says_how_to_connect_or_what_it_lacks_and_never_its_password() {
        let read = |dsn: &str| Database::of_dsn(dsn).map(|database| format!("{database:?}"));
        assert_eq!(read("postgresql://u:hush@h:5433/d"), Ok("u:***@h:5433/d".into()));
        assert_eq!(read("postgres://u:hush@h"), Ok("u:***@h:5432/u".into()));
        assert_eq!(read("host=h user=u password='hush hush' dbname=d"), Ok("u:***@h:5432/d".into()));
        for (dsn, expected) in [
            ("postgresql://u@h/d", "no password"),
            ("postgresql://u:hush@h,i/d", "one host"),
            ("postgresql://u:hush@%2Ftmp/d", "one host"),
            ("postgresql://u:hush@h/d?sslmode=require", "TLS"),
            ("postgresql://u:hush@h:port/d", "no DSN"),
            ("postgresql+psycopg://u:hush@h/d", "no DSN"),
            ("host=h user=u passwort=hush", "no DSN"),
            ("host=/tmp user=u password=hush", "one host"),
        ] {
            let reason = read(dsn).expect_err(dsn);
            assert!(reason.contains(expected) && !reason.contains("hush"), "{reason}");
        }
    }

    #[test]
    fn a_name_is_plain_short_and_new_each_time() {
        let [a, b] = [(); 2].map(|()| fresh_name("py3.12-pg16-pyo3_0.30").expect("a name"));
        assert!(a.starts_with("py3_12_pg16_pyo3_0_30_"), "{a}");
        assert_ne!(a, b);
        assert!(fresh_name(&"x".repeat(200)).expect("a name").len() < 63);
    }
}
