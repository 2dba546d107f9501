//! Which settings does an `options` text hold? libpq passes it to the server's command line; the pool has to know the
//! names in it, because some of them are its own.

use std::collections::BTreeMap;

use super::error::Error;

/// Reads `-c name=value`, `-cname=value` and `--name=value`. A backslash takes the next character as it is.
pub fn settings_of(options: &str) -> Result<BTreeMap<String, String>, Error> {
    let mut settings = BTreeMap::new();
    let mut words = split(options).into_iter();
    while let Some(word) = words.next() {
        let setting = match (word.strip_prefix("-c"), word.strip_prefix("--")) {
            (Some(""), _) => words.next(),
            (Some(setting), _) | (None, Some(setting)) => Some(setting.to_owned()),
            (None, None) => None,
        };
        let pair = setting.as_deref().and_then(|setting| setting.split_once('='));
        let Some((name, value)) = pair else {
            return Err(Error::setting("options must hold settings only, such as -c name=value"));
        };
        settings.insert(name.replace('-', "_"), value.to_owned());
    }
    Ok(settings)
}

fn split(options: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = None::<String>;
    let mut rest = options.chars();
    while let Some(at) = rest.next() {
        match at {
            '\\' => word.get_or_insert_default().extend(rest.next()),
            at if at.is_ascii_whitespace() || at == '\x0B' => words.extend(word.take()),
            at => word.get_or_insert_default().push(at),
        }
    }
    words.extend(word);
    words
}
