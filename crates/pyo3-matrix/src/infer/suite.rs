//! What does a project test, and where does pytest stand? Its settings, recipes and folders in, arguments of pytest out.

use std::path::{Path, PathBuf};

use super::project::Project;
use super::{Fact, InferError, commands};
use crate::config::pytest;

/// The folders that hold tests by custom.
const CUSTOMARY: [&str; 4] = ["tests", "test", "python/tests", "tests/python"];

/// Arguments of pytest, and what says so, of a folder.
type Find = fn(&Path) -> Option<(Vec<String>, String)>;

/// What pytest is told.
#[derive(Debug)]
pub struct Suite {
    /// The folder that it is started in, relative to the root.
    pub folder: PathBuf,
    pub tests: Vec<String>,
    source: String,
}

impl Suite {
    pub fn of(project: &Project) -> Result<Suite, InferError> {
        let mut folders = vec![project.folder.clone(), PathBuf::new()];
        folders.dedup();
        let in_any = |find: Find| {
            folders.iter().find_map(|folder| {
                let (tests, source) = find(&project.root.join(folder))?;
                Some(Suite {
                    folder: folder.clone(),
                    tests,
                    source: folder.join(source).display().to_string(),
                })
            })
        };
        let found = in_any(settled).or_else(|| in_any(called)).or_else(|| in_any(customary));
        found.ok_or_else(|| InferError::NoTests(project.root.join(&project.folder)))
    }

    pub fn facts(&self) -> Vec<Fact> {
        vec![Fact::new("tests", self.tests.join(" "), self.source.clone())]
    }
}

/// What pytest's own settings say.
fn settled(folder: &Path) -> Option<(Vec<String>, String)> {
    let paths = pytest::what_runs(folder, &[]);
    let file = pytest::settings(folder)?;
    let name = file.file_name()?.to_string_lossy().into_owned();
    let tests: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    (!tests.is_empty()).then(|| (tests, format!("{name}, testpaths")))
}

/// What a workflow, nox or tox calls.
fn called(folder: &Path) -> Option<(Vec<String>, String)> {
    commands::call(folder).map(|call| (call.arguments, call.source))
}

fn customary(folder: &Path) -> Option<(Vec<String>, String)> {
    let name = CUSTOMARY.iter().find(|name| folder.join(name).is_dir())?;
    Some((vec![(*name).to_owned()], format!("{name}, a folder of this name")))
}
