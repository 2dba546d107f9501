//! Which password does libpq's password file have for a server? Each line is `host:port:database:username:password`.
//! The first line that fits counts; `*` fits everything, and a backslash takes the next character as it is.

use std::fs::{self, Metadata};
use std::path::Path;

/// The folders of a Unix socket that distributions compile into libpq. The file calls such a host `localhost`.
const SOCKET_FOLDERS: [&str; 3] = ["/tmp", "/var/run/postgresql", "/run/postgresql"];

/// The result of a look into the file.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    Password(String),
    Nothing,
    /// The file was not read, because its owner is not the only one who can. libpq does not read it either.
    NotPrivate,
}

/// Looks for the password of `username` in `database` at `host` and `port`.
pub fn look_up(path: &Path, host: &str, port: u16, database: &str, username: &str) -> Found {
    match fs::metadata(path) {
        Ok(about) if about.is_file() && !is_private(&about) => return Found::NotPrivate,
        Ok(about) if about.is_file() => {}
        _ => return Found::Nothing,
    }
    let Ok(content) = fs::read(path) else { return Found::Nothing };
    let port = port.to_string();
    let lines = content.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
    for line in lines {
        let fields = fields_of(line.trim_end_matches('\r'));
        let [for_host, for_port, for_database, for_username, password, ..] = fields.as_slice() else {
            continue;
        };
        let is_local = for_host.fits("localhost") && SOCKET_FOLDERS.contains(&host);
        let fits = (for_host.fits(host) || is_local)
            && for_port.fits(&port)
            && for_database.fits(database)
            && for_username.fits(username);
        if fits && !line.starts_with('#') {
            return if password.text.is_empty() {
                Found::Nothing
            } else {
                Found::Password(password.text.clone())
            };
        }
    }
    Found::Nothing
}

/// One field of a line, without its backslashes.
#[derive(Default)]
struct Field {
    text: String,
    /// A `*` without a backslash, alone.
    is_any: bool,
}

impl Field {
    fn fits(&self, value: &str) -> bool {
        self.is_any || self.text == value
    }
}

fn fields_of(line: &str) -> Vec<Field> {
    let mut fields = vec![Field::default()];
    let mut rest = line.chars();
    while let Some(at) = rest.next() {
        if at == ':' {
            fields.push(Field::default());
            continue;
        }
        let Some(field) = fields.last_mut() else { break };
        field.is_any = at == '*' && field.text.is_empty();
        field.text.push(if at == '\\' { rest.next().unwrap_or('\\') } else { at });
    }
    fields
}

/// Whether only its owner may read or write the file.
#[cfg(unix)]
fn is_private(about: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;

    // No bit for the group or for others.
    about.permissions().mode().trailing_zeros() >= 6
}

/// Windows keeps the file in a folder that is private.
#[cfg(not(unix))]
fn is_private(_: &Metadata) -> bool {
    true
}
