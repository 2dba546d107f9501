//! Which parts were not looked at, why not, and what to do about it? The report names them beside the findings, so that
//! silence is not taken for health.

use std::fmt;
use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

/// A part of a project that nothing can be said of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Unseen {
    /// The part, in words.
    pub what: String,
    /// Why it was not looked at.
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

    /// Crates that no examined workspace has; `named` is one path, or several names.
    #[must_use]
    pub fn nested(named: &str, count: usize) -> Self {
        let (subject, each) = if count == 1 { ("it uses", "it") } else { ("they use", "each of them") };
        Unseen {
            what: named.to_owned(),
            why: format!(
                "{subject} PyO3, and the workspace that was examined does not list {}",
                if count == 1 { "it" } else { "them" }
            ),
            hint: format!("run `cargo matrix doctor` on {each}"),
        }
    }

    /// A log in which nothing is known.
    #[must_use]
    pub fn log(path: &Path) -> Self {
        Unseen {
            what: format!("what {} says", path.display()),
            why: "none of its lines is a message that doctor knows".to_owned(),
            hint: "give doctor the whole output of the build; if it is whole, its first error is not one that doctor \
                   explains"
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
