//! Where can a harness be killed so that everything that it leaves is seen? A checkout and a folder for temporary files
//! that no other process uses.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use nix::fcntl::{Flock, FlockArg};

use super::marked::{self, MARK};
use crate::harness::{Project, fixture, shown, stdout};

pub struct Machine {
    pub project: Project,
    temporary: tempfile::TempDir,
}

impl Machine {
    /// A checkout whose cells pass, with an empty target folder.
    pub fn new() -> Machine {
        let machine = Machine {
            project: Project::apart(&fixture("passes")),
            temporary: tempfile::tempdir().expect("a folder"),
        };
        // Root steps down for a server, whose programs and data lie in these.
        for folder in [machine.project.path(), machine.temporary()] {
            std::fs::set_permissions(folder, Permissions::from_mode(0o755)).expect("a mode");
        }
        let servers = machine.target().join("postgres");
        let _ = std::fs::remove_file(servers);
        // A file where the tools of all projects would be: they are installed in this project, and nothing is there yet.
        std::fs::create_dir(machine.cache()).expect("a folder");
        std::fs::write(machine.cache().join("pyo3-matrix"), "").expect("a file");
        machine
    }

    pub fn target(&self) -> PathBuf {
        self.project.path().join("target/matrix")
    }

    pub fn runs(&self) -> PathBuf {
        self.target().join("runs")
    }

    fn cache(&self) -> PathBuf {
        self.project.path().join("cache")
    }

    /// The folder for temporary files.
    pub fn temporary(&self) -> &Path {
        self.temporary.path()
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = crate::harness::matrix();
        command.current_dir(self.project.path()).args(arguments);
        command.env("TMPDIR", self.temporary()).env("XDG_CACHE_HOME", self.cache());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the binary starts")
    }

    /// Starts a harness whose processes carry `mark`.
    pub fn start(&self, mark: &str, arguments: &[&str]) -> Child {
        let told = File::create(self.told()).expect("a file");
        let mut command = self.command(arguments);
        command.env(MARK, mark).stdin(Stdio::null()).stdout(Stdio::null()).stderr(told);
        command.spawn().expect("the binary starts")
    }

    /// What the harness that was started last has said on standard error.
    pub fn said(&self) -> String {
        std::fs::read_to_string(self.told()).expect("a text")
    }

    fn told(&self) -> PathBuf {
        self.project.path().join("told.txt")
    }

    /// Starts a harness, kills it when `reached`, and looks for what it left.
    pub fn kill(&self, mark: &str, arguments: &[&str], reached: impl Fn() -> bool) {
        let mut harness = self.start(mark, arguments);
        marked::wait_until(&mut harness, reached, || self.said());
        marked::kill(harness, mark);
        self.is_clean(mark);
    }

    /// Nothing temporary is left, and no lock is held.
    pub fn is_clean(&self, after: &str) {
        assert_eq!(below(self.temporary(), &|_| true), [""; 0], "left by {after} in TMPDIR");
        let half = |name: &str| {
            let begins = ["wheel-", "lock-", ".tmp", ".fetching-", ".removed", "latest."];
            begins.iter().any(|beginning| name.starts_with(beginning))
        };
        let target = self.target();
        for folder in [&target, &target.join("postgres"), &target.join("wheels"), &self.runs()] {
            assert_eq!(names(folder, &half), [""; 0], "left by {after} in {}", folder.display());
        }
        let lock = File::open(target.join("lock")).expect("a lock");
        assert!(Flock::lock(lock, FlockArg::LockExclusiveNonblock).is_ok(), "{after} holds the checkout");
    }

    /// The latest run can be read, and is not green: a cell of it is lost.
    pub fn latest_is_lost(&self, after: &str) {
        let report = self.run(&["report"]);
        assert_eq!(report.status.code(), Some(1), "{after}: {}", shown(&report));
        assert!(stdout(&report).contains("lost"), "{after}: {}", shown(&report));
        assert!(!stdout(&report).contains("under way"), "{after}: {}", shown(&report));
    }
}

/// The names in `folder` that are `meant`; none where there is no such folder.
fn names(folder: &Path, meant: &dyn Fn(&str) -> bool) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| meant(name)).collect()
}

/// Everything at any depth below `folder` whose name is `meant`.
pub fn below(folder: &Path, meant: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut found = names(folder, meant);
    for name in names(folder, &|_| true) {
        let inner = folder.join(name);
        if inner.is_dir() && !inner.is_symlink() {
            found.extend(below(&inner, meant));
        }
    }
    found
}
