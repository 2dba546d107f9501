//! Which variables do the tests of a cell see, beside those that tox always passes on? Those of its services and axes, and what
//! `[suite] pass_env` names of the user's shell.

use std::collections::BTreeMap;
use std::ffi::OsString;

use crate::config::Config;
use crate::config::pass_env;
use crate::model::cell::CellId;

/// The variables of one cell.
#[derive(Debug)]
pub(super) struct Variables {
    pub all: BTreeMap<String, OsString>,
    /// The names of those that come from the user's shell.
    pub passed: Vec<String>,
}

impl Variables {
    /// What a service or an axis sets, the user's shell does not.
    pub fn of(
        cell: &CellId,
        services: Vec<(String, String)>,
        shell: impl Iterator<Item = (OsString, OsString)>,
        config: &Config,
    ) -> Variables {
        let chosen = config.choices(cell).flat_map(|choice| choice.env.clone());
        let own = services.into_iter().chain(chosen).map(|(name, value)| (name, value.into()));
        let mut all: BTreeMap<String, OsString> = own.collect();
        let mut passed = pass_env::of(&config.suite.pass_env, shell);
        passed.retain(|name, _| !all.contains_key(name));
        let names = passed.keys().cloned().collect();
        all.append(&mut passed);
        Variables { all, passed: names }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_service_or_an_axis_sets_is_not_taken_from_the_users_shell() {
        let text = include_str!("../../../../../examples/nap/matrix.toml");
        let config = Config::parse(text, "matrix.toml".as_ref(), "/".into());
        let mut config = config.expect("a valid config");
        let (axis, set) = config
            .free_axes
            .iter()
            .flat_map(|axis| &axis.values)
            .find_map(|value| Some((value.name.clone(), value.env.keys().next()?.clone())))
            .expect("a value that sets something");
        config.suite.pass_env = vec![set.clone(), "NATS_URL".into(), "MYAPP_A".into()];
        let cell = format!("py3.13-pyo3_0.30-{axis}").parse().expect("an id");
        let services = vec![("NATS_URL".to_owned(), "of the service".to_owned())];
        let names = [set.as_str(), "NATS_URL", "MYAPP_A", "HOME"];
        let shell = names.map(|name| (name.into(), "of the shell".into()));
        let variables = Variables::of(&cell, services, shell.into_iter(), &config);
        assert_eq!(variables.passed, ["MYAPP_A"]);
        assert_eq!(variables.all["NATS_URL"], "of the service");
        assert_eq!(variables.all["MYAPP_A"], "of the shell");
        assert!(variables.all[&set] != "of the shell" && variables.all.len() == 3, "{variables:?}");
    }
}
