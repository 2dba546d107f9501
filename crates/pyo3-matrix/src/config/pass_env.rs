//! Which variables of the user's shell do tests see? `[suite] pass_env` in; what is wrong with it, or those that it names of an
//! environment, out. Their values are for the tests alone: the harness shows and keeps names.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// What the harness sets itself, for a cell or for the tox that drives it, or what would decide what a cell imports.
const TAKEN: [&str; 14] = [
    "PATH",
    "TMPDIR",
    "VIRTUAL_ENV",
    "LD_LIBRARY_PATH",
    "DYLD_FALLBACK_LIBRARY_PATH",
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONSAFEPATH",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONFAULTHANDLER",
    "PYTEST_ADDOPTS",
    "PYTEST_PLUGINS",
    "PYO3_MATRIX_*",
    "TOX_*",
];

/// What is wrong with the names, if something is.
pub fn check(names: &[String]) -> Result<(), String> {
    names.iter().try_for_each(|name| {
        if !is_name(name.strip_suffix('*').unwrap_or(name)) && name != "*" {
            return Err(format!(
                "[suite] pass_env names `{name}`, allowed: the name of a variable, or its begin and a `*`"
            ));
        }
        match TAKEN.iter().find(|taken| meet(name, taken)) {
            Some(taken) => Err(format!(
                "[suite] pass_env names `{name}`, and the harness sets {taken} itself, allowed: other variables"
            )),
            None => Ok(()),
        }
    })
}

/// The variables among `all` that are named. One that is not set is none of them.
pub fn of(names: &[String], all: impl Iterator<Item = (OsString, OsString)>) -> BTreeMap<String, OsString> {
    let plain = all.filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    plain.filter(|(name, _)| names.iter().any(|wanted| meet(wanted, name))).collect()
}

/// Whether some name is meant by both.
fn meet(one: &str, other: &str) -> bool {
    match (one.strip_suffix('*'), other.strip_suffix('*')) {
        (None, None) => one == other,
        (Some(begin), None) => other.starts_with(begin),
        (None, Some(begin)) => one.starts_with(begin),
        (Some(one), Some(other)) => one.starts_with(other) || other.starts_with(one),
    }
}

fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.starts_with(|first: char| plain(first) && !first.is_ascii_digit()) && text.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn what_the_harness_sets_itself_is_refused_also_where_a_pattern_means_it() {
        for name in
            ["PYTHONPATH", "PYTHON*", "PYO3_MATRIX_OUT", "PYO3_*", "PYO3_MATRIX_O*", "TOX_X", "PATH", "*"]
        {
            let message = check(&names(&["NATS_URL", name])).expect_err(name);
            assert!(message.contains(&format!("names `{name}`, and the harness sets ")), "{message}");
        }
        assert_eq!(check(&names(&["NATS_URL", "MYAPP_*", "PATHS", "PGHOST", "PYO3_PYTHON", "_x1"])), Ok(()));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for name in ["", "A=1", "1A", "A B", "A*B", "**"] {
            let message = check(&names(&[name])).expect_err(name);
            assert!(
                message.ends_with("allowed: the name of a variable, or its begin and a `*`"),
                "{message}"
            );
        }
    }

    #[test]
    fn those_that_are_named_and_set_are_passed() {
        let all = ["NATS_URL", "MYAPP_A", "MYAPP_", "MYAPP", "OTHER"].map(|name| (name.into(), "x".into()));
        let passed = of(&names(&["NATS_URL", "MYAPP_*", "NOT_SET"]), all.into_iter());
        assert_eq!(passed.into_keys().collect::<Vec<_>>(), ["MYAPP_", "MYAPP_A", "NATS_URL"]);
    }
}
