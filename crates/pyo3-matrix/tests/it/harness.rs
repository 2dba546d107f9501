//! How do the tests reach the harness? The built binary, a likeness of the checkout with a target folder of its own, and
//! projects that borrow the checkout's parts but have a `matrix.toml` of their own.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use nix::fcntl::{Flock, FlockArg};

use serde_json::Value;

/// Takes the likeness for one test, among all processes: its runs share wheels and environments, and one run holds them
/// at a time.
pub fn alone() -> Flock<File> {
    lock("alone")
}

/// Waits for the lock of this name.
pub fn lock(name: &str) -> Flock<File> {
    let file = File::create(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)).expect("a lock file");
    Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, error)| error).expect("the lock")
}

/// The root of the checkout.
pub fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("two folders up").to_owned()
}

/// A likeness of the checkout: links to everything in it but its target folder. What a developer has built and run there
/// is neither used nor touched.
pub fn likeness() -> &'static Path {
    static LIKENESS: OnceLock<PathBuf> = OnceLock::new();
    LIKENESS.get_or_init(|| {
        let _one = lock("likeness-lock");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("likeness");
        std::fs::create_dir_all(folder.join("target")).expect("a folder");
        // A test of another process may be reading here: only what is gone or new is touched.
        for entry in std::fs::read_dir(&folder).expect("a folder").flatten() {
            let meant = checkout().join(entry.file_name());
            let stale = std::fs::read_link(entry.path()).is_ok_and(|there| there != meant || !meant.exists());
            if stale {
                std::fs::remove_file(entry.path()).expect("removed");
            }
        }
        let new = |name: &str| !folder.join(name).exists();
        link(&checkout(), &folder, |name| name != ".git" && name != "target" && new(name));
        folder
    })
}

/// Links what `borrowed` says of `from` into the folder `to`.
fn link(from: &Path, to: &Path, borrowed: impl Fn(&str) -> bool) {
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        let name = entry.file_name();
        if borrowed(&name.to_string_lossy()) {
            std::os::unix::fs::symlink(entry.path(), to.join(name)).expect("a link");
        }
    }
}

/// Where the tests' own wheels, environments and runs are.
pub fn target() -> PathBuf {
    likeness().join("target/matrix")
}

/// The built binary, in the likeness of the checkout, with a cache that all tests share. What this user has in the own one
/// is neither used nor touched, but for pip's downloads.
pub fn matrix() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pyo3-matrix"));
    // As the alias of this repository starts it, also where cargo did not start these tests.
    command.current_dir(likeness()).env("XDG_CACHE_HOME", cache()).env("CARGO_PKG_NAME", "pyo3-matrix");
    // These tests read the lines themselves, also where they run on GitHub.
    command.env_remove("GITHUB_ACTIONS");
    if let Some(downloads) = downloads() {
        command.env("PIP_CACHE_DIR", downloads);
    }
    command
}

/// The cache of the tests.
pub fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache")
}

/// Where pip keeps its downloads on Linux, unless a variable says it.
fn downloads() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let cache = || set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")));
    let linux = cfg!(target_os = "linux") && set("PIP_CACHE_DIR").is_none();
    linux.then(cache)?.map(|cache| cache.join("pip"))
}

/// Copies a file or a folder. A link is copied as the file that it leads to.
pub fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        std::fs::create_dir_all(to).expect("a folder");
        for entry in std::fs::read_dir(from).expect("a folder").flatten() {
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        std::fs::copy(from, to).expect("a copy");
    }
}

/// Runs `arguments` to the end.
pub fn run(arguments: &[&str]) -> Output {
    matrix().args(arguments).output().expect("the binary starts")
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Returns the text of standard error, as it was before it was broken into lines.
pub fn words(output: &Output) -> String {
    stderr(output).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns both streams, for the message of an assertion.
pub fn shown(output: &Output) -> String {
    format!("{}\n{}\n{}", output.status, stderr(output), stdout(output))
}

/// A project with a `matrix.toml` of its own that borrows everything else from the likeness.
pub struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    /// `edit` changes the text of the checkout's `matrix.toml`.
    pub fn new(edit: impl FnOnce(String) -> String) -> Project {
        Project::editing("matrix.toml", edit)
    }

    /// `edit` changes the text of one file at the root of the checkout.
    pub fn editing(name: &str, edit: impl FnOnce(String) -> String) -> Project {
        Project::borrowing(name, |_| true, edit)
    }

    /// Makes a project as on another machine: it shares no build, wheel, environment or run with the checkout. It
    /// borrows only servers, because no file of the project goes into them.
    pub fn apart(tests: &Path) -> Project {
        let edit = |text: String| with_list(&text, "tests", &tests.display().to_string());
        let project = Project::borrowing("matrix.toml", |name| name != "target", edit);
        let (own, lent) = (project.path().join("target/matrix"), target());
        std::fs::create_dir_all(&own).expect("a folder");
        if lent.join("postgres").is_dir() {
            std::os::unix::fs::symlink(lent.join("postgres"), own.join("postgres")).expect("a link");
        }
        project
    }

    fn borrowing(
        edited: &str,
        borrowed: impl Fn(&str) -> bool,
        edit: impl FnOnce(String) -> String,
    ) -> Project {
        let folder = tempfile::tempdir().expect("a folder");
        link(likeness(), folder.path(), |name| name != edited && borrowed(name));
        let text = std::fs::read_to_string(checkout().join(edited)).expect("a file");
        // The conformance kit takes longer than all that these tests are about; `kit` has tests of its own.
        let text =
            text.lines().filter(|line| !line.starts_with("kit = ")).collect::<Vec<_>>().join("\n") + "\n";
        std::fs::write(folder.path().join(edited), edit(text)).expect("written");
        Project { folder }
    }

    /// Makes a project whose cells run `tests` instead of the prototype's tests.
    pub fn testing(tests: &Path) -> Project {
        Project::testing_with(tests, |text| text)
    }

    /// The same, with a `matrix.toml` that `edit` changes further.
    pub fn testing_with(tests: &Path, edit: impl FnOnce(String) -> String) -> Project {
        Project::new(|text| edit(with_list(&text, "tests", &tests.display().to_string())))
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        matrix().current_dir(self.folder.path()).args(arguments).output().expect("the binary starts")
    }
}

/// Returns `text` with the list `key` of `[suite]` replaced by one entry.
fn with_list(text: &str, key: &str, entry: &str) -> String {
    let replaced = |line: &str| {
        if line.starts_with(&format!("{key} = [")) {
            format!("{key} = [\"{entry}\"]")
        } else {
            line.to_owned()
        }
    };
    text.lines().map(replaced).collect::<Vec<_>>().join("\n") + "\n"
}

/// Returns the folder of the run whose report ended with this output.
pub fn run_folder(output: &Output) -> PathBuf {
    let text = stdout(output);
    let line = text
        .lines()
        .find_map(|line| line.split_once("  run "))
        .unwrap_or_else(|| panic!("{}", shown(output)));
    target().join("runs").join(line.1.trim())
}

/// Checks a document against its schema in the repository.
pub fn hold(document: &Value, schema: &str) {
    let path = checkout().join(format!("crates/pyo3-matrix/schemas/{schema}.schema.json"));
    let text = std::fs::read_to_string(path).expect("a schema");
    let validator = jsonschema::validator_for(&serde_json::from_str(&text).expect("JSON")).expect("a schema");
    let faults: Vec<String> = validator.iter_errors(document).map(|fault| fault.to_string()).collect();
    assert!(faults.is_empty(), "{schema}: {faults:?}");
}

/// Reads a JSON document.
pub fn json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("JSON")
}

/// A copy of a fixture that a test may change.
pub fn suite(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    copy(&fixture(name), folder.path());
    folder
}

/// A folder of tests for a cell, kept beside this binary.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures").join(name)
}

/// Returns the id of one cell on the newest line.
pub fn a_cell() -> String {
    let plan = run(&["plan", "--preset", "smoke", "--format", "json"]);
    let plan: Value = serde_json::from_str(&stdout(&plan)).expect("a plan in JSON");
    plan["cells"][0]["cell"].as_str().expect("a cell").to_owned()
}

/// Installs the packages of `requirements/<name>.txt` beside the environment of `cell`, and returns the folder. The caller is
/// alone.
pub fn installed(name: &str, cell: &str) -> String {
    let python = cell.split_once('-').map_or(cell, |(python, _)| python);
    let folder = format!("{}/{name}/{python}", env!("CARGO_TARGET_TMPDIR"));
    let lock = checkout().join(format!("requirements/{name}.txt"));
    // The copy of the lock says what is installed; it is written last.
    let (wanted, stamp) = (std::fs::read(&lock).expect("a lock"), format!("{folder}/lock"));
    if std::fs::read(&stamp).ok().as_ref() != Some(&wanted) {
        let lock = lock.to_str().expect("a path in UTF-8");
        let pip = ["python", "-m", "pip", "install", "-q", "--disable-pip-version-check", "--upgrade"];
        let what = ["--no-compile", "--require-hashes", "--target", &folder, "-r", lock];
        let output = run(&[&["shell", cell, "--"], &pip[..], &what[..]].concat());
        assert!(output.status.success(), "{}", shown(&output));
        std::fs::write(stamp, wanted).expect("written");
    }
    folder
}
