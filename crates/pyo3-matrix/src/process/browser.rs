//! How does a person see a file? The browser, or whatever the desktop has for it, is started on it, and outlives the harness.

use std::io;
use std::path::Path;

/// Opens a file. This is no child that the guardian ends: it belongs to the desktop from its start on.
pub fn open(file: &Path) -> io::Result<()> {
    let file = file.canonicalize()?;
    open::that_detached(&file).map_err(|error| {
        let what = format!("no browser could be started: {error}\nhint: open {} yourself", file.display());
        io::Error::new(error.kind(), what)
    })
}
