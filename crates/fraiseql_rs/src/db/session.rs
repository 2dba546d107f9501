//! What does a session start with? The caller's settings, the pool's own, and the name in the server's lists.
//!
//! They travel in the start-up message, so they are the session's defaults: `RESET ALL` brings them back.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::error::Error;

/// The session settings under which binary values and PostgreSQL's own `row_to_json` agree, whatever the settings of
/// the role, the database or the server are. The wire has no time zone, so the session uses UTC. NULL in an array
/// means null.
const OWN: [(&str, &str); 6] = [
    ("TimeZone", "UTC"),
    ("IntervalStyle", "postgres"),
    ("DateStyle", "ISO"),
    ("bytea_output", "hex"),
    ("extra_float_digits", "1"),
    ("array_nulls", "on"),
];

/// How a session of the pool starts.
#[derive(Clone)]
pub struct Session {
    application_name: String,
    /// The settings, as options of the server's command line.
    options: String,
}

impl Session {
    /// Refuses a name or a value that cannot be sent, and a setting that would break the pool's own.
    pub fn new(application_name: &str, server_settings: &BTreeMap<String, String>) -> Result<Self, Error> {
        if application_name.contains('\0') {
            return Err(Error::setting("application_name must not contain a NUL"));
        }
        let mut options = String::new();
        for (name, value) in server_settings {
            check(name, value)?;
            append(&mut options, name, value);
        }
        for (name, value) in OWN {
            append(&mut options, name, value);
        }
        Ok(Self { application_name: application_name.to_owned(), options })
    }

    /// Adds its parts to the start-up message.
    pub fn describe(&self, startup: &mut tokio_postgres::Config) {
        startup.application_name(&self.application_name).options(&self.options);
    }
}

fn check(name: &str, value: &str) -> Result<(), Error> {
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    if OWN.iter().any(|(own, _)| is(own)) || is("client_encoding") {
        let message =
            format!("server_settings must not have {name}: the pool relies on its own value for it");
        return Err(Error::setting(message));
    }
    if is("application_name") {
        return Err(Error::setting("server_settings must not have application_name: it is an argument"));
    }
    let is_of_name = |at: char| at.is_alphanumeric() || matches!(at, '_' | '$' | '.');
    if name.is_empty() || !name.chars().all(is_of_name) {
        return Err(Error::setting(format!(
            "server_settings has {name:?}, which is not the name of a setting"
        )));
    }
    if value.contains('\0') {
        return Err(Error::setting(format!("server_settings has a value with a NUL for {name}")));
    }
    Ok(())
}

/// Appends one option. The server splits the text at white space that has no backslash before it.
fn append(options: &mut String, name: &str, value: &str) {
    // Writing to a String cannot fail.
    let _ = write!(options, "-c {name}=");
    for at in value.chars() {
        if at == '\\' || at.is_ascii_whitespace() || at == '\x0B' {
            options.push('\\');
        }
        options.push(at);
    }
    options.push(' ');
}
