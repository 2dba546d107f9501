//! What does a project test, and where does pytest stand? Its settings, recipes and folders in, arguments of pytest out.

use std::path::{Path, PathBuf};

use super::commands::{self, Call};
use super::project::Project;
use super::{Fact, InferError};
use crate::config::pytest;

/// The folders that hold tests by custom.
const CUSTOMARY: [&str; 4] = ["tests", "test", "python/tests", "tests/python"];

/// How pytest is called in a folder, if something says so.
type Find = fn(&Path) -> Option<Call>;

/// What pytest is told.
#[derive(Debug)]
pub struct Suite {
    /// The folder that it is started in, relative to the root.
    pub folder: PathBuf,
    pub tests: Vec<String>,
    source: String,
    /// The variables of the user's shell that they need, and what says so.
    pub pass_env: Option<(Vec<String>, String)>,
}

impl Suite {
    pub fn of(project: &Project) -> Result<Suite, InferError> {
        let mut folders = vec![project.folder.clone(), PathBuf::new()];
        folders.dedup();
        let in_any = |find: Find| {
            folders.iter().find_map(|folder| {
                let Call { arguments: tests, source, passes } = find(&project.root.join(folder))?;
                let shown = |source: String| folder.join(source).display().to_string();
                let pass_env = passes.map(|(names, source)| (names, shown(source)));
                Some(Suite { folder: folder.clone(), tests, source: shown(source), pass_env })
            })
        };
        let found = in_any(settled).or_else(|| in_any(called)).or_else(|| in_any(customary));
        found.ok_or_else(|| InferError::NoTests(project.root.join(&project.folder)))
    }

    pub fn facts(&self) -> Vec<Fact> {
        let passed = self.pass_env.iter();
        let passed = passed.map(|(names, source)| Fact::new("pass_env", names.join(", "), source.clone()));
        std::iter::once(Fact::new("tests", self.tests.join(" "), self.source.clone())).chain(passed).collect()
    }
}

/// What pytest's own settings say.
fn settled(folder: &Path) -> Option<Call> {
    let paths = pytest::what_runs(folder, &[]);
    let file = pytest::settings(folder)?;
    let name = file.file_name()?.to_string_lossy().into_owned();
    let tests: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    let call = |arguments| Call { arguments, source: format!("{name}, testpaths"), passes: None };
    (!tests.is_empty()).then(|| call(tests))
}

/// What a workflow, nox or tox calls.
fn called(folder: &Path) -> Option<Call> {
    commands::call(folder)
}

fn customary(folder: &Path) -> Option<Call> {
    let name = CUSTOMARY.iter().find(|name| folder.join(name).is_dir())?;
    let source = format!("{name}, a folder of this name");
    Some(Call { arguments: vec![(*name).to_owned()], source, passes: None })
}
