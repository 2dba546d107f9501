//! How does a cell reach its database? Host, port, role, password and name, as the variables of libpq.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::time::Duration;

use postgres::config::SslMode;
use postgres::{Client, NoTls};

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

    /// A connection on which no statement takes longer than `limit`.
    pub(super) fn connect(&self, limit: Duration) -> Result<Client, postgres::Error> {
        postgres::Config::new()
            .host(&self.host)
            .port(self.port)
            .user(&self.user)
            .password(&self.password)
            .dbname(&self.name)
            .ssl_mode(SslMode::Disable)
            .connect_timeout(limit)
            .options(&format!("-c statement_timeout={}", limit.as_millis()))
            .connect(NoTls)
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:***@{}:{}/{}", self.user, self.host, self.port, self.name)
    }
}

/// `bytes` bytes of the operating system's randomness in hexadecimal digits.
pub(super) fn random(bytes: usize) -> io::Result<String> {
    use std::fmt::Write as _;
    let mut block = vec![0; bytes];
    File::open("/dev/urandom")?.read_exact(&mut block)?;
    Ok(block.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// A name that needs no quotes anywhere, made of `text` and a random end, so that it is always a new one.
pub(super) fn fresh_name(text: &str) -> io::Result<String> {
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
    fn a_name_is_plain_short_and_new_each_time() {
        let [a, b] = [(); 2].map(|()| fresh_name("py3.12-pg16-pyo3_0.30").expect("a name"));
        assert!(a.starts_with("py3_12_pg16_pyo3_0_30_"), "{a}");
        assert_ne!(a, b);
        assert!(fresh_name(&"x".repeat(200)).expect("a name").len() < 63);
    }
}
