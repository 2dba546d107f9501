//! Which commit is checked out, and which one does a name stand for? A project in, what git says out; nothing where there is no git.

use std::path::Path;
use std::time::Duration;

use super::listing::toplevel;
use crate::model::origin::Commit;
use crate::process::{Command, Exit, Processes};

/// The limit for asking git.
const LIMIT: Duration = Duration::from_secs(60);

/// The commit that is checked out in `root`, and whether the tree differs from it. What the harness keeps in the folder `kept`
/// makes no tree dirty, also where no rule ignores it.
#[must_use]
pub fn checked_out(root: &Path, kept: &Path, processes: &Processes) -> Option<Commit> {
    let hash = resolved(root, "HEAD", processes)?;
    let mut question = vec!["status".to_owned(), "--porcelain".to_owned(), "--".to_owned(), ":/".to_owned()];
    if let Ok(kept) = kept.strip_prefix(root) {
        question.push(format!(":(exclude){}", kept.display()));
    }
    let status = git(root, &question, processes)?;
    Some(Commit { hash, dirty: !status.trim().is_empty() })
}

/// The hash of the commit that `name` stands for in the checkout of `root`: a branch, a tag, `HEAD~3` or a hash.
#[must_use]
pub fn resolved(root: &Path, name: &str, processes: &Processes) -> Option<String> {
    // It would be an option.
    if name.is_empty() || name.starts_with('-') {
        return None;
    }
    let question = ["rev-parse", "--verify", "--quiet", &format!("{name}^{{commit}}")].map(str::to_owned);
    let hash = git(root, &question, processes)?.trim().to_owned();
    let is_hash = hash.len() >= 40 && hash.chars().all(|digit| digit.is_ascii_hexdigit());
    is_hash.then_some(hash)
}

/// What git answers; none where there is no git, no checkout, or git refuses.
fn git(root: &Path, question: &[String], processes: &Processes) -> Option<String> {
    toplevel(root)?;
    // git would take a lock to refresh its index, for which another git may be waiting.
    let command = Command::new("git").env("GIT_OPTIONAL_LOCKS", "0").args(question).folder(root).limit(LIMIT);
    let asked = command.run(processes).ok()?;
    (asked.exit == Exit::Code(0)).then_some(asked.stdout)
}
