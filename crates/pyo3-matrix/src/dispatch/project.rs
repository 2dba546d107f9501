//! Which matrix is asked about? The one of a file, or one that is inferred where there is no file; with what the checkout holds.

use std::path::{Path, PathBuf};

use super::voice;
use crate::build::derived;
use crate::config::{Config, ConfigError, FILE};
use crate::error::{Ending, Error};
use crate::infer::{self, Inferred};
use crate::model::fingerprint;
use crate::process::Processes;
use crate::provision::{cache, listing};
use crate::report::message;
use crate::service;

/// A matrix, and what it was inferred from where nobody wrote it.
pub struct Asked {
    pub config: Config,
    pub inferred: Option<Inferred>,
}

/// Reads `path`, or the nearest `matrix.toml` upwards, or infers one.
pub fn load(path: Option<&Path>) -> Result<Asked, Error> {
    let (config, inferred) = match Config::load(path) {
        Ok((config, path)) => {
            service::check(&config, &path)?;
            (config, None)
        }
        Err(ConfigError::Missing(here)) => {
            let inferred = infer(&here)?;
            (parsed(&inferred)?, Some(inferred))
        }
        Err(error) => return Err(error.into()),
    };
    Ok(Asked { config, inferred })
}

/// Adds what the checkout holds, for the verbs that build or test it.
pub fn with_checkout(mut config: Config) -> Result<Config, Error> {
    if config.lists_files() {
        // Names of files are no secrets, and have to be exact.
        let processes = Processes::start(str::to_owned)?;
        config.files = listing::files(&config.root, &config.target, &processes);
    }
    for spec in &config.lines {
        if derived::is_rehearsal(&config, spec)? {
            config.rehearsals.push(spec.name);
        }
    }
    Ok(config)
}

fn infer(here: &Path) -> Result<Inferred, Error> {
    Ok(infer::infer(here, listing::toplevel(here))?)
}

/// The matrix of an inferred text. What the harness keeps stands outside of the project, which stays as it is.
fn parsed(inferred: &Inferred) -> Result<Config, Error> {
    let Inferred { root, text, .. } = inferred;
    let mut config = Config::parse(text, &root.join(FILE), root.clone())?;
    config.target = kept(root).unwrap_or(config.target);
    Ok(config)
}

/// The user's own folder for what is kept of a project.
fn kept(root: &Path) -> Option<PathBuf> {
    let name = root.file_name()?.to_string_lossy().into_owned();
    let digest = fingerprint::of_text(&root.to_string_lossy());
    Some(cache::of_user("projects")?.join(format!("{name}-{}", &digest[..8])))
}

/// Writes the inferred `matrix.toml` at the root of the project, since its paths begin there. One that is there stays.
pub fn init() -> Result<Ending, Error> {
    let here = std::env::current_dir()?;
    let inferred = infer(&here)?;
    let file = inferred.root.join(FILE);
    let mut open = std::fs::OpenOptions::new();
    let written = open
        .write(true)
        .create_new(true)
        .open(&file)
        .and_then(|mut file| std::io::Write::write_all(&mut file, inferred.text.as_bytes()));
    written.map_err(|source| match source.kind() {
        std::io::ErrorKind::AlreadyExists => Error::Config(ConfigError::Exists(file.clone())),
        _ => Error::Io(fingerprint::naming(&source, &file)),
    })?;
    voice::answer(&message::initiated(&file, &inferred.facts))?;
    Ok(Ending::Green)
}
