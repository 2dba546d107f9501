//! What did a server say last? Its log in, the last lines out: for a message, or beside a cell that is not green.

use fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use fs_err as fs;

use crate::model::document;

/// How many lines are kept beside a cell.
const KEPT_LINES: usize = 200;

/// How much of the end of a log is looked at.
const BYTES: u64 = 256 << 10;

/// The last `lines` lines of the log at `path`, and none of a log that cannot be read.
pub fn tail(path: &Path, lines: usize) -> String {
    let bytes = end(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let all: Vec<_> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

/// Keeps the end of the log at `path` as the file `to`, with every secret replaced.
pub fn keep(path: &Path, to: &Path) -> io::Result<()> {
    document::write_text(to, &(tail(path, KEPT_LINES) + "\n"))
}

fn end(path: &Path) -> io::Result<Vec<u8>> {
    let (mut file, mut bytes) = (File::open(path)?, Vec::new());
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(BYTES)))?;
    file.take(BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_of_a_log_is_kept_and_no_secret_in_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let (log, kept) = (folder.path().join("log"), folder.path().join("kept"));
        let lines: Vec<String> =
            (1..=20_000).map(|n| format!("line {n} of one that knows hush-hush")).collect();
        fs::write(&log, lines.join("\n")).expect("written");
        crate::model::secrets::learn("hush-hush");
        keep(&log, &kept).expect("kept");
        let text = fs::read_to_string(kept).expect("a text");
        assert_eq!(text.lines().count(), 200);
        assert!(text.starts_with("line 19801 of") && text.ends_with("line 20000 of one that knows ***\n"));
    }

    #[test]
    fn a_log_that_is_not_there_has_no_lines() {
        assert_eq!(tail(Path::new("/nonexistent/log"), 25), "");
    }
}
