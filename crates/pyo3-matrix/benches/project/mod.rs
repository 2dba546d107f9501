//! A project of 10,000 cells over five axes, for the benchmarks of what is pure: nothing of it can be built.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// How many values each axis has: Pythons, releases of Postgres, lines, and two free axes.
pub const AXES: [u32; 5] = [10, 10, 10, 5, 2];

/// The beginning of its `matrix.toml`.
const HEAD: &str = "schema_version = 1\n[extension]\nmodule = \"m\"\nmanifest = \"Cargo.toml\"\npyproject = \"pyproject.toml\"\n\
         sources = []\nlocks = \"lines\"\n[suite]\nrequirements = \"requirements\"\ntests = [\"tests\"]\n\
         [service.postgres]\nkind = \"postgres\"\ntag = \"pg\"\n";

/// A project that can be planned: a `matrix.toml`, the files that it names, and a lock for each line.
pub fn new(folder: &Path) -> std::io::Result<()> {
    let mut config = HEAD.to_owned();
    fs::write(folder.join("Cargo.toml"), "[package]\nname = \"m\"\nversion = \"0.1.0\"\n")?;
    fs::write(folder.join("pyproject.toml"), "")?;
    for made in ["lines", "tests", "requirements"] {
        fs::create_dir(folder.join(made))?;
    }
    for number in 0..AXES[0] {
        let _ = write!(config, "[[python]]\nversion = \"3.{}\"\n", 7 + number);
    }
    for number in 0..AXES[1] {
        let _ = write!(
            config,
            "[[service.postgres.release]]\nversion = {}\nauth = \"scram-sha-256\"\n",
            13 + number
        );
    }
    for number in 23..23 + AXES[2] {
        let _ = write!(
            config,
            "[[line]]\nname = \"0.{number}\"\npyo3 = \"0.{number}.0\"\npyo3-async-runtimes = \"0.{number}.0\"\n"
        );
        fs::write(folder.join(format!("lines/0.{number}.lock")), lock(number))?;
    }
    for (name, size) in [("loop", AXES[3]), ("bridge", AXES[4])] {
        let _ = writeln!(config, "[[axis]]\nname = \"{name}\"");
        for number in 0..size {
            let _ = write!(
                config,
                "[[axis.value]]\nname = \"{name}{number}\"\nenv = {{ CHOICE = \"{number}\" }}\n"
            );
        }
    }
    for (name, more) in [("all", "default = true\n"), ("pairs", "combine = \"pairwise\"\n")] {
        let axes = "python = \"all\"\npostgres = \"all\"\nline = \"all\"\nloop = \"all\"\nbridge = \"all\"\n";
        let _ = write!(config, "[preset.{name}]\n{axes}{more}");
    }
    fs::write(folder.join("matrix.toml"), config)
}

/// A lock of a line, with as many packages as an ordinary one.
fn lock(line: u32) -> String {
    let mut lock = String::from("version = 4\n");
    let mut package = |name: &str, version: &str| {
        let _ = write!(lock, "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n");
    };
    for number in 0..150 {
        package(&format!("package{number:03}"), "1.0.0");
    }
    for name in ["pyo3", "pyo3-async-runtimes"] {
        package(name, &format!("0.{line}.0"));
    }
    lock
}
