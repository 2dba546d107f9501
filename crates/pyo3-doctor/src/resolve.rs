//! Which releases would cargo lock? A workspace without a lock file in, the lock that cargo makes in a temporary copy out.

use std::path::Path;
use std::time::Duration;

use super::error::DoctorError;
use super::locked::LockedPackages;
use super::skeleton::Skeleton;
use super::survey::shown;
use super::text::TextFile;
use super::unseen::Unseen;
use crate::program::{Ask, Question};

/// Cargo may have to fetch the index.
const LIMIT: Duration = Duration::from_secs(300);

/// What cargo made of the manifests.
pub enum Resolved {
    Lock(LockedPackages),
    /// It refused; this is what it wrote.
    Refused(String),
}

/// Resolves the workspace at `root`; what may not be read of it is added to `unseen`.
pub fn resolve(root: &Path, ask: Ask<'_>, unseen: &mut Vec<Unseen>) -> Result<Resolved, DoctorError> {
    let copy = Skeleton::of(root)?;
    unseen.extend(copy.closed.iter().map(|path| Unseen::closed(&shown(path))));
    let answer = ask(&Question {
        program: "cargo",
        arguments: &["generate-lockfile".as_ref(), "--quiet".as_ref()],
        folder: copy.path(),
        // As it would in the project: a release that needs a newer Rust than `rust-version` is passed by where an older
        // one fits. The variable says so for every `resolver` that the workspace may name.
        variables: &[("CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS", "fallback")],
        limit: LIMIT,
    })?;
    if !answer.success {
        // The user knows the project's path, and not that of the copy.
        let copy = copy.path().to_string_lossy().into_owned();
        return Ok(Resolved::Refused(answer.tail.replace(&copy, &root.to_string_lossy())));
    }
    let failed = |source| DoctorError::Copy { path: root.into(), source };
    let text = std::fs::read_to_string(copy.path().join("Cargo.lock")).map_err(failed)?;
    // The lock exists in the copy alone, so its findings point at the manifest.
    let file = TextFile::new(shown(&root.join("Cargo.toml")), text);
    let broken =
        |error: cargo_lock::Error| DoctorError::Resolve { path: root.into(), output: error.to_string() };
    LockedPackages::resolved(&file).map(Resolved::Lock).map_err(broken)
}
