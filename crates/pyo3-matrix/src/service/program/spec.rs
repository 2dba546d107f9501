//! How is a program started, and when is it ready? The table of a service, and of one of its releases, in; a checked spec out.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use regex::Regex;
use serde::Deserialize;

use super::template::{self, OWN};
use crate::config::service::{ReleaseSpec, ServiceSpec};

/// What `[service.NAME]` says of a program. A release may say any of it otherwise.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramSpec {
    /// The command. It is no line of a shell.
    pub run: String,
    /// When tests may begin. None: when something listens on `{port}`.
    pub ready: Option<Ready>,
    /// What the tests get.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Files in `{folder}`, with their content.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    #[serde(default)]
    pub scope: Scope,
    /// Whether the program runs as the user `nobody` where the harness is root.
    #[serde(default)]
    pub unprivileged: bool,
    /// A command that prints the version; a cell runs it too.
    pub observe: Option<String>,
}

/// How often the program is started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Once, for all cells.
    #[default]
    Run,
    /// For each stage of each cell.
    Cell,
}

/// How a program is known to be ready.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ready {
    /// It listens on `{port}`.
    Port,
    /// A line that it prints matches.
    Output(Pattern),
    /// A command that then succeeds.
    Command(String),
}

/// A regular expression.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern(pub Regex);

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Regex::new(&text).map(Pattern).map_err(|error| format!("`{text}` is no regular expression: {error}"))
    }
}

impl ProgramSpec {
    /// What a service says, and one of its releases otherwise; or what is wrong with it.
    pub fn read(service: &ServiceSpec, release: Option<&ReleaseSpec>) -> Result<ProgramSpec, String> {
        let mut table = service.settings.clone();
        table.extend(release.map(|release| release.settings.clone()).unwrap_or_default());
        let name = &service.name;
        let spec: ProgramSpec = table.try_into().map_err(|error| {
            let error: toml::de::Error = error;
            format!("service {name}: {}", error.message())
        })?;
        spec.check(!service.releases.is_empty()).map_err(|wrong| format!("service {name}: {wrong}"))?;
        Ok(spec)
    }

    /// Each text in which a name in braces has a value.
    fn texts(&self) -> impl Iterator<Item = &String> {
        let ready = match &self.ready {
            Some(Ready::Command(command)) => Some(command),
            _ => None,
        };
        [&self.run]
            .into_iter()
            .chain(ready)
            .chain(&self.observe)
            .chain(self.env.values())
            .chain(self.files.values())
    }

    /// The variables of other services that it needs.
    pub fn needs(&self) -> Vec<&str> {
        self.texts().flat_map(|text| template::names(text)).filter(|name| !OWN.contains(name)).collect()
    }

    fn check(&self, has_releases: bool) -> Result<(), String> {
        for (what, command) in [("run", Some(&self.run)), ("observe", self.observe.as_ref())] {
            if command.is_some_and(|command| shlex::split(command).is_none_or(|words| words.is_empty())) {
                return Err(format!("`{what}` is no command: it is empty, or a quote in it is not closed"));
            }
        }
        let is_file = |name: &str| {
            matches!(Path::new(name).components().collect::<Vec<_>>()[..], [Component::Normal(_)])
        };
        if let Some(name) = self.files.keys().find(|name| !is_file(name)) {
            return Err(format!("`{name}` of `files` is no plain name of a file"));
        }
        let has_port = self.texts().any(|text| template::names(text).contains(&"port"));
        if !has_port && !matches!(self.ready, Some(Ready::Output(_) | Ready::Command(_))) {
            return Err("nothing says when it is ready, needed: `{port}` in `run`, or `ready = { output = \"…\" }` or `ready = { command = \"…\" }`".into());
        }
        // A variable is written in capitals; what is not is most often a slip.
        if let Some(name) =
            self.needs().iter().find(|name| name.bytes().any(|byte| byte.is_ascii_lowercase()))
        {
            return Err(format!(
                "`{{{name}}}` stands for nothing, allowed: {{port}}, {{folder}}, {{version}}, and a variable of a service before it"
            ));
        }
        if let (Some(name), Scope::Run) = (self.needs().first(), self.scope) {
            return Err(format!("`{{{name}}}` differs from cell to cell, needed: scope = \"cell\""));
        }
        if has_releases && self.observe.is_none() {
            return Err("it has releases, needed: `observe`, a command that prints the version".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ProgramSpec, String> {
        let service = ServiceSpec {
            name: "x".into(),
            kind: "program".into(),
            title: "X".into(),
            releases: Vec::new(),
            is_chosen: false,
            missing: crate::config::Missing::Fail,
            settings: toml::from_str(text).expect("a table"),
            line: 1,
        };
        ProgramSpec::read(&service, None)
    }

    #[test]
    fn what_is_wrong_with_a_program_is_said_with_what_is_allowed() {
        for (text, complaint) in [
            ("", "missing field `run`"),
            ("run = \"\"", "`run` is no command"),
            ("run = \"x 'y\"", "`run` is no command"),
            ("run = \"x\"", "nothing says when it is ready"),
            ("run = \"x\"\nready = \"port\"", "nothing says when it is ready"),
            ("run = \"x {port}\"\nfiles = { \"../a\" = \"\" }", "`../a` of `files` is no plain name"),
            ("run = \"x {port} {prot}\"", "`{prot}` stands for nothing"),
            ("run = \"x {port} {PGPORT}\"", "`{PGPORT}` differs from cell to cell"),
            ("run = \"x {port}\"\nready = { output = \"(\" }", "`(` is no regular expression"),
            ("run = \"x {port}\"\nrum = 1", "unknown field `rum`"),
        ] {
            let said = read(text).expect_err(text);
            assert!(said.starts_with("service x: ") && said.contains(complaint), "{text}: {said}");
        }
    }

    #[test]
    fn a_program_needs_the_variables_that_its_texts_name() {
        let text = "run = \"x {port} {folder}\"\nscope = \"cell\"\nfiles = { a = \"{PGHOST}\" }\nready = { command = \"y {PGUSER}\" }";
        assert_eq!(read(text).expect("a spec").needs(), ["PGUSER", "PGHOST"]);
        assert!(matches!(read("run = \"x {port}\"").expect("a spec").scope, Scope::Run));
    }
}
