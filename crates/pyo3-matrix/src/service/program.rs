//! How does a cell have any program to talk to? The command of `[service.NAME]`, started once for a run or for each stage of
//! a cell, on a port of its own.

mod instance;
mod spec;
mod template;

use std::path::{Path, PathBuf};

use super::{Asked, Kind, Lease, Service, Stage, Standing, Wrong, log};
use crate::config::service::ServiceSpec;
use crate::model::event::{Event, Tell};
use crate::process::Command;
use crate::provision::{Context, ProvisionError, Tried, unprivileged};

use instance::{Instance, Start};
use spec::{ProgramSpec, Scope};

/// Folders of servers that the PATH of a user may not have.
const SBIN: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/// The kind `program`.
pub struct Program;

/// A program that can be started, or that runs.
struct Started<'p> {
    start: Start<'p>,
    /// The one that all cells share.
    shared: Option<Instance<'p>>,
    version: Option<String>,
    tell: Tell<'p>,
}

/// What one stage has of it.
struct Leased<'s, 'p> {
    program: &'s Started<'p>,
    own: Option<Instance<'p>>,
}

impl Kind for Program {
    fn name(&self) -> &'static str {
        "program"
    }

    fn check(&self, spec: &ServiceSpec) -> Result<(), Wrong> {
        if spec.releases.is_empty() {
            let read = ProgramSpec::read(spec, None);
            return read.map(drop).map_err(|message| Wrong { line: spec.line, message });
        }
        spec.releases.iter().try_for_each(|release| {
            let read = ProgramSpec::read(spec, Some(release));
            read.map(drop).map_err(|message| Wrong { line: release.line, message })
        })
    }

    /// A program that needs no other service is started once in any case: where it cannot be, nothing is built.
    fn provide<'p>(
        &self,
        asked: Asked<'_>,
        context: &Context<'p>,
    ) -> Result<Box<dyn Service + 'p>, ProvisionError> {
        let spec = ProgramSpec::read(asked.spec, asked.spec.release(asked.id));
        // The config was checked.
        let spec = spec.unwrap_or_else(|_| unreachable!("a checked service"));
        let root = context.config.root.clone();
        let release = asked.id.release.as_ref().map(crate::model::cell::Release::number);
        let start = Start {
            title: asked.title(),
            name: asked.spec.name.clone(),
            program: find(&spec.run, release.as_deref(), &root, asked)?,
            user: if spec.unprivileged { unprivileged(&["nobody"]) } else { None },
            release,
            root,
            limit: context.config.budgets.server,
            processes: context.processes,
            spec,
        };
        let first = if start.spec.needs().is_empty() { Some(start.start(&[])?) } else { None };
        let version = first.as_ref().map_or(Ok(None), |first| seen(&start, first, context))?;
        let shared = first.filter(|_| start.spec.scope == Scope::Run);
        Ok(Box::new(Started { start, shared, version, tell: context.tell }))
    }
}

impl Service for Started<'_> {
    fn lease<'s>(&'s self, stage: &Stage<'_>) -> Result<Box<dyn Lease + 's>, ProvisionError> {
        let own = match self.shared {
            Some(_) => None,
            None => Some(self.start.start(stage.variables)?),
        };
        Ok(Box::new(Leased { program: self, own }))
    }

    fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    fn place(&self) -> String {
        format!("program: {}", self.start.program.display())
    }

    fn keep_log(&self, to: &Path) {
        if let Some(shared) = &self.shared {
            self.keep(shared, to);
        }
    }
}

impl Started<'_> {
    fn keep(&self, instance: &Instance<'_>, to: &Path) {
        if let Err(error) = log::keep(&instance.log(), to) {
            (self.tell)(&Event::ServerLogNotKept { path: to, error: &error });
        }
    }
}

impl<'p> Leased<'_, 'p> {
    fn instance(&self) -> Option<&Instance<'p>> {
        self.own.as_ref().or(self.program.shared.as_ref())
    }
}

impl Lease for Leased<'_, '_> {
    fn env(&self) -> Vec<(String, String)> {
        self.instance().map(|instance| instance.env.clone()).unwrap_or_default()
    }

    fn observe(&self) -> Option<serde_json::Value> {
        let command = self.instance()?.observe.as_ref()?;
        Some(serde_json::json!({ "kind": "program", "command": command }))
    }

    fn standing(&self) -> Standing {
        let gone = self.instance().and_then(Instance::gone);
        gone.map_or(Standing::There, Standing::Gone)
    }

    fn keep_log(&self, to: &Path) {
        if let Some(instance) = self.instance() {
            self.program.keep(instance, to);
        }
    }
}

/// The program that `run` names first: a path from the project's root, or a name that is looked for on PATH.
fn find(run: &str, release: Option<&str>, root: &Path, asked: Asked<'_>) -> Result<PathBuf, ProvisionError> {
    let words = shlex::split(run).unwrap_or_default();
    let values = release.map(|release| ("version".to_owned(), release.to_owned())).into_iter().collect();
    let name = words.first().map(|word| template::fill(word, &values));
    let missing = |tried| ProvisionError::NoService {
        what: asked.title(),
        tried: vec![tried],
        hint: format!(
            "install that program, or correct `run` of [service.{}] in matrix.toml; with missing = \"skip\" there its cells are skipped",
            asked.spec.name
        ),
    };
    let Some(Ok(name)) = name else {
        return Err(missing(Tried::new(run, "its first word differs from cell to cell")));
    };
    if name.contains('/') {
        let path = root.join(&name);
        return if path.is_file() {
            Ok(path)
        } else {
            Err(missing(Tried::new(path.display(), "does not exist")))
        };
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(SBIN.map(PathBuf::from));
    let found = folders
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(&name))
        .find(|path| path.is_file());
    found.ok_or_else(|| missing(Tried::new(&name, format!("is on PATH nowhere, nor in {}", SBIN.join(", ")))))
}

/// The version that a running program shows, held to the release that was asked for.
fn seen(
    start: &Start<'_>,
    running: &Instance<'_>,
    context: &Context<'_>,
) -> Result<Option<String>, ProvisionError> {
    let Some([program, arguments @ ..]) = running.observe.as_deref() else { return Ok(None) };
    let command = Command::new(program).args(arguments).folder(&start.root);
    let ran = command.limit(context.config.budgets.probe).check(context.processes);
    let ran = ran.map_err(ProvisionError::failed(
        format!("cannot see the version of {}", start.title),
        "correct `observe` of the service in matrix.toml",
    ))?;
    let version = version(&ran.stdout);
    let is_asked = |asked: &String| {
        let longer = format!("{asked}.");
        version.as_ref().is_some_and(|seen| seen == asked || seen.starts_with(&longer))
    };
    match &start.release {
        Some(release) if !is_asked(release) => {
            let seen = version.as_deref().unwrap_or("no version");
            Err(start
                .failed(format!("shows {seen}: `observe` has to print {release} or {release}.…"), ran.tail))
        }
        _ => Ok(version),
    }
}

/// The first number with a dot in it, else the first number. `matrix_cell/service/program.py` reads it the same way.
fn version(text: &str) -> Option<String> {
    let mut numbers =
        text.split(|c: char| !(c.is_ascii_digit() || c == '.')).map(|part| part.trim_matches('.'));
    let mut others = numbers.clone();
    let found =
        numbers.find(|number| number.contains('.')).or_else(|| others.find(|number| !number.is_empty()));
    found.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_the_first_number_with_a_dot() {
        let check = |text, expected: Option<&str>| assert_eq!(version(text).as_deref(), expected, "{text}");
        check("nats-server: v2.10.4\n", Some("2.10.4"));
        check("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0", Some("7.0.15"));
        check("PgBouncer 1.18.0\nlibevent 2.1.12", Some("1.18.0"));
        check("release 7", Some("7"));
        check("none.", None);
    }
}
