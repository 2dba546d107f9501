//! What could not be looked at, why not, and what to do about it? Told beside the findings, so that silence is not taken for
//! health.

use std::fmt;
use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

/// A part of a project that nothing can be said of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Unseen {
    pub what: String,
    pub why: String,
    /// What to do before it is examined again.
    pub hint: String,
}

impl Unseen {
    /// The lock that cargo would make for `manifest`.
    pub fn lock(manifest: &Path, why: &impl fmt::Display) -> Self {
        Unseen {
            what: format!("the releases that cargo would lock for {}", manifest.display()),
            why: why.to_string().trim_end().to_owned(),
            hint:
                "put the Cargo.lock there that `cargo generate-lockfile` makes where cargo can resolve the \
                   manifest, and run doctor again"
                    .to_owned(),
        }
    }

    /// What this user may not read, and cargo may need for a lock.
    #[must_use]
    pub fn closed(path: &Path) -> Self {
        Unseen {
            what: path.display().to_string(),
            why: "this user may not read it, and without a Cargo.lock every manifest counts".to_owned(),
            hint:
                "make it readable, or lock the project with `cargo generate-lockfile`, and run doctor again"
                    .to_owned(),
        }
    }
}
