//! Which variables does a `tox.ini` pass on to the tests? Its text, and a line of the environment that runs them, in; names, with
//! the line that says so, out.

use crate::config::pass_env;

/// Both spellings of the setting.
const KEYS: [&str; 2] = ["pass_env", "passenv"];

/// What every environment inherits.
const BASE: &str = "testenv";

/// A setting of a section.
struct Setting<'t> {
    section: &'t str,
    /// Where it begins.
    line: usize,
    names: Vec<&'t str>,
}

/// The variables that the environment with this line passes on, or else those of all. What names no variable of the user's shell,
/// or one that a cell cannot have of it, is left out.
pub fn passed(text: &str, line: usize) -> Option<(Vec<String>, usize)> {
    let own = text.lines().take(line).filter_map(header).last()?;
    let settings = settings(text);
    let of = |section: &str| settings.iter().find(|setting| setting.section == section);
    let base = of(BASE).map(|setting| setting.names.as_slice()).unwrap_or_default();
    let found = of(own).or_else(|| of(BASE))?;
    let inherits = |name: &&&str| KEYS.iter().any(|key| **name == format!("{{[{BASE}]{key}}}"));
    let inherited = found.names.iter().find(inherits).map_or(&[][..], |_| base);
    let all = found.names.iter().chain(inherited).map(|name| (*name).to_owned());
    let names: Vec<String> = all.filter(|name| pass_env::check(std::slice::from_ref(name)).is_ok()).collect();
    (!names.is_empty()).then_some((names, found.line))
}

/// Each section's list of names. A line that is indented goes on with the setting above it.
fn settings(text: &str) -> Vec<Setting<'_>> {
    let (mut found, mut section, mut open): (Vec<Setting<'_>>, _, _) = (Vec::new(), "", false);
    let says = |(_, line): &(usize, &str)| !line.trim_start().starts_with(['#', ';']);
    for (at, line) in text.lines().enumerate().filter(says) {
        if line.starts_with([' ', '\t']) {
            if let Some(setting) = found.last_mut().filter(|_| open) {
                setting.names.extend(words(line));
            }
        } else if let Some(name) = header(line) {
            (section, open) = (name, false);
        } else if let Some((key, value)) = line.split_once('=') {
            open = KEYS.contains(&key.trim());
            if open {
                found.push(Setting { section, line: at + 1, names: words(value).collect() });
            }
        }
    }
    found
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split([' ', '\t', ',']).filter(|word| !word.is_empty())
}

/// `testenv:py312` of `[testenv:py312]`.
fn header(line: &str) -> Option<&str> {
    line.strip_prefix('[')?.split_once(']').map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, line: usize) -> Option<String> {
        passed(text, line).map(|(names, at)| format!("{at}: {}", names.join(" ")))
    }

    #[test]
    fn the_environment_that_runs_the_tests_says_it_or_what_all_inherit() {
        let text = "[tox]\n[testenv]\npassenv =\n    # of the server\n    NATS_URL\n    MYAPP_*, X\ncommands = pytest tests\n\
                    [testenv:other]\npass_env = OTHER\ncommands = pytest more\n[testenv:third]\ncommands = pytest third\n";
        assert_eq!(check(text, 7).as_deref(), Some("3: NATS_URL MYAPP_* X"));
        assert_eq!(check(text, 10).as_deref(), Some("9: OTHER"));
        assert_eq!(check(text, 12).as_deref(), Some("3: NATS_URL MYAPP_* X"));
        assert_eq!(check("[testenv]\ncommands = pytest tests\n", 2), None);
    }

    #[test]
    fn what_is_referred_to_is_taken_and_what_a_cell_cannot_have_is_not() {
        let text = "[testenv]\npassenv = NATS_URL\n[testenv:x]\npassenv = {[testenv]passenv} PYTHONPATH * py312: {posargs} A\n";
        assert_eq!(check(text, 4).as_deref(), Some("4: A NATS_URL"));
        assert_eq!(check("[testenv]\npassenv = *\ncommands = pytest\n", 3), None);
    }
}
