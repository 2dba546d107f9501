//! What does the user's shell read when it begins in a cell? Its user's own files, and then what puts the cell's programs
//! first on PATH and marks the prompt: such files often put other folders first.

use std::io;
use std::path::Path;

use fs_err as fs;

use super::users_shell;
use crate::process::{Command, Folder, Processes};

/// The file of each kind of shell, which finds the cell in variables.
const BASH: &str = include_str!("startup/bash.sh");
const SH: &str = include_str!("startup/sh.sh");
const ZSHENV: &str = include_str!("startup/zshenv.zsh");
const ZSHRC: &str = include_str!("startup/zshrc.zsh");
const FISH: &str = include_str!("startup/init.fish");

/// The folders that come first on PATH.
const BIN: &str = "PYO3_MATRIX_BIN";

/// A command for the inside of a cell.
pub struct Inside {
    pub command: Command,
    /// Where the files lie that it reads, as long as it runs.
    pub folder: Option<Folder>,
}

/// The user's shell with `bins` first on its PATH, whatever its user's files do. A shell that is not known here reads its own
/// files alone.
pub fn shell(bins: &[&Path], processes: &Processes) -> io::Result<Inside> {
    let shell = users_shell();
    let command = Command::new(&shell);
    let name = Path::new(&shell).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let files: &[(&str, &str)] = match name.as_str() {
        "bash" => &[("bashrc", BASH)],
        "zsh" => &[(".zshenv", ZSHENV), (".zshrc", ZSHRC)],
        "sh" | "dash" | "ash" => &[("shrc", SH)],
        "fish" => &[],
        _ => return Ok(Inside { command, folder: None }),
    };
    let folder = processes.folder("pyo3-matrix-shell-", &std::env::temp_dir())?;
    for (name, text) in files {
        fs::write(folder.path().join(name), text)?;
    }
    let file = |name: &str| folder.path().join(name);
    let command = match name.as_str() {
        "bash" => command.arg("--rcfile").arg(file("bashrc")),
        "zsh" => set_aside("ZDOTDIR", command).env("ZDOTDIR", folder.path()),
        "fish" => command.args(["--init-command", FISH]),
        _ => set_aside("ENV", command).env("ENV", file("shrc")),
    };
    let first = std::env::join_paths(bins).map_err(io::Error::other)?;
    Ok(Inside { command: command.env(BIN, first), folder: Some(folder) })
}

/// Keeps the user's own value of a variable, for the file that reads the user's own files.
fn set_aside(name: &str, command: Command) -> Command {
    let own = std::env::var_os(name).unwrap_or_default();
    command.env(format!("PYO3_MATRIX_{name}"), own)
}
