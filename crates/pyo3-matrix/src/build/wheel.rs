//! Which file does a cell install? A wheel per (Python, line), or one of the stable ABI for several Pythons of a line, kept
//! under a key of everything that can change it.

mod first_error;
mod frontend;
mod label;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::build::artifacts::Compiled;
use crate::build::audit::{self, Audit};
use crate::build::line::{self, LineError, Project};
use crate::build::members;
use crate::build::progress::{self, Watched};
use crate::build::variables;
use crate::config::Config;
use crate::model::cell::WheelId;
use crate::model::document;
use crate::model::event::Event;
use crate::model::fingerprint;
use crate::model::record;
use crate::model::secrets;
use crate::model::stable::Stable;
use crate::process::{Command, Exit, ProcessError, indented};
use crate::provision::python::Interpreter;
use crate::provision::tools::Tools;
use crate::provision::{Context, ProvisionError};
use first_error::first_error;
use label::{LABEL, Label};
use pyo3_doctor::metadata::{Backend, Metadata, metadata};

/// A built wheel.
#[derive(Debug, Clone)]
pub struct Wheel {
    pub path: PathBuf,
    pub key: String,
    /// What its tag promises, if it is of the stable ABI.
    pub stable: Option<Stable>,
    /// SHA-256 of the file, the same as when it was built.
    pub sha256: String,
    /// The files that it installs: path → SHA-256.
    pub members: BTreeMap<String, String>,
    /// A file that lists these members, for the cell.
    pub members_file: PathBuf,
    /// SHA-256 of the line's lock file.
    pub line_lock: String,
    /// The facts that the module's `build_info()` must report: the crates of cargo's own build messages, compiler,
    /// profile.
    pub built: BTreeMap<String, String>,
    pub origin: Origin,
}

/// Whether a wheel was built by this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Built,
    Kept,
}

/// The reason why there is no wheel.
#[derive(Debug, thiserror::Error)]
pub enum WheelError {
    #[error(transparent)]
    Line(#[from] LineError),
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error("the build {exit}{}", indented(said))]
    Build { exit: Exit, said: String },
    #[error("cargo compiled {}, which the lock of line {} does not hold\nhint: a [patch] or a `paths` override of cargo's configuration reaches into the build", beside.join(", "), id.line)]
    Beside { id: WheelId, beside: Vec<String> },
    #[error("cargo left no build messages in {}, so nothing says what is in the wheel", .0.display())]
    NoMessages(PathBuf),
    #[error(
        "{wheel} is tagged {stable}, and is not of that ABI: {found}\nhint: an installer takes it for a Python that may not import it; use what that ABI has, or the feature abi3-py3… of the Python that added it"
    )]
    NotStable { wheel: String, stable: Stable, found: String },
    #[error(
        "abi3audit says nothing of {wheel}: {said}\nhint: a wheel of the stable ABI is tested only if it was audited"
    )]
    NoAudit { wheel: String, said: String },
    #[error(
        "what the build needs cannot be locked: {0}\nhint: [build-system] requires of the pyproject.toml names it"
    )]
    Requires(ProcessError),
    #[error("the build left {found} wheels in {}, expected 1", folder.display())]
    Count { folder: PathBuf, found: usize },
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// A build that failed, by the first error in its log: its last lines often say only that there was one.
fn failed(error: ProcessError, log: &Path) -> WheelError {
    let ProcessError::Failed { exit, tail, .. } = error else { return WheelError::Process(error) };
    let first = fs::read_to_string(log).ok().and_then(|log| first_error(&log));
    WheelError::Build { exit, said: first.unwrap_or(tail) }
}

/// Stands in for cargo, and keeps its messages.
const CARGO: &str = include_str!("cargo.sh");

/// The file of those messages, beside the wheel.
const MESSAGES: &str = "messages.jsonl";

/// The file with the list of the wheel's files, beside the wheel.
const MEMBERS: &str = "members.json";

/// The profile of every wheel.
const PROFILE: &str = "release";

/// `rustc -vV`: the toolchain that builds every wheel of a run. cargo is asked too, which maturin would miss only later.
pub fn toolchain(context: &Context<'_>) -> Result<String, ProvisionError> {
    let ask = |program: &str| {
        let asked = Command::new(program).arg("-vV").folder(&context.config.root).check(context.processes);
        asked.map_err(ProvisionError::failed(
            format!("there is no {program} that builds wheels"),
            "install Rust, for example with rustup, and put its programs on PATH",
        ))
    };
    ask("cargo")?;
    Ok(ask("rustc")?.stdout)
}

/// Everything that a wheel is made from.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    pub id: WheelId,
    pub project: &'a Project,
    pub interpreter: &'a Interpreter,
    /// `rustc -vV`.
    pub toolchain: &'a str,
    pub tools: &'a Tools,
}

impl Order<'_> {
    /// Returns the wheel that an earlier build made from the same inputs. One of the stable ABI may be that of an older Python.
    pub fn kept(&self, config: &Config) -> Result<Option<Wheel>, WheelError> {
        for key in label::acceptable(&config.target().join("wheels"), &self.label())? {
            if let Some(wheel) = self.kept_as(key, config)? {
                return Ok(Some(wheel));
            }
        }
        Ok(None)
    }

    fn kept_as(&self, key: String, config: &Config) -> Result<Option<Wheel>, WheelError> {
        let Some(path) = the_wheel(&folder(config, &key))? else { return Ok(None) };
        // A label that cannot be read, such as one of an older form, says nothing of its wheel.
        match document::read::<Label>(&folder(config, &key).join(LABEL)) {
            Ok(Some(label)) if label.is_whole(self.tools) && label.sha256 == fingerprint::of_file(&path)? => {
                Ok(Some(self.wheel(path, key, label.compiled, Origin::Kept)?))
            }
            // The file is not the one that was built, or its content is not known any more. So the wheel is built
            // again.
            _ => Ok(None),
        }
    }

    /// Builds the wheel, and keeps it under its key. `log` receives the build's output.
    pub fn build(&self, log: &Path, context: &Context<'_>) -> Result<Wheel, WheelError> {
        let config = context.config;
        let fresh = context.processes.folder("wheel-", &config.target())?;
        let command = self.command(fresh.path(), context)?.log(log);
        let crate_folder = self.project.folder.join(config.extension.folder());
        let watched = Watched { id: self.id, messages: &fresh.path().join(MESSAGES), folder: &crate_folder };
        let built = progress::told(watched, context, || command.check(context.processes));
        built.map_err(|error| failed(error, log))?;
        let none = || WheelError::Count { folder: fresh.path().into(), found: 0 };
        let name = the_wheel(fresh.path())?.ok_or_else(none)?.file_name().unwrap_or_default().to_owned();
        // What a build script printed is in the messages.
        secrets::clean_file(&fresh.path().join(MESSAGES))?;
        let compiled = self.compiled(&fresh.path().join(MESSAGES))?;
        let sha256 = fingerprint::of_file(&fresh.path().join(&name))?;
        let file = name.to_string_lossy().into_owned();
        let audit = self.audit(&fresh.path().join(&name), &file, context)?;
        let label = Label { file, sha256, compiled, audit, ..self.label() };
        document::write(&fresh.path().join(LABEL), &label)?;
        let key = label.key();
        let folder = folder(config, &key);
        fs::create_dir_all(config.target().join("wheels"))?;
        label::forget_values(&config.target().join("wheels"))?;
        // A folder without its wheel is no kept wheel, and would be in the way.
        let _ = fs::remove_dir_all(&folder);
        fresh.keep_as(&folder)?;
        self.wheel(folder.join(name), key, label.compiled, Origin::Built)
    }

    /// Audits a wheel of the stable ABI before it is kept: one that breaks its promise is built, and refused, each time.
    fn audit(&self, path: &Path, file: &str, context: &Context<'_>) -> Result<Option<String>, WheelError> {
        let Some(stable) = Stable::of_wheel(file) else { return Ok(None) };
        let wheel = || file.to_owned();
        let told = |reason| (context.tell)(&Event::NotAudited { id: self.id, reason });
        match audit::audit(path, &stable, self.tools, context.processes)? {
            Audit::Keeps => Ok(Some("abi3audit found no violation".to_owned())),
            Audit::Violates(found) => Err(WheelError::NotStable { wheel: wheel(), stable, found }),
            Audit::NoReport(said) => Err(WheelError::NoAudit { wheel: wheel(), said }),
            Audit::Unknown(reason) => {
                told(&reason);
                Ok(Some(format!("none: {reason}")))
            }
            Audit::NoTool(reason) => {
                told(&reason);
                Ok(None)
            }
        }
    }

    /// The build itself, which leaves wheel and messages in `out`.
    fn command(&self, out: &Path, context: &Context<'_>) -> Result<Command, WheelError> {
        let config = context.config;
        let folder = config.extension.pyproject.parent().unwrap_or(Path::new(""));
        let command = match metadata(&self.project.folder.join(folder)) {
            Ok(Some(Metadata { backend: Backend::SetuptoolsRust, .. })) => {
                frontend::build(self, &self.project.folder.join(folder), out, context)?
            }
            _ => Command::new(self.tools.maturin())
                .args(["build", "--profile", PROFILE, "--locked", "--auditwheel", "skip", "--interpreter"])
                .arg(&self.interpreter.path)
                .arg("--out")
                .arg(out),
        };
        let cargo = config.target().join("tools").join("cargo.sh");
        line::keep(&cargo, CARGO.as_bytes())?;
        fs::set_permissions(&cargo, std::fs::Permissions::from_mode(0o755))?;
        let command = command
            .folder(&self.project.folder.join(folder))
            .env("CARGO", cargo)
            .env("PYO3_MATRIX_MESSAGES", out.join(MESSAGES))
            .env("CARGO_TARGET_DIR", config.target().join("build"))
            .env("PYO3_PYTHON", &self.interpreter.path);
        Ok(command.limit(config.budgets.build))
    }

    /// Returns the crates that cargo compiled by its own messages, after a comparison with the lock.
    fn compiled(&self, messages: &Path) -> Result<BTreeMap<String, String>, WheelError> {
        let compiled = Compiled::read(&fs::read_to_string(messages).unwrap_or_default());
        if compiled.is_empty() {
            return Err(WheelError::NoMessages(messages.to_owned()));
        }
        match compiled.beside(&self.project.locked) {
            beside if beside.is_empty() => Ok(compiled.versions()),
            beside => Err(WheelError::Beside { id: self.id, beside }),
        }
    }

    fn wheel(
        &self,
        path: PathBuf,
        key: String,
        compiled: BTreeMap<String, String>,
        origin: Origin,
    ) -> Result<Wheel, WheelError> {
        let (sha256, line_lock) = (fingerprint::of_file(&path)?, self.project.lock.clone());
        let members = members::read(&path)?;
        let members_file = path.with_file_name(MEMBERS);
        line::keep(&members_file, serde_json::to_string(&members).unwrap_or_default().as_bytes())?;
        let stable = path.file_name().and_then(|name| Stable::of_wheel(name.to_str()?));
        let mut built = self.built(compiled);
        if let Some(stable) = &stable {
            // A module for the stable ABI works on every Python; the name of its wheel says so.
            built.insert("python_abi".to_owned(), stable.abi().to_owned());
        }
        Ok(Wheel { path, key, stable, sha256, members, members_file, line_lock, built, origin })
    }

    /// Returns everything that `build_info()` can report and that the harness knows by other means.
    fn built(&self, mut compiled: BTreeMap<String, String>) -> BTreeMap<String, String> {
        let python = self.id.python;
        let threads = if python.free_threaded { "t" } else { "" };
        let rustc = self.toolchain.lines().next().unwrap_or_default();
        compiled.extend(
            [
                ("rustc", rustc.to_owned()),
                ("profile", PROFILE.to_owned()),
                ("line", self.id.line.to_string()),
                ("python_abi", format!("cp{}{}{threads}", python.major, python.minor)),
            ]
            .map(|(key, value)| (key.to_owned(), value)),
        );
        compiled
    }

    fn label(&self) -> Label {
        let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        let variables = std::env::vars_os().map(|(name, value)| (text(name), text(value)));
        Label {
            schema_version: record::SCHEMA_VERSION,
            wheel: self.id.to_string(),
            file: String::new(),
            sha256: String::new(),
            interpreter: self.interpreter.version.clone(),
            soabi: self.interpreter.soabi.clone(),
            toolchain: self.toolchain.to_owned(),
            maturin: self.tools.version("maturin").unwrap_or_default().to_owned(),
            variables: variables::of(variables),
            sources: self.project.sources.clone(),
            compiled: BTreeMap::new(),
            audit: None,
        }
    }
}

fn folder(config: &Config, key: &str) -> PathBuf {
    config.target().join("wheels").join(key)
}

/// The only wheel in `folder`, if the folder is there.
fn the_wheel(folder: &Path) -> Result<Option<PathBuf>, WheelError> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(None) };
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let mut wheels: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|suffix| suffix == "whl")).collect();
    match wheels.len() {
        0 => Ok(None),
        1 => Ok(wheels.pop()),
        found => Err(WheelError::Count { folder: folder.into(), found }),
    }
}
