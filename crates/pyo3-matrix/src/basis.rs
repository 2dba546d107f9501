//! What were these cells made from? One hash each for the configuration, the suite and the extension, by which the parts
//! of a run are told to belong together. Nothing of a machine goes in, so two clones of one commit agree.

use std::io;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::build::fingerprint::Fingerprint;
use crate::config::Config;

/// What a run's cells were made from, as SHA-256 in hexadecimal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Basis {
    /// `matrix.toml`.
    pub config: String,
    /// What runs in a cell: tox's file, the sources of the suite, and the locks of the cells' Python packages.
    pub suite: String,
    /// The sources of the extension, its manifests, and the locks of its lines.
    pub extension: String,
}

impl Basis {
    /// Reads what the checkout holds now.
    pub fn of(config: &Config) -> io::Result<Basis> {
        let (suite, extension) = (&config.suite, &config.extension);
        let mut parts = vec![suite.tox.clone()];
        parts.extend(suite.sources.iter().cloned());
        let locks = config.pythons.iter().map(|python| suite.requirements.join(format!("py{python}.txt")));
        // A Python without a lock fails in its own cells, and says so there.
        parts.extend(locks.filter(|lock| config.root.join(lock).is_file()));
        let mut sources = extension.sources.clone();
        sources.extend([&extension.manifest, &extension.pyproject, &extension.locks].map(PathBuf::clone));
        let print = |paths: &[PathBuf]| Fingerprint::default().with_files(&config.root, paths);
        Ok(Basis {
            config: config.digest.clone(),
            suite: print(&parts)?.hex(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named() {
        let one = Basis { config: "a".into(), suite: "b".into(), extension: "c".into() };
        let two = Basis { config: "x".into(), extension: "y".into(), ..one.clone() };
        assert_eq!(one.differences(&two), ["matrix.toml", "the extension"]);
        assert!(one.differences(&one).is_empty());
    }
}
