//! What is this module compiled from? Cargo.lock, rustc and the interpreter → environment variables for
//! `build_info.rs` and one cfg per PyO3 line for `compat.rs`.

#![expect(
    clippy::disallowed_types,
    reason = "a build script has no guardian, and asks rustc for its version"
)]

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The crates whose locked versions the module reports, each with the variable that carries its version.
const REPORTED: [(&str, &str); 5] = [
    ("pyo3", "LOCKED_PYO3"),
    ("pyo3-async-runtimes", "LOCKED_PYO3_ASYNC_RUNTIMES"),
    ("tokio", "LOCKED_TOKIO"),
    ("tokio-postgres", "LOCKED_TOKIO_POSTGRES"),
    ("deadpool-postgres", "LOCKED_DEADPOOL_POSTGRES"),
];

/// The lines that one source serves, as minors of PyO3 0.x.
const LINES: std::ops::RangeInclusive<u32> = 23..=30;

/// The Pythons that some line accepts, as minors of 3.x.
const PYTHONS: std::ops::RangeInclusive<u32> = 9..=16;

fn main() -> Result<(), Box<dyn Error>> {
    let lock = nearest_lock(Path::new(&env::var("CARGO_MANIFEST_DIR")?))?;
    println!("cargo::rerun-if-changed={}", lock.display());
    println!("cargo::rerun-if-changed=build.rs");
    let packages: toml::Table = fs::read_to_string(&lock)?.parse()?;
    for (name, variable) in REPORTED {
        println!("cargo::rustc-env={variable}={}", locked_version(&packages, name)?);
    }
    println!("cargo::rustc-env=BUILT_BY={}", rustc_version()?);
    println!("cargo::rustc-env=BUILD_PROFILE={}", env::var("PROFILE")?);
    announce_interpreter();
    announce_line(&locked_version(&packages, "pyo3")?)
}

/// The lock file that this build uses. It is the first one upwards, where cargo also looks for its workspace. A build
/// for another line happens in a project made elsewhere, which has that line's lock at its root.
fn nearest_lock(start: &Path) -> Result<PathBuf, Box<dyn Error>> {
    start
        .ancestors()
        .map(|folder| folder.join("Cargo.lock"))
        .find(|candidate| candidate.is_file())
        .ok_or_else(|| format!("no Cargo.lock in {} or above it", start.display()).into())
}

/// The one version of `name` in the lock. Two versions are an error: the report would have to guess.
fn locked_version(lock: &toml::Table, name: &str) -> Result<String, Box<dyn Error>> {
    let packages =
        lock.get("package").and_then(toml::Value::as_array).ok_or("Cargo.lock lists no package")?;
    let mut versions = packages
        .iter()
        .filter(|package| package.get("name").and_then(toml::Value::as_str) == Some(name))
        .filter_map(|package| package.get("version").and_then(toml::Value::as_str));
    match (versions.next(), versions.next()) {
        (Some(version), None) => Ok(version.to_owned()),
        (None, _) => Err(format!("Cargo.lock does not lock {name}").into()),
        (Some(_), Some(_)) => Err(format!("Cargo.lock locks more than one {name}").into()),
    }
}

/// One cfg for each line that the locked PyO3 has reached: `pyo3_0_26` means "0.26 or newer".
fn announce_line(pyo3: &str) -> Result<(), Box<dyn Error>> {
    let minor: u32 = pyo3.split('.').nth(1).ok_or("PyO3's version has no minor")?.parse()?;
    for line in LINES {
        println!("cargo::rustc-check-cfg=cfg(pyo3_0_{line})");
        if line <= minor {
            println!("cargo::rustc-cfg=pyo3_0_{line}");
        }
    }
    println!("cargo::rustc-env=PYO3_LINE=0.{minor}");
    Ok(())
}

/// Sets PyO3's own cfgs for this crate: the interpreter's version (`Py_3_12` means "3.12 or newer"), the limited API,
/// free threading. It also declares the versions, because an older line does not know the newer ones.
fn announce_interpreter() {
    pyo3_build_config::use_pyo3_cfgs();
    for minor in PYTHONS {
        println!("cargo::rustc-check-cfg=cfg(Py_3_{minor})");
    }
}

fn rustc_version() -> Result<String, Box<dyn Error>> {
    let output = Command::new(env::var("RUSTC")?).arg("--version").output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
