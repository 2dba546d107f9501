//! Which variables of the environment hold a secret? By their names, and by values that are addresses with a password.

use std::ffi::OsString;
use std::path::Path;

use super::learn;

/// How the names end of variables whose whole value is a secret, as registries, clouds and databases name them.
const SUFFIXES: [&str; 11] = [
    "TOKEN",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "SECRET",
    "CREDENTIAL",
    "CREDENTIALS",
    "_AUTH",
    "_KEY",
    "_PASS",
    "_PAT",
];

/// Learns every secret in `variables`.
pub fn learn_all(variables: impl Iterator<Item = (OsString, OsString)>) {
    for (name, value) in variables {
        for secret in secrets(&name.to_string_lossy(), &value.to_string_lossy()) {
            learn(&secret);
        }
    }
}

/// The secrets in one variable.
fn secrets(name: &str, value: &str) -> Vec<String> {
    let name = name.to_ascii_uppercase();
    let mut found = of_address(value);
    // A key or a credential may be named by its file, which is no secret.
    let is_file = value.starts_with('/') && Path::new(value).exists();
    if SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) && !is_file {
        found.push(value.to_owned());
    }
    found
}

/// The passwords in an address, as they stand there and decoded: of a URL, or of libpq's `host=… password=…`.
fn of_address(value: &str) -> Vec<String> {
    let mut found = Vec::new();
    if let Some((scheme, rest)) = value.split_once("://") {
        // A password may hold what ends one elsewhere: the last `@` ends this one.
        let user = rest.rsplit_once('@').map(|(user, _)| user).unwrap_or_default();
        match user.split_once(':') {
            Some((_, password)) => found.push(password.to_owned()),
            // What registries and hosts of code take alone is a token.
            None if scheme.starts_with("http") => found.push(user.to_owned()),
            None => {}
        }
    }
    found.extend(passwords(value));
    let decoded: Vec<_> = found.iter().map(|encoded| percent_decoded(encoded)).collect();
    found.extend(decoded);
    // Within quotes libpq takes what follows a backslash as it is.
    let unescaped: Vec<_> = found.iter().map(|escaped| without_backslashes(escaped)).collect();
    found.extend(unescaped);
    found.retain(|secret| !secret.is_empty());
    found
}

/// What follows each `password=`: up to a blank or an `&`, and where it is quoted up to the closing quote.
fn passwords(value: &str) -> Vec<String> {
    let after = value.split("password").skip(1).filter_map(|rest| rest.trim_start().strip_prefix('='));
    let one = |rest: &str| {
        let rest = rest.trim_start();
        match rest.strip_prefix('\'') {
            Some(quoted) => quoted[..closing_quote(quoted)].to_owned(),
            None => rest.split(|c: char| c.is_whitespace() || c == '&').next().unwrap_or_default().to_owned(),
        }
    };
    after.map(one).collect()
}

fn closing_quote(quoted: &str) -> usize {
    let mut escaped = false;
    let closes = |c: char| {
        let closes = c == '\'' && !escaped;
        escaped = c == '\\' && !escaped;
        closes
    };
    quoted.find(closes).unwrap_or(quoted.len())
}

fn without_backslashes(text: &str) -> String {
    let mut escaped = false;
    let kept = |c: &char| {
        escaped = *c == '\\' && !escaped;
        !escaped
    };
    text.chars().filter(kept).collect()
}

fn percent_decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, after @ ..] = rest {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let decoded =
            digits.filter(|_| *first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(decoded.unwrap_or(*first));
        rest = if decoded.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_holds_a_secret_by_its_name() {
        for name in
            ["MATURIN_PYPI_TOKEN", "TWINE_PASSWORD", "AWS_SECRET_ACCESS_KEY", "npm_config__auth", "DB_PASS"]
        {
            assert_eq!(secrets(name, "hush-hush"), ["hush-hush"], "{name}");
        }
        for (name, value) in
            [("PATH", "hush-hush"), ("PWD", "/x"), ("SSL_KEY", "/"), ("MONKEY_TAIL", "curled-up")]
        {
            assert_eq!(secrets(name, value), [""; 0], "{name}");
        }
    }

    #[test]
    fn the_password_of_an_address_is_a_secret_as_it_stands_there_and_decoded() {
        let check = |value: &str, expected: &[&str]| {
            let found = secrets("ADDRESS", value);
            assert!(
                expected.iter().all(|secret| found.contains(&(*secret).to_owned())),
                "{value}: {found:?}"
            );
        };
        check("postgresql://u:p%40ss%20word@h:5432/d", &["p%40ss%20word", "p@ss word"]);
        check("postgres://u:p@ss/word@h/d", &["p@ss/word"]);
        check("postgresql://u@h/d?password=p%40ssword&x=1", &["p%40ssword", "p@ssword"]);
        check("host=h user=u password=p@ssword", &["p@ssword"]);
        check("password = 'it\\'s a pass word' host=h user=u", &["it\\'s a pass word", "it's a pass word"]);
        check("https://ghp_0123456789@example.org/simple", &["ghp_0123456789"]);
        check("postgresql+psycopg://u:p%40ssword@h/d", &["p%40ssword", "p@ssword"]);
        assert_eq!(secrets("ADDRESS", "postgresql://someone@h/d"), [""; 0]);
    }
}
