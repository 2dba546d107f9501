//! How long does `doctor` take on a workspace with 2,000 locked packages? Prints the median of the wall clock of whole runs.
//!
//! `cargo bench -p pyo3-matrix --bench doctor`

#![expect(clippy::disallowed_types, reason = "a benchmark stands outside of the program that it times")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const PACKAGES: usize = 2000;
const MEMBERS: usize = 50;
const RUNS: usize = 21;

/// A workspace of [`MEMBERS`] crates, one of them an extension, and a lock file of [`PACKAGES`] packages.
fn workspace(folder: &Path) -> std::io::Result<()> {
    fs::write(folder.join("Cargo.toml"), "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n")?;
    let mut lock = String::from("version = 4\n");
    for member in 0..MEMBERS {
        let crate_folder = folder.join(format!("crates/member{member:04}"));
        fs::create_dir_all(crate_folder.join("src"))?;
        let pyo3 = if member == 0 { "pyo3 = \"0.30\"\npyo3-async-runtimes = \"0.30\"\n" } else { "" };
        let manifest = format!(
            "[package]\nname = \"member{member:04}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[lib]\ncrate-type = [\"cdylib\"]\n\n\
             [dependencies]\n{pyo3}package0001 = \"1\"\n"
        );
        fs::write(crate_folder.join("Cargo.toml"), manifest)?;
        fs::write(crate_folder.join("src/lib.rs"), "pub fn nothing() {}\n".repeat(200))?;
        let _ = write!(
            lock,
            "\n[[package]]\nname = \"member{member:04}\"\nversion = \"0.1.0\"\ndependencies = [\n \"package0001\",\n]\n"
        );
    }
    for package in 0..PACKAGES - MEMBERS - 2 {
        registry(&mut lock, &format!("package{package:04}"), "1.0.0");
    }
    registry(&mut lock, "pyo3", "0.30.1");
    registry(&mut lock, "pyo3-async-runtimes", "0.30.0");
    fs::write(folder.join("Cargo.lock"), lock)
}

fn registry(lock: &mut String, name: &str, version: &str) {
    let checksum = "0".repeat(64);
    let _ = write!(
        lock,
        "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n\
         source = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{checksum}\"\n\
         dependencies = [\n \"package0001\",\n \"package0002\",\n \"package0003\",\n]\n"
    );
}

fn run(folder: &Path) -> std::io::Result<Duration> {
    let started = Instant::now();
    let output =
        Command::new(env!("CARGO_BIN_EXE_pyo3-matrix")).arg("doctor").current_dir(folder).output()?;
    let time = started.elapsed();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    Ok(time)
}

fn main() -> std::io::Result<()> {
    let folder = tempfile::tempdir()?;
    workspace(folder.path())?;
    let mut times = (0..RUNS).map(|_| run(folder.path())).collect::<Result<Vec<_>, _>>()?;
    times.sort_unstable();
    let shown = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
    println!(
        "{PACKAGES} packages: median {} (fastest {}, slowest {})",
        shown(times[RUNS / 2]),
        shown(times[0]),
        shown(times[RUNS - 1])
    );
    Ok(())
}
