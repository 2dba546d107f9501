//! Which tox, uv and maturin does the harness use? Those of its own locked requirements, even if others are installed.

use std::path::PathBuf;

use super::venv::{self, Requirements, Venv};
use super::{Context, ProvisionError};
use crate::model::event::Found;

/// The requirements of the tools, and of npm for machines without one.
const TOOLS: Requirements = Requirements { name: "tools.txt", text: include_str!("../../tools/tools.txt") };
const NODE: Requirements = Requirements { name: "node.txt", text: include_str!("../../tools/node.txt") };

/// The name of the folder that holds them, in the user's cache or in a project's target folder.
pub const FOLDER: &str = "tools";

/// The programs that drive a cell from outside.
#[derive(Debug, Clone)]
pub struct Tools(Venv);

/// Returns the locked tools, and installs them if necessary. If they are installed already, it starts no process.
pub fn provide(context: &Context) -> Result<Tools, ProvisionError> {
    venv::provide(&TOOLS, context).map(Tools)
}

/// Returns npm from the locked requirements.
pub fn npm(context: &Context) -> Result<PathBuf, ProvisionError> {
    venv::provide(&NODE, context).map(|venv| venv.program("npm"))
}

impl Tools {
    /// Returns the versions of the tools.
    #[must_use]
    pub fn found(&self) -> Found {
        let version = |name| self.version(name).unwrap_or("?");
        let (tox, maturin, uv) = (version("tox"), version("maturin"), version("uv"));
        let folder = self.0.folder.display();
        let place = format!(
            "tox {tox}, maturin {maturin}, uv {uv}, on Python {}, in {folder}",
            self.python_version()
        );
        Found { name: "tools".to_owned(), place: Ok(place) }
    }

    #[must_use]
    pub fn tox(&self) -> PathBuf {
        self.0.program("tox")
    }

    /// The path of another of the tools.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.0.program(name)
    }

    #[must_use]
    pub fn uv(&self) -> PathBuf {
        self.0.program("uv")
    }

    #[must_use]
    pub fn maturin(&self) -> PathBuf {
        self.0.program("maturin")
    }

    /// The version of an installed distribution, such as `maturin`.
    #[must_use]
    pub fn version(&self, name: &str) -> Option<&str> {
        self.0.versions.get(name).map(String::as_str)
    }

    /// The version of the interpreter that the tools run on.
    #[must_use]
    pub fn python_version(&self) -> &str {
        &self.0.python
    }
}
