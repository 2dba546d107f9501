//! What does a child inherit? Our environment, without what `cargo run` and an active virtual environment put there.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// Removes from `command`'s environment every variable that must not reach it.
pub fn scrub(command: &mut std::process::Command) {
    for (key, value) in std::env::vars_os() {
        match scrubbed(&key, &value) {
            Scrubbed::Keep => {}
            Scrubbed::Remove => drop(command.env_remove(key)),
            Scrubbed::Replace(value) => drop(command.env(key, value)),
        }
    }
}

/// Whether `value` is the address of a server, and not the folder of its programs. One `=` or `://` is enough. A child that
/// misses the folder does no harm, but a child that sees the address also sees its password.
fn is_address(value: &str) -> bool {
    value.contains("://") || value.contains('=')
}

#[derive(Debug, PartialEq, Eq)]
enum Scrubbed {
    Keep,
    Remove,
    Replace(OsString),
}

/// What must a child not inherit? `cargo run` sets variables of the harness's own package and prepends its own
/// library folders. An active virtual environment and `PG*` would lead a cell to another environment or server.
fn scrubbed(key: &OsStr, value: &OsStr) -> Scrubbed {
    const NAMES: [&str; 9] = [
        "CARGO",
        "CARGO_CRATE_NAME",
        "CARGO_PRIMARY_PACKAGE",
        "PYTHONHOME",
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "VIRTUAL_ENV",
        "PYTEST_ADDOPTS",
        "RUST_RECURSION_COUNT",
    ];
    const PREFIXES: [&str; 5] = ["CARGO_PKG_", "CARGO_BIN_", "CARGO_MANIFEST_", "TOX_", "PG"];
    let name = key.to_string_lossy();
    if name == "LD_LIBRARY_PATH" || name == "DYLD_FALLBACK_LIBRARY_PATH" {
        let own = |path: &PathBuf| {
            path.components().any(|c| c.as_os_str() == "target" || c.as_os_str() == "rustlib")
        };
        let toolchain = |path: &PathBuf| path.components().any(|c| c.as_os_str() == ".rustup");
        let kept: Vec<_> =
            std::env::split_paths(value).filter(|path| !own(path) && !toolchain(path)).collect();
        let joined = std::env::join_paths(kept).unwrap_or_default();
        return if joined.is_empty() { Scrubbed::Remove } else { Scrubbed::Replace(joined) };
    }
    // An external server's address, a URL or the keywords of libpq, has its superuser's password in it; cells get a role of their own.
    if name.starts_with("PYO3_MATRIX_") && is_address(&value.to_string_lossy()) {
        return Scrubbed::Remove;
    }
    if NAMES.contains(&name.as_ref()) || PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
        return Scrubbed::Remove;
    }
    Scrubbed::Keep
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(key: &str, value: &str) -> Scrubbed {
        scrubbed(key.as_ref(), value.as_ref())
    }

    #[test]
    fn what_would_steer_a_cell_is_removed_and_the_users_own_is_kept() {
        for key in
            ["CARGO_PKG_NAME", "CARGO_MANIFEST_DIR", "PGHOST", "PYTHONPATH", "VIRTUAL_ENV", "TOX_WORK_DIR"]
        {
            assert_eq!(check(key, "x"), Scrubbed::Remove, "{key}");
        }
        for dsn in [
            "postgresql://postgres:hush@host:5432/postgres",
            "host=h password='hush hush'",
            "password = hush",
        ] {
            assert_eq!(check("PYO3_MATRIX_POSTGRES_16", dsn), Scrubbed::Remove, "{dsn}");
        }
        assert_eq!(check("PYO3_MATRIX_POSTGRES_16", "/usr/lib/postgresql/16/bin"), Scrubbed::Keep);
        for key in ["PATH", "CARGO_HOME", "CARGO_HTTP_CAINFO", "RUSTUP_TOOLCHAIN", "UV_INDEX_URL", "HOME"] {
            assert_eq!(check(key, "x"), Scrubbed::Keep, "{key}");
        }
    }

    #[test]
    fn cargos_own_library_folders_are_taken_out_of_the_library_path() {
        let path = "/w/target/debug/deps:/opt/lib:/h/.rustup/toolchains/x/lib";
        assert_eq!(check("LD_LIBRARY_PATH", path), Scrubbed::Replace("/opt/lib".into()));
        assert_eq!(check("LD_LIBRARY_PATH", "/w/target/debug"), Scrubbed::Remove);
    }
}
