//! How long does it take to plan 10,000 cells over five axes? Prints the median of the wall clock of whole runs: all cells, their
//! 256 shards, and a pairwise set of them.
//!
//! `cargo bench -p pyo3-matrix --bench plan`

#![expect(clippy::disallowed_types, reason = "a benchmark stands outside of the program that it times")]

mod project;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use project::AXES;

const RUNS: usize = 21;

fn run(folder: &Path, arguments: &[&str]) -> std::io::Result<Duration> {
    let started = Instant::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_pyo3-matrix"));
    let output = command.arg("plan").args(arguments).current_dir(folder).output()?;
    let time = started.elapsed();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(time)
}

fn main() -> std::io::Result<()> {
    let folder = tempfile::tempdir()?;
    project::new(folder.path())?;
    for (what, arguments) in [
        ("all cells", &[][..]),
        ("in 256 shards", &["--shards", "256"]),
        ("pairwise", &["--preset", "pairs"]),
    ] {
        let times = (0..RUNS).map(|_| run(folder.path(), arguments));
        let mut times = times.collect::<Result<Vec<_>, _>>()?;
        times.sort_unstable();
        let shown = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
        println!(
            "{} cells, {what}: median {} (fastest {}, slowest {})",
            AXES.iter().product::<u32>(),
            shown(times[RUNS / 2]),
            shown(times[0]),
            shown(times[RUNS - 1])
        );
    }
    Ok(())
}
