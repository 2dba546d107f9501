//! How is a wheel built whose backend is setuptools-rust? By uv, in an environment of its own with what `[build-system]` asks for,
//! which is locked first: a build that takes whatever is newest today says nothing about tomorrow's.

use std::path::{Path, PathBuf};

use fs_err as fs;
use toml::{Table, Value};

use super::{Order, WheelError};
use crate::build::line::keep;
use crate::model::fingerprint::Fingerprint;
use crate::process::{Command, ProcessError};
use crate::provision::Context;

/// Returns the command that builds the project in `folder`, and leaves its wheel in `out`.
pub fn build(
    order: &Order<'_>,
    folder: &Path,
    out: &Path,
    context: &Context<'_>,
) -> Result<Command, WheelError> {
    // What a build for another Python left there would go into this wheel.
    match fs::remove_dir_all(folder.join("build")) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let requires = requires(order, folder, context)?;
    let uv = ["build", "--wheel", "--no-create-gitignore", "--require-hashes", "--build-constraints"];
    let command =
        Command::new(order.tools.uv()).args(uv).arg(requires).arg("--python").arg(&order.interpreter.path);
    Ok(command.arg("--out-dir").arg(out).env("UV_PYTHON_DOWNLOADS", "never"))
}

/// The lock of `[build-system] requires` for one Python. It is made once, and again where they change.
fn requires(order: &Order<'_>, folder: &Path, context: &Context<'_>) -> Result<PathBuf, WheelError> {
    let text = fs::read_to_string(folder.join("pyproject.toml"))?;
    let table: Table = text.parse().map_err(std::io::Error::other)?;
    let asked = table.get("build-system").and_then(|table| table.get("requires")).and_then(Value::as_array);
    let asked: Vec<&str> = asked.into_iter().flatten().filter_map(Value::as_str).collect();
    let print =
        asked.iter().fold(Fingerprint::default(), |print, requirement| print.with("requires", requirement));
    let key = print.with("python", &order.interpreter.version).hex();
    let lock = context.config.target().join("locks").join(format!("build-{}.txt", &key[..16]));
    if !lock.is_file() {
        let (list, partial) = (lock.with_extension("in"), lock.with_extension("partial"));
        keep(&list, asked.join("\n").as_bytes())?;
        let uv =
            ["pip", "compile", "--quiet", "--no-header", "--no-annotate", "--generate-hashes", "--python"];
        let compile = Command::new(order.tools.uv()).args(uv).arg(&order.interpreter.path).arg(&list);
        let compile = compile.arg("--output-file").arg(&partial).env("UV_PYTHON_DOWNLOADS", "never");
        compile.limit(context.config.budgets.fetch).check(context.processes).map_err(
            |error| match error {
                ProcessError::Interrupted => WheelError::Process(error),
                error => WheelError::Requires(error),
            },
        )?;
        fs::rename(partial, &lock)?;
    }
    Ok(lock)
}
