//! Where are the costs of an earlier run? A run's id, its folder or a `costs.json` in, costs out.

use std::path::Path;

use crate::config::Config;
use crate::model::document;
use crate::plan::cost::{Costs, FILE};
use crate::store::folder::{Contents, FolderError, RunFolder};

/// Reads what `asked` names: a run's id or folder, or a `costs.json` that was carried here from another machine.
pub fn read(config: &Config, asked: &str) -> Result<Costs, CostError> {
    let path = Path::new(asked);
    if path.is_file() {
        let unreadable = |error: std::io::Error| CostError::Unreadable(asked.to_owned(), error.to_string());
        return document::read(path).map_err(unreadable)?.ok_or_else(|| CostError::None(asked.to_owned()));
    }
    let Contents { intent, records, ledger, .. } = RunFolder::open(&config.target(), Some(asked))?.read()?;
    Costs::of(&intent.run, &records, ledger.as_ref()).ok_or_else(|| CostError::None(asked.to_owned()))
}

/// Why there are no costs.
#[derive(Debug, thiserror::Error)]
pub enum CostError {
    #[error(
        "no cell ran in {0}, so it says nothing about costs\nhint: leave out --costs to balance by count"
    )]
    None(String),
    #[error("cannot read the costs {0}: {1}\nhint: --costs takes a run's id, its folder, or its {FILE}")]
    Unreadable(String, String),
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}
