//! Where does a cell run? In the tox environment of its (Python, line), with the wheel installed. It is made once,
//! and kept while everything that it was made from is unchanged.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::build::cell_files;
use crate::build::wheel::Wheel;
use crate::config::pytest;
use crate::model::cell::WheelId;
use crate::model::fingerprint::{self, Fingerprint};
use crate::model::secrets;
use crate::process::{Command, ProcessError};
use crate::provision::Context;
use crate::provision::python::Interpreter;
use crate::provision::tools::Tools;

/// A tox environment that is ready to run cells.
#[derive(Debug, Clone)]
pub struct Environment {
    pub id: WheelId,
    pub wheel: Wheel,
    /// The environment's own `bin`.
    pub bin: PathBuf,
    /// SHA-256 of the hash-locked requirements.
    pub lock: String,
    /// Whether this run made it.
    pub fresh: bool,
    tox: PathBuf,
    /// The project's root, which tox would take to be the folder of its file.
    root: PathBuf,
    tox_file: PathBuf,
    work: PathBuf,
    variables: Vec<(&'static str, OsString)>,
}

/// The reason why there is no environment.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    #[error("Python {id} has no requirements {}\nhint: see the README beside them for how they are locked", path.display())]
    NoLock { id: WheelId, path: PathBuf },
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Makes the environment of `id`, or uses it as an earlier run left it. `log` receives tox's output.
pub fn provide(
    id: WheelId,
    wheel: Wheel,
    interpreter: &Interpreter,
    tools: &Tools,
    log: &Path,
    context: &Context<'_>,
) -> Result<Environment, EnvironmentError> {
    let config = context.config;
    let lock_path = config.cell_lock(id.python);
    if !lock_path.is_file() {
        return Err(EnvironmentError::NoLock { id, path: lock_path });
    }
    let work = config.target().join("tox");
    let files = cell_files::provide(&config.target())?;
    // Without a file of settings pytest would look for one in every folder above the tests, beyond the project too.
    let settings = pytest::settings(&config.root).unwrap_or_else(|| PathBuf::from("/dev/null"));
    let mut environment = Environment {
        id,
        fresh: false,
        bin: work.join(id.to_string()).join("bin"),
        lock: fingerprint::of_file(&lock_path)?,
        tox: tools.tox(),
        root: config.root.clone(),
        tox_file: files.join(cell_files::TOX),
        variables: vec![
            ("PYO3_MATRIX_PYTHON", interpreter.path.clone().into()),
            ("PYO3_MATRIX_LOCK", lock_path.into()),
            ("PYO3_MATRIX_SETTINGS", settings.into()),
            ("PYO3_MATRIX_CELL_FILES", files.into()),
            ("PYO3_MATRIX_PLUGIN", cell_files::plugin().into()),
            ("PYO3_MATRIX_MODULE", config.extension.module.clone().into()),
        ],
        wheel,
        work,
    };
    let stamp = environment.stamp(interpreter)?;
    let stamp_path = environment.stamp_path();
    if fs::read_to_string(&stamp_path).is_ok_and(|there| there == stamp) {
        return Ok(environment);
    }
    let _ = fs::remove_file(&stamp_path);
    environment.install(log, context)?;
    fs::write(stamp_path, stamp)?;
    environment.fresh = true;
    Ok(environment)
}

impl Environment {
    /// Returns the tox command for this environment as it is: tox installs nothing. The tests see these variables.
    #[must_use]
    pub fn run(&self, pytest: &[String], variables: &[(&str, &str)]) -> Command {
        let command = self.tox().arg("--skip-pkg-install");
        let command = variables.iter().fold(command, |command, (name, value)| {
            // tox passes on what its file names, and no other variable.
            command.args(["-x", &format!("env_run_base.pass_env+={name}")]).env(*name, value)
        });
        command.arg("--").args(pytest)
    }

    /// The variables that every command in this environment sees.
    #[must_use]
    pub fn variables(&self) -> &[(&'static str, OsString)] {
        &self.variables
    }

    /// Has the next run make it anew: what a cell found in it is not what was installed.
    pub fn distrust(&self) {
        // One that is gone already is made anew as well.
        let _ = fs::remove_file(self.stamp_path());
    }

    /// Has tox make it and install the wheel.
    fn install(&self, log: &Path, context: &Context<'_>) -> Result<(), EnvironmentError> {
        let install = self.tox().args(["--notest", "--installpkg"]).arg(&self.wheel.path);
        let installed = install.limit(context.config.budgets.install).log(log).check(context.processes);
        // tox keeps what each of its commands printed, an index's address with a password in it among that.
        let kept = self.work.join(self.id.to_string()).join("tox");
        if kept.is_dir() {
            secrets::clean(&kept)?;
        }
        installed?;
        Ok(())
    }

    fn stamp_path(&self) -> PathBuf {
        self.work.join(self.id.to_string()).join("pyo3-matrix.stamp")
    }

    fn tox(&self) -> Command {
        let command = Command::new(&self.tox).args(["run", "--colored", "no", "-c"]).arg(&self.tox_file);
        let command = command
            .arg("--root")
            .arg(&self.root)
            .arg("--workdir")
            .arg(&self.work)
            .arg("-e")
            .arg(self.id.to_string());
        // tox refuses a name that no file lists. `tox.toml` takes the name from this variable, so the file lists no
        // version.
        let command = command.env("PYO3_MATRIX_ENV", self.id.to_string());
        self.variables.iter().fold(command, |command, (key, value)| command.env(key, value))
    }

    fn stamp(&self, interpreter: &Interpreter) -> Result<String, EnvironmentError> {
        let print = Fingerprint::default()
            .with("wheel", &self.wheel.sha256)
            .with("lock", &self.lock)
            .with("tox", fingerprint::of_file(&self.tox_file)?)
            .with("interpreter", interpreter.path.as_os_str().as_encoded_bytes())
            .with("version", &interpreter.version);
        Ok(print.hex())
    }
}
