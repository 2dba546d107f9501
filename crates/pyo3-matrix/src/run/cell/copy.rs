//! Where does a cell run that must neither see nor touch the checkout? A private copy of its files, without the modules that the
//! cell's wheel installs: so a test imports the wheel, however the project is laid out.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::modules;

use crate::config::{Config, pytest};
use crate::model::failure::Failure;
use crate::model::record::Outcome;
use crate::process::{Command, Folder, Processes};

/// A copy, which is removed when this is dropped, or when the harness ends.
#[derive(Debug)]
pub struct Copy {
    _folder: Folder,
    /// The folder in it that pytest is started in.
    pub suite: PathBuf,
}

impl Copy {
    /// Copies the files of the checkout, without the modules of a wheel that has these `members`.
    pub fn make(
        members: &BTreeMap<String, String>,
        config: &Config,
        processes: &Processes,
    ) -> Result<Copy, Failure> {
        let failed =
            |error: io::Error| Failure { outcome: Outcome::ProvisionFailed, reason: error.to_string() };
        let folder = processes.folder("cell-", &config.target()).map_err(failed)?;
        let installed = modules::installed(members, config);
        modules::refuse_tests_among(&installed, config)?;
        for file in config.files.iter().chain(&config.suite.sources) {
            if !installed.contains(file) && !modules::is_build_of(file, &config.extension.module) {
                copy(&config.root.join(file), &folder.path().join(file)).map_err(failed)?;
            }
        }
        let suite = folder.path().join(&config.suite.folder);
        Ok(Copy { suite, _folder: folder })
    }

    /// The command with what is different here. Nothing shadows the wheel, so a program that a test starts may import what lies
    /// beside it; and pytest may keep its cache.
    pub fn variables(&self, command: Command) -> Command {
        let settings = pytest::settings(&self.suite).unwrap_or_else(|| PathBuf::from("/dev/null"));
        command
            .env("PYO3_MATRIX_SETTINGS", settings)
            .env("PYO3_MATRIX_SAFE_PATH", "")
            .env("PYO3_MATRIX_CACHE", "cacheprovider")
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_dir() {
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    fs::create_dir_all(to.parent().unwrap_or(Path::new("")))?;
    fs::copy(from, to).map(drop)
}
