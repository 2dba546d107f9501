//! What were these cells made from? One hash each for the configuration, the suite and the extension, by which the parts
//! of a run are told to belong together. Nothing of a machine goes in, so two clones of one commit agree.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::build::cell_files;
use crate::build::workspace::{self, Workspace};
use crate::config::Config;
use crate::model::fingerprint::{self, Fingerprint};
use crate::model::program;
use crate::store::loaded;

/// What a run's cells were made from, as SHA-256 in hexadecimal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Basis {
    /// `matrix.toml`.
    pub config: String,
    /// What runs in a cell: the files that the harness itself brings, the sources of the suite, and the locks of the cells' Python packages.
    pub suite: String,
    /// The sources of the extension, its manifests, cargo's settings, and the locks of its lines.
    pub extension: String,
}

impl Basis {
    /// Reads what the checkout holds now.
    pub fn of(config: &Config) -> io::Result<Basis> {
        let (suite, extension) = (&config.suite, &config.extension);
        let mut parts = suite.sources.clone();
        parts.extend(suite.adapter());
        parts.extend(
            loaded::by_pytest(&config.suite_folder(), suite)?.iter().map(|file| suite.folder.join(file)),
        );
        if let Some(folder) = &suite.requirements {
            let locks = config.pythons().map(|python| folder.join(format!("py{python}.txt")));
            // A Python without a lock fails in its own cells, and says so there.
            parts.extend(locks.filter(|lock| config.root.join(lock).is_file()));
        }
        let parts = fingerprint::files(&config.root, &parts)?.into_iter().collect::<BTreeSet<_>>();
        let parts: Vec<PathBuf> = parts.into_iter().collect();
        let mut sources = config.sources().to_vec();
        if let Some(locks) = &extension.locks {
            if !config.root.join(locks).is_dir() {
                return Err(no_locks(&config.root.join(locks)));
            }
            sources.push(locks.clone());
        }
        sources.extend([&extension.manifest, &extension.pyproject].map(PathBuf::clone));
        sources.push(Workspace::of(config)?.manifest);
        sources.extend(workspace::settings(config));
        // The manifest may be its own workspace's.
        sources.sort();
        sources.dedup();
        let print = |paths: &[PathBuf]| Fingerprint::default().with_files(&config.root, paths);
        Ok(Basis {
            config: config.digest.clone(),
            suite: print(&parts)?.with("cell", cell_files::digest()).hex(),
            extension: print(&sources)?.hex(),
        })
    }

    /// What differs, in words.
    #[must_use]
    pub fn differences(&self, other: &Basis) -> Vec<&'static str> {
        let pairs = [
            ("matrix.toml", &self.config, &other.config),
            ("the suite", &self.suite, &other.suite),
            ("the extension", &self.extension, &other.extension),
        ];
        pairs.iter().filter(|(_, one, two)| one != two).map(|(what, _, _)| *what).collect()
    }
}

fn no_locks(folder: &Path) -> io::Error {
    let what = format!(
        "no lines are locked yet in {}\nhint: `{} lock` makes their locks",
        folder.display(),
        program::command()
    );
    io::Error::new(io::ErrorKind::NotFound, what)
}

#[cfg(test)]
mod tests {
    use fs_err as fs;

    use super::*;
    use crate::build::line::keep;

    /// A checkout with everything that its `matrix.toml` names.
    fn checkout() -> (tempfile::TempDir, Config) {
        let root = tempfile::tempdir().expect("a folder");
        let text = include_str!("../../../../matrix.toml");
        let config = Config::parse(text, "matrix.toml".as_ref(), root.path().into()).expect("a valid config");
        let Config { extension, suite, .. } = &config;
        let folders = extension.sources.iter().chain(&suite.sources).chain(&extension.locks);
        let mut files: Vec<PathBuf> = folders.map(|folder| folder.join("file")).collect();
        files.extend(suite.adapter());
        let named = [&extension.manifest, &extension.pyproject];
        for file in files.iter().chain(named) {
            keep(&root.path().join(file), b"a = 1").expect("written");
        }
        keep(&root.path().join("Cargo.toml"), b"[workspace]").expect("written");
        (root, config)
    }

    #[test]
    fn the_root_manifest_and_cargos_settings_are_part_of_the_extension() {
        let (root, config) = checkout();
        let mut seen = vec![Basis::of(&config).expect("a basis")];
        for (path, text) in [("Cargo.toml", "[workspace]\n[profile.release]"), (".cargo/config.toml", "")] {
            keep(&root.path().join(path), text.as_bytes()).expect("written");
            let now = Basis::of(&config).expect("a basis");
            assert!(seen.iter().all(|before| before.differences(&now) == ["the extension"]), "{path}");
            seen.push(now);
        }
    }

    #[test]
    fn the_tests_are_part_of_the_suite() {
        let (root, mut config) = checkout();
        config.suite.sources.clear();
        let put = |path: &str, text: &str| keep(&root.path().join(path), text.as_bytes()).expect("written");
        let mut seen = vec![Basis::of(&config).expect("a basis")];
        for path in ["tests/prototype/test_async_bridge.py", "tests/prototype/conftest.py"] {
            put(path, "a = 1");
            let now = Basis::of(&config).expect("a basis");
            assert!(seen.iter().all(|before| before.differences(&now) == ["the suite"]), "{path}");
            seen.push(now);
        }
    }

    #[test]
    fn what_the_harness_itself_brings_is_part_of_the_suite() {
        let (root, mut config) = checkout();
        config.suite.sources.clear();
        config.suite.kit = None;
        let settings = [PathBuf::from("pyproject.toml")];
        let print = Fingerprint::default().with_files(root.path(), &settings).expect("a file");
        let suite = Basis::of(&config).expect("a basis").suite;
        assert_eq!(suite, print.with("cell", cell_files::digest()).hex());
    }

    #[test]
    fn without_any_lock_the_hint_says_what_makes_them() {
        let (root, config) = checkout();
        fs::remove_dir_all(root.path().join(config.extension.locks.as_ref().expect("a folder")))
            .expect("removed");
        let message = Basis::of(&config).expect_err("no locks").to_string();
        assert!(message.contains("hint: `cargo matrix lock`"), "{message}");
    }

    #[test]
    fn what_differs_is_named() {
        let one = Basis { config: "a".into(), suite: "b".into(), extension: "c".into() };
        let two = Basis { config: "x".into(), extension: "y".into(), ..one.clone() };
        assert_eq!(one.differences(&two), ["matrix.toml", "the extension"]);
        assert!(one.differences(&one).is_empty());
    }
}
