//! How do locked Python programs get here? Requirements with hashes in, which are a part of this program; a finished virtual
//! environment out.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::cache::{self, CacheLock, make_open};
use super::python::{self, Interpreter};
use super::tools::FOLDER;
use super::{Context, ProvisionError, Tried};
use crate::model::cell::Python;
use crate::model::event::{self, Event};
use crate::process::Command;

/// This file is written last. An environment without it is incomplete, and is made again.
const FINISHED: &str = "finished.json";

/// From this Python on, a lock has the same packages for each. For an older one it has older packages, or lacks one.
const SAME_FROM: (u8, u8) = (3, 11);

/// Locked requirements, and what to call them.
#[derive(Debug, Clone, Copy)]
pub struct Requirements {
    pub name: &'static str,
    pub text: &'static str,
}

/// A virtual environment in which all of its requirements are installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Venv {
    /// The folder where it was made. Its scripts contain this path, so it cannot be moved.
    pub folder: PathBuf,
    /// The version of the interpreter that made it.
    pub python: String,
    /// Distribution name → version.
    pub versions: BTreeMap<String, String>,
}

impl Venv {
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join("bin").join(name)
    }

    /// Returns an environment of these requirements in `place` that `fits`.
    fn of(key: &str, place: &Path, fits: impl Fn(&Venv) -> bool) -> Option<Venv> {
        let entries = std::fs::read_dir(place).ok()?.flatten().map(|entry| entry.path());
        let named =
            |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(key));
        let mut folders: Vec<PathBuf> = entries.filter(named).collect();
        folders.sort();
        folders.iter().filter_map(|folder| Venv::finished(folder)).find(fits)
    }

    /// Whether a project whose newest Python is this may use it: it would make none with more in it by itself.
    fn serves(&self, newest: Option<Python>) -> bool {
        let mut parts = self.python.split('.').map(|part| part.parse::<u8>().unwrap_or(0));
        let own = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
        own >= SAME_FROM || newest.is_none_or(|newest| own >= (newest.major, newest.minor))
    }

    /// Returns the environment in `folder` if it is finished and its interpreter still exists. One without any version was
    /// made when the harness looked for versions in a folder that no environment has.
    fn finished(folder: &Path) -> Option<Venv> {
        let text = std::fs::read_to_string(folder.join(FINISHED)).ok()?;
        let venv: Venv = serde_json::from_str(&text).ok()?;
        let whole = venv.folder == folder && !venv.versions.is_empty();
        (whole && venv.program("python").exists()).then_some(venv)
    }
}

/// Provides the environment of `requirements`: the one that is there, or a new one for all projects of this user. Where that
/// cannot be written, the project has its own.
pub fn provide(requirements: &Requirements, context: &Context) -> Result<Venv, ProvisionError> {
    // A path without links, as in the marker: the same checkout under another name has not moved.
    let target = context.config.target();
    let own = target.canonicalize().unwrap_or(target).join(FOLDER);
    let shared = cache::of_user(FOLDER);
    let key = key(requirements.text);
    let newest = context.config.pythons().filter(|python| !python.free_threaded).max();
    // What this project made, it made with the best Python that there was.
    let there = |place: &Path| Venv::of(&key, place, |venv| place == own || venv.serves(newest));
    if let Some(venv) = shared.iter().chain([&own]).find_map(|place| there(place)) {
        return Ok(venv);
    }
    let (place, _lock) = match shared.map(|place| locked(place, &key, context)) {
        Some(Err(ProvisionError::Interrupted)) => return Err(ProvisionError::Interrupted),
        Some(Ok(held)) => held,
        Some(Err(_)) | None => {
            make_open(&own)?;
            locked(own.clone(), &key, context)?
        }
    };
    match there(&place) {
        // Another harness made it while this one waited.
        Some(venv) => Ok(venv),
        None => make(&place, &key, requirements, context),
    }
}

/// Takes the lock for `key` in `place`, which is made if it is not there.
fn locked(place: PathBuf, key: &str, context: &Context) -> Result<(PathBuf, CacheLock), ProvisionError> {
    std::fs::create_dir_all(&place).map_err(ProvisionError::disk("cannot make the folder", &place))?;
    let lock = CacheLock::take(&place.join(key).with_extension("lock"), context)?;
    Ok((place, lock))
}

fn make(
    place: &Path,
    key: &str,
    requirements: &Requirements,
    context: &Context,
) -> Result<Venv, ProvisionError> {
    let (interpreters, mut tried) = python::for_tools(context);
    for interpreter in interpreters {
        context.not_interrupted()?;
        let folder = place.join(name(key, &interpreter));
        if let Some(venv) = Venv::finished(&folder) {
            return Ok(venv);
        }
        if let Err(reason) = empty(&interpreter, &folder, context) {
            tried.push(Tried::new(interpreter.path.display(), reason));
            continue;
        }
        let installing = Event::Installing { tool: requirements.name, python: &interpreter.version };
        event::during(context.tell, &installing, || install(&folder, requirements, context))?;
        let venv = Venv { versions: installed(&folder), folder, python: interpreter.version };
        let written = std::fs::write(venv.folder.join(FINISHED), serde_json::json!(venv).to_string());
        written.map_err(ProvisionError::disk("cannot write in", &venv.folder))?;
        return Ok(venv);
    }
    context.not_interrupted()?;
    Err(ProvisionError::NoToolsPython { tried })
}

/// Makes an environment with only pip, and replaces whatever is there.
fn empty(interpreter: &Interpreter, folder: &Path, context: &Context) -> Result<(), String> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.to_string()),
        _ => {}
    }
    let command = Command::new(&interpreter.path).args(["-I", "-m", "venv"]).arg(folder);
    let made = command.limit(context.config.budgets.install).check(context.processes);
    made.map(drop).map_err(|error| error.to_string())
}

fn install(folder: &Path, requirements: &Requirements, context: &Context) -> Result<(), ProvisionError> {
    // pip reads a file.
    let file = folder.join(requirements.name);
    std::fs::write(&file, requirements.text).map_err(ProvisionError::disk("cannot write", &file))?;
    let pip = ["-I", "-m", "pip", "install", "--require-hashes", "--no-input", "--requirement"];
    let command = Command::new(folder.join("bin/python")).args(pip).arg(&file);
    // If the user's configuration has `--user`, pip would refuse to install into an environment.
    let done = command.env("PIP_USER", "0").limit(context.config.budgets.install).check(context.processes);
    done.map(drop).map_err(ProvisionError::failed(
        format!("cannot install {}", file.display()),
        "pip needs a network or PIP_INDEX_URL, PIP_FIND_LINKS or a wheel cache that stands in for it",
    ))
}

/// Reads the installed distributions from the names of the metadata folders.
fn installed(folder: &Path) -> BTreeMap<String, String> {
    let folders = |path: &Path| std::fs::read_dir(path).into_iter().flatten().flatten().map(|e| e.path());
    folders(&folder.join("lib"))
        .flat_map(|python| folders(&python.join("site-packages")).collect::<Vec<_>>())
        .filter_map(|path| {
            let (name, version) = path.file_name()?.to_str()?.strip_suffix(".dist-info")?.rsplit_once('-')?;
            Some((name.to_lowercase(), version.to_owned()))
        })
        .collect()
}

/// Returns the name of an environment's folder. The interpreter has a part in it: where several machines, or a container,
/// share a home, one of them must not replace the environment that runs on another one's Python.
fn name(key: &str, interpreter: &Interpreter) -> String {
    format!("{key}-{}", digits(&interpreter.path.to_string_lossy()))
}

/// Returns what stands for requirements in a folder's name. Programs of one kind of machine run on no other.
fn key(text: &str) -> String {
    digits(&format!("{text}{}{}", std::env::consts::OS, std::env::consts::ARCH))
}

/// Returns sixteen hexadecimal digits of the SHA-256 of `text`.
fn digits(text: &str) -> String {
    Sha256::digest(text)[..8].iter().fold(String::new(), |mut key, byte| {
        let _ = write!(key, "{byte:02x}");
        key
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_counts_only_where_it_was_finished_and_with_its_interpreter() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = root.path().join("x");
        std::fs::create_dir_all(folder.join("bin")).expect("a folder");
        std::fs::write(folder.join("bin/python"), "").expect("a file");
        assert_eq!(Venv::finished(&folder), None, "no marker");
        let mut venv = Venv { folder: folder.clone(), python: "3.12.1".into(), versions: BTreeMap::new() };
        std::fs::write(folder.join(FINISHED), serde_json::json!(venv).to_string()).expect("a file");
        assert_eq!(Venv::finished(&folder), None, "no version was found");
        std::fs::remove_file(folder.join(FINISHED)).expect("removed");
        venv.versions.insert("tox".into(), "4.30".into());
        let text = serde_json::json!(venv).to_string();
        std::fs::write(folder.join(FINISHED), &text[..9]).expect("a file");
        assert_eq!(Venv::finished(&folder), None, "a marker cut short");
        std::fs::write(folder.join(FINISHED), text).expect("a file");
        assert_eq!(Venv::finished(&folder), Some(venv));
        let moved = root.path().join("y");
        std::fs::rename(&folder, &moved).expect("a new name");
        assert_eq!(Venv::finished(&moved), None, "moved");
        std::fs::rename(&moved, &folder).expect("the old name");
        std::fs::remove_file(folder.join("bin/python")).expect("gone");
        assert_eq!(Venv::finished(&folder), None, "its interpreter is gone");
    }

    #[test]
    fn installed_distributions_are_known_by_their_versions() {
        let root = tempfile::tempdir().expect("a folder");
        for name in ["Maturin-1.16.0.dist-info", "tox-4.30.dist-info", "tox", "__pycache__"] {
            let folder = root.path().join("lib/python3.12/site-packages").join(name);
            std::fs::create_dir_all(folder).expect("a folder");
        }
        let expected =
            [("maturin", "1.16.0"), ("tox", "4.30")].map(|(name, version)| (name.into(), version.into()));
        assert_eq!(installed(root.path()), BTreeMap::from(expected));
    }

    #[test]
    fn a_key_is_the_beginning_of_the_digest() {
        assert_eq!(digits("abc"), "ba7816bf8f01cfea");
    }

    #[test]
    fn an_environment_of_any_python_is_found_and_each_python_has_its_own_folder() {
        let place = tempfile::tempdir().expect("a folder");
        let made = |python: &str, works: bool| {
            let interpreter = Interpreter {
                path: python.into(),
                version: "3.12.1".into(),
                soabi: String::new(),
                source: python::Source::Path,
            };
            let folder = place.path().join(name(&key("tox"), &interpreter));
            std::fs::create_dir_all(folder.join("bin")).expect("a folder");
            if works {
                std::fs::write(folder.join("bin/python"), "").expect("a file");
            }
            let versions = BTreeMap::from([("tox".into(), "4.30".into())]);
            let venv = Venv { folder: folder.clone(), python: "3.12.1".into(), versions };
            std::fs::write(folder.join(FINISHED), serde_json::json!(venv).to_string()).expect("a file");
            venv
        };
        let found = |lock: &str| Venv::of(&key(lock), place.path(), |_| true);
        assert_eq!(found("tox"), None);
        let gone = made("/gone/bin/python3.12", false);
        assert_eq!(found("tox"), None, "its interpreter is on another machine");
        let there = made("/usr/bin/python3.12", true);
        assert_eq!(found("tox"), Some(there));
        assert!(gone.folder.is_dir());
        assert_eq!(found("uv"), None, "other requirements");
    }

    #[test]
    fn an_old_python_that_the_locks_have_less_for_serves_no_project_with_a_newer_one() {
        let check = |own: &str, newest: Option<&str>| {
            let versions = BTreeMap::new();
            let venv = Venv { folder: "/x".into(), python: own.into(), versions };
            venv.serves(newest.map(|python| python.parse().expect("a Python")))
        };
        assert!(
            check("3.12.1", Some("3.15")) && check("3.11.0", Some("3.12")) && check("3.12.1", Some("3.9"))
        );
        assert!(check("3.9.18", Some("3.9")) && check("3.10.2", Some("3.9")) && check("3.9.18", None));
        assert!(!check("3.9.18", Some("3.10")) && !check("3.10.2", Some("3.12")));
    }

    #[test]
    fn the_locks_tell_no_pythons_apart_from_the_one_that_is_named_on() {
        let named =
            [include_str!("../../tools/tools.txt"), include_str!("../../tools/node.txt")].map(|text| {
                let minors = text.split("python_full_version ").skip(1);
                let minors = minors.filter_map(|rest| rest.split("'3.").nth(1)?.split(['.', '\'']).next());
                minors.filter_map(|minor| minor.parse::<u8>().ok()).max()
            });
        assert_eq!(named.into_iter().flatten().max().map(|minor| (3, minor)), Some(SAME_FROM));
    }
}
