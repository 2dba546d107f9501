//! Where does a cell run? In the tox environment of its (Python, line), which holds what the lock names, and the wheel. It is
//! made once, before any wheel is built, and kept while everything that it was made from is unchanged.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::build::packages::asked::Lacking;
use crate::build::wheel::Wheel;
use crate::build::{cell_files, needs, packages};
use crate::config::{Config, pytest};
use crate::model::cell::{Python, WheelId};
use crate::model::event::{self, Event};
use crate::model::fingerprint::{self, Fingerprint};
use crate::model::program;
use crate::model::secrets;
use crate::process::{Command, ProcessError};
use crate::provision::Context;
use crate::provision::python::Interpreter;
use crate::provision::tools::Tools;

/// A tox environment with what the lock names. What wheel stands beside that is another question.
#[derive(Debug, Clone)]
pub struct Locked {
    id: WheelId,
    /// The environment's own `bin`.
    bin: PathBuf,
    /// SHA-256 of the hash-locked requirements.
    lock: String,
    lock_path: PathBuf,
    /// Whether this run made it.
    pub fresh: bool,
    tox: PathBuf,
    /// The project's root, which tox would take to be the folder of its file.
    root: PathBuf,
    /// The folder of tox's file and of what else the harness brings.
    files: PathBuf,
    work: PathBuf,
    variables: Vec<(&'static str, OsString)>,
}

/// A tox environment that is ready to run cells.
#[derive(Debug, Clone)]
pub struct Environment {
    locked: Locked,
    pub wheel: Wheel,
    /// Whether this run installed the wheel.
    pub fresh: bool,
}

/// The reason why there is no environment.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    #[error("the cells of Python {python} have no lock {}\nhint: docs/own-project.md of pyo3-matrix says how one is compiled", path.display())]
    NoLock { python: Python, path: PathBuf },
    #[error(
        "the packages that the tests need on Python {python} cannot be locked: {source}\nhint: `packages` of [suite] in matrix.toml says what they are; `{} init` writes what was inferred",
        program::name()
    )]
    Unlocked { python: Python, source: ProcessError },
    #[error("{} {lacking}\nhint: `uv lock` brings it up to date", lock.display())]
    Behind { lock: PathBuf, lacking: Lacking },
    #[error("the wheel of {id} needs what its lock does not install: {}\n{}", needs.join("; "), needs::hint(*python, lock, pyproject))]
    Unmet { id: WheelId, python: Python, needs: Vec<String>, lock: PathBuf, pyproject: PathBuf },
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Makes the environment of `id` with what its lock names, or finds it. `log` receives tox's output.
pub fn provide(
    id: WheelId,
    interpreter: &Interpreter,
    tools: &Tools,
    log: &Path,
    context: &Context<'_>,
) -> Result<Locked, EnvironmentError> {
    let config = context.config;
    let lock_path = packages::provide(id.python, interpreter, tools, context)?;
    let work = config.target().join("tox");
    let files = cell_files::provide(&config.target())?;
    // Without a file of settings pytest would look for one in every folder above the tests, beyond the project too.
    let settings = pytest::settings(&config.suite_folder()).unwrap_or_else(|| PathBuf::from("/dev/null"));
    let mut locked = Locked {
        id,
        fresh: false,
        bin: work.join(id.to_string()).join("bin"),
        lock: fingerprint::of_file(&lock_path)?,
        lock_path: lock_path.clone(),
        tox: tools.tox(),
        root: config.suite_folder(),
        files: files.clone(),
        variables: vec![
            ("PYO3_MATRIX_PYTHON", interpreter.path.clone().into()),
            ("PYO3_MATRIX_LOCK", lock_path.into()),
            ("PYO3_MATRIX_SETTINGS", settings.into()),
            ("PYO3_MATRIX_CELL_FILES", files.into()),
            ("PYO3_MATRIX_PLUGIN", cell_files::plugin().into()),
            ("PYO3_MATRIX_MODULE", config.extension.module.clone().into()),
        ],
        work,
    };
    let base = locked.base(interpreter)?;
    // What stands beside another wheel stays. Anything else that is there may hold packages that the lock does not name.
    if locked.there().split(' ').next() != Some(&base) {
        let tool = format!("{} for {id}", relative(&locked.lock_path, config).display());
        let _ = fs::remove_file(locked.stamp_path());
        let installing = Event::Installing { tool: &tool, python: &interpreter.version };
        event::during(context.tell, &installing, || locked.make(log, context))?;
        fs::write(locked.stamp_path(), base)?;
        locked.fresh = true;
    }
    Ok(locked)
}

/// A path of the project, as its users write it.
fn relative<'p>(path: &'p Path, config: &Config) -> &'p Path {
    path.strip_prefix(&config.root).unwrap_or(path)
}

impl Environment {
    /// Returns the tox command for this environment as it is: tox installs nothing. pytest starts in `root`, the project's folder
    /// or that of a copy. The tests see these variables.
    #[must_use]
    pub fn run(&self, root: &Path, pytest: &[String], variables: &BTreeMap<String, OsString>) -> Command {
        // From another folder tox would rewrite each argument that is a path there.
        let command = self.locked.tox(root).folder(root).arg("--skip-pkg-install");
        let command = variables.iter().fold(command, |command, (name, value)| {
            // tox passes on what its file names, and no other variable.
            command.args(["-x", &format!("env_run_base.pass_env+={name}")]).env(name, value)
        });
        command.arg("--").args(pytest)
    }

    /// The variables that every command in this environment sees.
    #[must_use]
    pub fn variables(&self) -> &[(&'static str, OsString)] {
        &self.locked.variables
    }

    /// The folder that pytest starts in, unless that is one of a copy.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.locked.root
    }

    /// The environment's own `bin`.
    #[must_use]
    pub fn bin(&self) -> &Path {
        &self.locked.bin
    }

    /// SHA-256 of the hash-locked requirements.
    #[must_use]
    pub fn lock(&self) -> &str {
        &self.locked.lock
    }

    /// Has the next run make it anew: what a cell found in it is not what was installed.
    pub fn distrust(&self) {
        // One that is gone already is made anew as well.
        let _ = fs::remove_file(self.locked.stamp_path());
    }
}

impl Locked {
    /// Installs the wheel, unless it stands there.
    pub fn install(
        self,
        wheel: Wheel,
        log: &Path,
        context: &Context<'_>,
    ) -> Result<Environment, EnvironmentError> {
        let there = self.there();
        let base = there.split(' ').next().unwrap_or_default();
        let stamp = format!("{base} {}", wheel.sha256);
        let fresh = there != stamp;
        if fresh {
            fs::write(self.stamp_path(), base)?;
            self.install_alone(&wheel, log, context)?;
            fs::write(self.stamp_path(), stamp)?;
        }
        Ok(Environment { locked: self, wheel, fresh })
    }

    /// The stamp of what it was made of, and of the wheel that stands there. Empty if nothing does.
    fn there(&self) -> String {
        fs::read_to_string(self.stamp_path()).unwrap_or_default()
    }

    /// Has tox make it anew, with what the lock names.
    fn make(&self, log: &Path, context: &Context<'_>) -> Result<(), EnvironmentError> {
        let command = self.tox(&self.root).args(["--recreate", "--notest", "--skip-pkg-install"]);
        let made = command.limit(context.config.budgets.install).log(log).check(context.processes);
        // tox keeps what each of its commands printed, an index's address with a password in it among that.
        let kept = self.work.join(self.id.to_string()).join("tox");
        if kept.is_dir() {
            secrets::clean(&kept)?;
        }
        made?;
        Ok(())
    }

    /// Installs the wheel alone: pip would take what the wheel needs from an index, past the lock. Then looks whether the lock
    /// has all of it.
    fn install_alone(
        &self,
        wheel: &Wheel,
        log: &Path,
        context: &Context<'_>,
    ) -> Result<(), EnvironmentError> {
        let alone =
            ["-I", "-m", "pip", "install", "--no-index", "--no-deps", "--force-reinstall", "--no-input"];
        let install = self.python().args(alone).arg(&wheel.path).env("PIP_USER", "0");
        install.limit(context.config.budgets.install).log(log).check(context.processes)?;
        let ask = self.python().arg("-I").arg(self.files.join(cell_files::WHEEL_NEEDS));
        let ask = ask.arg(needs::distribution(&wheel.path)).limit(context.config.budgets.probe);
        let needs = needs::told(&ask.log(log).check(context.processes)?.stdout);
        if needs.is_empty() {
            return Ok(());
        }
        let pyproject = context.config.extension.pyproject.clone();
        let lock = relative(&self.lock_path, context.config).to_owned();
        Err(EnvironmentError::Unmet { id: self.id, python: self.id.python, needs, lock, pyproject })
    }

    fn python(&self) -> Command {
        Command::new(self.bin.join("python"))
    }

    fn stamp_path(&self) -> PathBuf {
        self.work.join(self.id.to_string()).join("pyo3-matrix.stamp")
    }

    fn tox(&self, root: &Path) -> Command {
        let command = Command::new(&self.tox)
            .args(["run", "--colored", "no", "-c"])
            .arg(self.files.join(cell_files::TOX));
        let command = command
            .arg("--root")
            .arg(root)
            .arg("--workdir")
            .arg(&self.work)
            .arg("-e")
            .arg(self.id.to_string());
        // tox refuses a name that no file lists. `tox.toml` takes the name from this variable, so the file lists no
        // version.
        let command = command.env("PYO3_MATRIX_ENV", self.id.to_string());
        self.variables.iter().fold(command, |command, (key, value)| command.env(key, value))
    }

    /// The fingerprint of what it is made of. The stamp begins with it; the wheel's follows.
    fn base(&self, interpreter: &Interpreter) -> Result<String, EnvironmentError> {
        let base = Fingerprint::default()
            .with("lock", &self.lock)
            .with("tox", fingerprint::of_file(&self.files.join(cell_files::TOX))?)
            .with("interpreter", interpreter.path.as_os_str().as_encoded_bytes())
            .with("version", &interpreter.version);
        Ok(base.hex())
    }
}
