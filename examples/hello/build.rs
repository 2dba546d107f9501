//! What is this module compiled from? The lock file that the build uses → an environment variable for each version that
//! `build_info()` reports.

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;

const REPORTED: [(&str, &str); 2] =
    [("pyo3", "LOCKED_PYO3"), ("pyo3-async-runtimes", "LOCKED_PYO3_ASYNC_RUNTIMES")];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::var("CARGO_MANIFEST_DIR")?;
    let mut locks = Path::new(&folder).ancestors().map(|folder| folder.join("Cargo.lock"));
    let lock = locks.find(|lock| lock.is_file()).ok_or("no Cargo.lock here or above")?;
    println!("cargo::rerun-if-changed={}", lock.display());
    let packages: toml::Table = fs::read_to_string(lock)?.parse()?;
    let packages = packages.get("package").and_then(toml::Value::as_array).ok_or("the lock lists no package")?;
    for (name, variable) in REPORTED {
        let locked = packages.iter().find(|package| package["name"].as_str() == Some(name));
        let version = locked.and_then(|package| package["version"].as_str()).ok_or(name)?;
        println!("cargo::rustc-env={variable}={version}");
    }
    Ok(())
}
