//! Which server programs serve one major? Those installed on this machine, else the pinned npm package.

use std::env;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::spec::{Major, PostgresSpec};
use super::{npm, user};
use crate::process::{Command, Exit};
use crate::provision::cache::Claim;
use crate::provision::{Context, ProvisionError, Tried};

/// How the names of the variables begin that name a server; its major follows.
pub const VARIABLE: &str = "PYO3_MATRIX_POSTGRES_";

/// Where server programs come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Environment,
    Config,
    Installed,
    Npm,
}

/// A folder with `initdb` and `postgres` of the major asked for.
#[derive(Debug, Clone)]
pub struct Binaries {
    pub major: Major,
    /// `16.14`
    pub version: String,
    pub bin: PathBuf,
    pub source: Source,
    /// Keeps the programs of a cache there for as long as they are used.
    #[expect(dead_code, reason = "held for its drop")]
    claim: Option<Arc<Claim>>,
}

/// The programs that are on this machine, or that npm could fetch.
pub fn provide(spec: &PostgresSpec, context: &Context) -> Result<Binaries, ProvisionError> {
    let mut tried = match find(spec, context)? {
        Ok(binaries) => return Ok(binaries),
        Err(tried) => tried,
    };
    let hint = format!(
        "install Postgres {0} (Debian: apt-get install postgresql-{0}), or name its bin folder in {1} or as `bin` in matrix.toml",
        spec.major,
        variable(spec.major)
    );
    let no_postgres =
        |tried| ProvisionError::NoService { what: format!("Postgres {}", spec.major), tried, hint };
    let package = match npm::Package::of(spec) {
        Ok(package) => package,
        Err(reason) => {
            tried.push(Tried::new("npm", reason));
            return Err(no_postgres(tried));
        }
    };
    match package.provide(context) {
        Ok((bin, claim)) => match look(spec.major, bin.clone(), Source::Npm, context) {
            Ok(binaries) => Ok(Binaries { claim: Some(Arc::new(claim)), ..binaries }),
            Err(reason) => {
                tried.push(Tried::new(bin.display(), reason));
                Err(no_postgres(tried))
            }
        },
        Err(
            error @ (ProvisionError::Failed { .. }
            | ProvisionError::Offline { .. }
            | ProvisionError::NoToolsPython { .. }),
        ) => {
            tried.push(Tried::new("npm", error));
            Err(no_postgres(tried))
        }
        Err(error) => Err(error),
    }
}

/// The programs that are on this machine, or where they are not. What the user names must do.
fn find(spec: &PostgresSpec, context: &Context) -> Result<Result<Binaries, Vec<Tried>>, ProvisionError> {
    let variable = variable(spec.major);
    let of_environment = env::var_os(&variable).filter(|path| !path.is_empty()).map(PathBuf::from);
    let of_config = spec.settings.bin.as_ref().map(|bin| context.config.root.join(bin));
    let in_config = format!("`bin` of Postgres {} in matrix.toml", spec.major);
    for (named, path, source) in
        [(variable, of_environment, Source::Environment), (in_config, of_config, Source::Config)]
    {
        if let Some(path) = path {
            let found = look(spec.major, path.clone(), source, context);
            context.not_interrupted()?;
            return found.map(Ok).map_err(|reason| ProvisionError::NotUsable { named, path, reason });
        }
    }
    let mut tried = Vec::new();
    for bin in installed(spec.major) {
        match look(spec.major, bin.clone(), Source::Installed, context) {
            Ok(binaries) => return Ok(Ok(binaries)),
            Err(reason) => tried.push(Tried::new(bin.display(), reason)),
        }
        context.not_interrupted()?;
    }
    Ok(Err(tried))
}

/// `PYO3_MATRIX_POSTGRES_16`: a folder of programs, or the DSN of an external server.
pub(super) fn variable(major: Major) -> String {
    format!("{VARIABLE}{major}")
}

/// The folders in which packages of operating systems and Homebrew put a major; last, whatever is on PATH.
fn installed(major: Major) -> Vec<PathBuf> {
    let packaged = [
        format!("/usr/lib/postgresql/{major}/bin"),
        format!("/usr/pgsql-{major}/bin"),
        format!("/opt/homebrew/opt/postgresql@{major}/bin"),
        format!("/usr/local/opt/postgresql@{major}/bin"),
        format!("/home/linuxbrew/.linuxbrew/opt/postgresql@{major}/bin"),
    ];
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path = env::split_paths(&path).filter(|folder| folder.join("postgres").is_file());
    packaged.into_iter().map(PathBuf::from).chain(on_path).collect()
}

/// Asks the server in `bin` for its version, as the user that is going to run it.
fn look(major: Major, bin: PathBuf, source: Source, context: &Context) -> Result<Binaries, String> {
    for program in ["postgres", "initdb"] {
        if !bin.join(program).is_file() {
            return Err(if bin.is_dir() { format!("has no {program}") } else { "does not exist".into() });
        }
    }
    let command = Command::new(bin.join("postgres")).arg("--version").folder(Path::new("/"));
    let command = command.user(user().as_ref()).limit(context.config.budgets.probe);
    let finished = command.run(context.processes).map_err(|error| error.to_string())?;
    if finished.exit != Exit::Code(0) {
        return Err(format!("{} ({})", finished.exit, finished.tail));
    }
    match version(&finished.stdout) {
        Some((found, version)) if found == major => Ok(Binaries { major, version, bin, source, claim: None }),
        Some((_, version)) => Err(format!("is {version}")),
        None => Err(format!("gave no version: {:?}", finished.stdout)),
    }
}

/// Major and version in `postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)` or `… 18beta2`.
fn version(text: &str) -> Option<(Major, String)> {
    let version = text.strip_prefix("postgres (PostgreSQL) ")?.split_whitespace().next()?;
    let digits = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    Some((Major(version[..digits].parse().ok()?), version.to_owned()))
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Source::Environment => "environment",
            Source::Config => "matrix.toml",
            Source::Installed => "installed",
            Source::Npm => "npm",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(u16, &str)>) {
        assert_eq!(version(text), expected.map(|(major, version)| (Major(major), version.into())));
    }

    #[test]
    fn a_version_is_read_from_releases_packages_and_betas() {
        check("postgres (PostgreSQL) 16.14\n", Some((16, "16.14")));
        check("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n", Some((15, "15.14")));
        check("postgres (PostgreSQL) 18beta2\n", Some((18, "18beta2")));
        check("pg_ctl (PostgreSQL) 16.14\n", None);
        check("", None);
    }
}
