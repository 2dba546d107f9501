//! What do the cells of one Python install beside their wheel? The lock that the project keeps, or one that is made of what the
//! project says that its tests need: of its `uv.lock`, else compiled.

pub mod asked;

use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::build::environment::EnvironmentError;
use crate::build::line::keep;
use crate::config::{Config, Packages};
use crate::model::cell::Python;
use crate::model::event::{self, Event};
use crate::model::fingerprint::Fingerprint;
use crate::process::{Command, ProcessError};
use crate::provision::Context;
use crate::provision::python::Interpreter;
use crate::provision::tools::Tools;

/// The name of uv's lock.
const UV_LOCK: &str = "uv.lock";

/// Begins the first line of a lock that is made here; what it is made of follows.
const MADE: &str = "# made by pyo3-matrix of ";

/// Returns the lock of a Python's cells. One that the project does not keep is made, unless it is there and what it is made of
/// has not changed.
pub fn provide(
    python: Python,
    interpreter: &Interpreter,
    tools: &Tools,
    context: &Context<'_>,
) -> Result<PathBuf, EnvironmentError> {
    let config = context.config;
    let path = config.cell_lock(python);
    let Some(packages) = &config.suite.packages else {
        return if path.is_file() { Ok(path) } else { Err(EnvironmentError::NoLock { python, path }) };
    };
    let order = Order { packages, python, interpreter, tools, config };
    let of = order.fingerprint()?;
    let first = format!("{MADE}{of}");
    let there = fs::read_to_string(&path).unwrap_or_default();
    if there.lines().next() != Some(&first) {
        let made = order.make(context).map_err(|error| match error {
            EnvironmentError::Process(source @ ProcessError::Failed { .. }) => {
                EnvironmentError::Unlocked { python, source }
            }
            other => other,
        })?;
        keep(&path, format!("{first}\n{made}").as_bytes())?;
    }
    Ok(path)
}

/// A lock that is to be made.
struct Order<'a> {
    packages: &'a Packages,
    python: Python,
    interpreter: &'a Interpreter,
    tools: &'a Tools,
    config: &'a Config,
}

impl Order<'_> {
    /// Everything that decides what the lock holds, save the index.
    fn fingerprint(&self) -> std::io::Result<String> {
        let Packages { groups, extras, also, .. } = self.packages;
        let mut print = Fingerprint::default().with("python", &self.interpreter.version);
        for (label, names) in [("group", groups), ("extra", extras), ("also", also)] {
            print = names.iter().fold(print, |print, name| print.with(label, name));
        }
        let files = self.packages.files.iter().chain(&self.packages.pyproject);
        let mut files: Vec<PathBuf> =
            files.cloned().chain([self.config.extension.pyproject.clone()]).collect();
        files.extend(
            self.uv_lock().and_then(|lock| Some(lock.strip_prefix(&self.config.root).ok()?.to_owned())),
        );
        Ok(print.with_files(&self.config.root, &files)?.hex())
    }

    /// The project's own lock, where it has one: beside the file with the groups, or above it.
    fn uv_lock(&self) -> Option<PathBuf> {
        let folder = self.pyproject().parent()?.to_owned();
        let above = folder.ancestors().take_while(|above| above.starts_with(&self.config.root));
        above.map(|above| above.join(UV_LOCK)).find(|lock| lock.is_file())
    }

    fn pyproject(&self) -> PathBuf {
        let named = self.packages.pyproject.as_ref().unwrap_or(&self.config.extension.pyproject);
        self.config.root.join(named)
    }

    /// The text of the lock.
    fn make(&self, context: &Context<'_>) -> Result<String, EnvironmentError> {
        let made = self.config.cell_lock(self.python).with_extension("partial");
        fs::create_dir_all(made.parent().unwrap_or(Path::new("")))?;
        let run = |command: Command| {
            let command = command.arg("--output-file").arg(&made).env("UV_PYTHON_DOWNLOADS", "never");
            command.limit(context.config.budgets.fetch).check(context.processes)
        };
        match self.uv_lock() {
            Some(lock) if self.packages.files.is_empty() && self.packages.also.is_empty() => {
                run(self.export(&lock))?;
            }
            _ => {
                let command = self.compile()?;
                let what = format!("what the tests need on Python {}", self.interpreter.version);
                let fetching = Event::Fetching { what: &what, with: "uv" };
                event::during(context.tell, &fetching, || run(command))?;
            }
        }
        let text = fs::read_to_string(&made)?;
        fs::remove_file(made)?;
        match self
            .uv_lock()
            .and_then(|lock| Some((lock, asked::lacking(&text, self.packages, &self.pyproject())?)))
        {
            Some((lock, lacking)) => Err(EnvironmentError::Behind { lock, lacking }),
            None => Ok(text),
        }
    }

    /// What the project has locked, for every Python at once, with markers. The project itself is the wheel.
    fn export(&self, lock: &Path) -> Command {
        let quiet =
            ["export", "--quiet", "--frozen", "--no-header", "--no-annotate", "--format", "requirements-txt"];
        let command =
            Command::new(self.tools.uv()).args(quiet).args(["--no-emit-workspace", "--no-default-groups"]);
        // The group may be that of a workspace, and the dependencies those of its member.
        let command = command.args(["--all-packages", "--python"]).arg(&self.interpreter.path);
        let command = self.named(command, str::to_owned);
        command.folder(lock.parent().unwrap_or(Path::new("")))
    }

    /// The newest releases of what is asked for. uv reads requirements from files alone.
    fn compile(&self) -> Result<Command, EnvironmentError> {
        let quiet =
            ["pip", "compile", "--quiet", "--no-header", "--no-annotate", "--generate-hashes", "--python"];
        let command = Command::new(self.tools.uv()).args(quiet).arg(&self.interpreter.path);
        let groups = self.pyproject();
        let command = self.named(command, |group| format!("{}:{group}", groups.display()));
        let own = self.config.root.join(&self.config.extension.pyproject);
        let also = self.config.cell_lock(self.python).with_extension("in");
        keep(&also, self.packages.also.join("\n").as_bytes())?;
        let files = self.packages.files.iter().map(|file| self.config.root.join(file)).chain([also]);
        Ok(files.fold(command.arg(own), Command::arg).folder(&self.config.root))
    }

    fn named(&self, command: Command, group: impl Fn(&str) -> String) -> Command {
        let Packages { groups, extras, .. } = self.packages;
        let command = groups.iter().fold(command, |command, name| command.arg("--group").arg(group(name)));
        extras.iter().fold(command, |command, name| command.arg("--extra").arg(name))
    }
}
