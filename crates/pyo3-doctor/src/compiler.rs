//! Which Rust compiles every package of a lock? The lock in; the newest `rust-version` of its packages, as cargo tells it, out.
//!
//! Cargo resolves a package that asks for exactly the locked releases and promises an ancient Rust. It then names each release
//! that needs a newer one. The index alone answers that: nothing is downloaded, and nothing of the project is read.

use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use tempfile::TempDir;

use super::locked::LockedPackages;
use crate::program::{Answer, Ask, Question};

/// Cargo may have to fetch the index.
const LIMIT: Duration = Duration::from_secs(120);

/// Cargo from 1.84 on says this first where it looks at `rust-version`.
const HEEDS: &str = "latest Rust 1.0 compatible versions";

/// How packages begin that cargo compiles for WebAssembly alone. Most locks hold some, through `getrandom`; a module for a
/// native Python never takes one in.
const WEB_ASSEMBLY: [&str; 3] = ["wasi", "wasm", "wit-"];

/// The Rust that every package from the registry needs, as (major, minor); none where cargo does not tell it.
pub fn needed(lock: &LockedPackages, ask: Ask<'_>) -> Option<(u16, u16)> {
    let folder = question(lock).ok()?;
    let answer = ask(&Question {
        // Cargo lists them on standard error, of which an answer keeps the last lines alone.
        program: "sh",
        arguments: &["-c".as_ref(), "cargo generate-lockfile 2>&1".as_ref()],
        folder: folder.path(),
        variables: &[
            ("CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS", "fallback"),
            ("CARGO_TERM_COLOR", "never"),
            ("CARGO_TERM_QUIET", "false"),
        ],
        limit: LIMIT,
    });
    told(&answer.ok()?)
}

/// A package that asks for what is locked.
fn question(lock: &LockedPackages) -> io::Result<TempDir> {
    let folder = tempfile::tempdir()?;
    let mut manifest = String::from(
        "[package]\nname = \"question\"\nversion = \"0.0.0\"\nrust-version = \"1.0\"\n[lib]\npath = \"lib.rs\"\n\
         [workspace]\n[dependencies]\n",
    );
    for (number, package) in lock.of_registry().enumerate() {
        let semver::Version { major, minor, patch, pre, .. } = &package.version;
        let dash = if pre.is_empty() { "" } else { "-" };
        let _ = writeln!(
            manifest,
            "p{number} = {{ package = \"{}\", version = \"={major}.{minor}.{patch}{dash}{pre}\", default-features = false }}",
            package.name
        );
    }
    std::fs::write(folder.path().join("Cargo.toml"), manifest)?;
    std::fs::write(folder.path().join("lib.rs"), "")?;
    Ok(folder)
}

/// The newest of `Adding arrow v59.3.0 (requires Rust 1.85)`.
fn told(answer: &Answer) -> Option<(u16, u16)> {
    if !answer.success || !answer.stdout.contains(HEEDS) {
        return None;
    }
    let each = answer
        .stdout
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Adding ")?.split_once(" (requires Rust "));
    let native = each.filter(|(package, _)| !WEB_ASSEMBLY.iter().any(|family| package.starts_with(family)));
    native.filter_map(|(_, rust)| numbers(rust.trim_end_matches(')'))).max()
}

/// `1.85` of `1.85.0`; None for `stable`, `nightly` and dates.
pub fn numbers(text: &str) -> Option<(u16, u16)> {
    let mut parts = text.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::TextFile;

    fn answer(stdout: &str) -> Answer {
        Answer { success: true, stdout: stdout.to_owned(), tail: String::new() }
    }

    #[test]
    fn the_newest_rust_that_a_package_needs_is_the_one_of_the_lock() {
        let listed = "     Locking 3 packages to latest Rust 1.0 compatible versions\n      Adding arrow v59.3.0 (requires Rust 1.85)\n      Adding pyo3 v0.29.3 (requires Rust 1.83)\n      Adding x v1.0.0 (requires Rust 1.9.1)\n      Adding wit-bindgen v0.51.0 (requires Rust 1.87.0)\n      Adding a v1.0.0\n";
        assert_eq!(told(&answer(listed)), Some((1, 85)));
    }

    #[test]
    fn a_cargo_that_does_not_look_at_rust_versions_tells_nothing() {
        assert_eq!(told(&answer("     Locking 3 packages to latest compatible versions\n")), None);
    }

    #[test]
    fn what_is_locked_from_the_registry_is_asked_for_exactly() {
        let registry = "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
        let text = format!(
            "version = 4\n[[package]]\nname = \"a\"\nversion = \"1.0.0-rc.1+x\"\n{registry}[[package]]\nname = \"ours\"\nversion = \"0.1.0\"\n"
        );
        let lock = LockedPackages::parse(TextFile::new("Cargo.lock", text)).expect("a lock");
        let asked = std::fs::read_to_string(question(&lock).expect("a folder").path().join("Cargo.toml"));
        let asked = asked.expect("a manifest");
        let dependencies = asked.split("[dependencies]\n").nth(1);
        assert_eq!(
            dependencies,
            Some("p0 = { package = \"a\", version = \"=1.0.0-rc.1\", default-features = false }\n")
        );
    }
}
