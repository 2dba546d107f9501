//! Which environment variables change what is built? The environment in, their names and the hashes of their values out.
//!
//! Every other variable is left out by not being listed, tokens for uploads among them: their values must go into no file,
//! and a token that was renewed changes no wheel.

use std::collections::BTreeMap;

use crate::model::fingerprint;

/// Variables that cargo, rustc, maturin, and the build scripts of C code read while they build a wheel. maturin's
/// `MATURIN_PEP517_ARGS` is not among them: only its PEP 517 backend reads that, and the harness calls `maturin build`.
const NAMES: [&str; 29] = [
    // rustc, as cargo starts it.
    "RUSTC",
    "RUSTC_BOOTSTRAP",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_INCREMENTAL",
    // The table [build] of cargo's configuration. Its other keys say where and how fast, not what.
    "CARGO_BUILD_INCREMENTAL",
    "CARGO_BUILD_RUSTC",
    "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER",
    "CARGO_BUILD_RUSTC_WRAPPER",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    // maturin.
    "MATURIN_PGO",
    "MATURIN_STRIP",
    "MATURIN_USE_XWIN",
    "ARCHFLAGS",
    "_PYTHON_SYSCONFIGDATA_NAME",
    // What a wheel is told of its platform and time.
    "MACOSX_DEPLOYMENT_TARGET",
    "SDKROOT",
    "SOURCE_DATE_EPOCH",
    // Compilers of C code. Each has forms for one target too, which begin so: see below.
    "AR",
    "ARFLAGS",
    "CC",
    "CFLAGS",
    "CRATE_CC_NO_DEFAULTS",
    "CXX",
    "CXXFLAGS",
    "LDFLAGS",
];

/// How the names of the others begin: a profile's or a target's table of cargo's configuration, what is asked of `PyO3`,
/// and the forms of the C compilers' variables for one target.
const PREFIXES: [&str; 13] = [
    "CARGO_PROFILE_",
    "CARGO_TARGET_",
    "CARGO_UNSTABLE_",
    "PYO3_",
    "UNSAFE_PYO3_",
    "AR_",
    "CC_",
    "CFLAGS_",
    "CXX_",
    "CXXFLAGS_",
    "HOST_C",
    "TARGET_C",
    "PKG_CONFIG_",
];

/// Names that begin so and change nothing: places, and what the harness itself sets.
const OTHERS: [&str; 3] = ["CARGO_TARGET_DIR", "CARGO_TARGET_TMPDIR", "PYO3_PYTHON"];

/// The variables among `all` that change what is built, each with the SHA-256 of its value.
pub fn of(all: impl Iterator<Item = (String, String)>) -> BTreeMap<String, String> {
    let listed = all.filter(|(name, _)| matters(name));
    listed.map(|(name, value)| (name, fingerprint::of_text(&value))).collect()
}

fn matters(name: &str) -> bool {
    let other = OTHERS.contains(&name) || name.starts_with("PYO3_MATRIX_") || name.ends_with("_RUNNER");
    NAMES.contains(&name) || (PREFIXES.iter().any(|prefix| name.starts_with(prefix)) && !other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_changes_the_build_is_kept_by_its_hash_alone() {
        let found = of([("RUSTFLAGS".to_owned(), "abc".to_owned())].into_iter());
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(found, BTreeMap::from([("RUSTFLAGS".to_owned(), hash.to_owned())]));
    }

    #[test]
    fn what_changes_the_build_is_listed_and_places_speeds_and_tokens_are_not() {
        for name in [
            "CARGO_PROFILE_RELEASE_LTO",
            "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER",
            "CARGO_BUILD_TARGET",
            "PYO3_CROSS_LIB_DIR",
            "UNSAFE_PYO3_SKIP_VERSION_CHECK",
            "MATURIN_STRIP",
            "CFLAGS_x86_64_unknown_linux_gnu",
        ] {
            assert!(matters(name), "{name}");
        }
        for name in [
            "PATH",
            "PYO3_PYTHON",
            "PYO3_MATRIX_POSTGRES_16",
            "CARGO_TARGET_DIR",
            "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER",
            "CARGO_BUILD_JOBS",
            "CARGO_BUILD_TARGET_DIR",
            "CARGO_REGISTRY_TOKEN",
            "MATURIN_PEP517_ARGS",
            "MATURIN_PYPI_TOKEN",
            "MATURIN_PASSWORD",
            "MATURIN_USERNAME",
            "MATURIN_REPOSITORY",
            "MATURIN_REPOSITORY_URL",
            "UV_PUBLISH_TOKEN",
            "TWINE_PASSWORD",
        ] {
            assert!(!matters(name), "{name}");
        }
    }
}
