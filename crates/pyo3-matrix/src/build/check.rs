//! Would a line build for a Python that need not be installed? A made-up interpreter configuration in, cargo's answer
//! out.

use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::build::line::{self, Project};
use crate::model::cell::Python;
use crate::process::{Command, Exit, Finished, ProcessError};
use crate::provision::Context;

/// Variables with which `PyO3` lets a Python pass that it would refuse.
pub const TAINTS: [&str; 3] = [
    "PYO3_USE_ABI3_FORWARD_COMPATIBILITY",
    "PYO3_USE_STABLE_ABI_FORWARD_COMPATIBILITY",
    "UNSAFE_PYO3_SKIP_VERSION_CHECK",
];

/// Which crates are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The crate whose build script decides.
    Ffi,
    /// The whole extension.
    Extension,
}

/// The answer of cargo.
#[derive(Debug)]
pub struct Checked {
    pub built: bool,
    /// The whole output.
    pub text: String,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Checks a line's project as if it were built for `python`. `log` receives the output.
pub fn check(
    what: What,
    python: Python,
    project: &Project,
    log: &Path,
    context: &Context<'_>,
) -> Result<Checked, CheckError> {
    let command = Command::new("cargo").args(["check", "--locked", "--color", "never"]);
    // Only `-vv` shows the warnings of a dependency's build script.
    let command = match what {
        What::Ffi => command.args(["-vv", "--package", "pyo3-ffi"]),
        What::Extension => command,
    };
    let command = TAINTS.iter().fold(command, |command, taint| command.env(taint, "0"));
    let command = command
        // If a workspace's root is a crate as well, cargo checks only that crate.
        .folder(&project.folder.join(context.config.extension.folder()))
        .env("PYO3_CONFIG_FILE", configuration(python, context)?)
        // Checks have their own folder: another configuration in the folder of the wheels would make cargo build
        // those again.
        .env("CARGO_TARGET_DIR", folder(context).join("build"))
        .limit(context.config.budgets.build);
    fs::write(log, "")?;
    let Finished { exit, .. } = command.log(log).run(context.processes)?;
    let text = fs::read_to_string(log)?;
    match exit {
        Exit::Interrupted => Err(ProcessError::Interrupted.into()),
        Exit::TimedOut(_) | Exit::Signal(_) => {
            Err(ProcessError::Failed { command: "cargo check".to_owned(), exit, tail: text }.into())
        }
        Exit::Code(code) if code != 0 => match ProcessError::failed("cargo check".to_owned(), exit, text) {
            ProcessError::Failed { tail, .. } => Ok(Checked { built: false, text: tail }),
            offline => Err(offline.into()),
        },
        Exit::Code(_) => Ok(Checked { built: true, text }),
    }
}

/// Returns the folder where checks keep their files.
pub fn folder(context: &Context<'_>) -> PathBuf {
    context.config.target().join("probes")
}

/// Writes a configuration file, as `PyO3` would write it after asking an interpreter of this version.
fn configuration(python: Python, context: &Context<'_>) -> io::Result<PathBuf> {
    let path = folder(context).join(format!("py{python}.txt"));
    let flags = if python.free_threaded { "Py_GIL_DISABLED" } else { "" };
    let text = format!(
        "implementation=CPython\nversion={}.{}\nshared=true\nabi3=false\npointer_width={}\nbuild_flags={flags}\n\
         suppress_build_script_link_lines=false\n",
        python.major,
        python.minor,
        usize::BITS,
    );
    line::keep(&path, text.as_bytes())?;
    Ok(path)
}
