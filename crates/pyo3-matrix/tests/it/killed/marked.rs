//! Which processes did a test start? Those that carry its mark in their environment, however deep.

use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// Marks every process of one test: the harness passes its own environment on, to its guardian as well.
pub const MARK: &str = "PYO3_MATRIX_TEST_MARK";

/// How long a test waits for what must happen. It is no measure: what it waits for takes a part of that.
const PATIENCE: Duration = Duration::from_secs(600);

/// Whether a process with this mark has `word` in its command line.
pub fn alive(mark: &str, word: &str) -> bool {
    let marked = format!("{MARK}={mark}");
    let entries = std::fs::read_dir("/proc").expect("/proc").flatten();
    entries
        .map(|entry| entry.path())
        .any(|path| carries(&path, marked.as_bytes()) && command(&path).contains(word))
}

fn carries(process: &Path, marked: &[u8]) -> bool {
    let environment = std::fs::read(process.join("environ")).unwrap_or_default();
    environment.split(|byte| *byte == 0).any(|entry| entry == marked)
}

fn command(process: &Path) -> String {
    let line = std::fs::read(process.join("cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).replace('\0', " ")
}

/// Nothing with this mark runs any more, soon. The guardian carries it too: what it has to do is done then.
pub fn gone(mark: &str) {
    let begun = Instant::now();
    while alive(mark, "") {
        assert!(begun.elapsed() < Duration::from_secs(10), "something is still running");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Waits until `reached`; a harness that ends before is a fault of the test, whose words `said` are shown.
pub fn wait_until(harness: &mut Child, reached: impl Fn() -> bool, said: impl Fn() -> String) {
    let begun = Instant::now();
    while !reached() {
        let ended = harness.try_wait().expect("a child");
        assert!(ended.is_none(), "the harness ended before it was killed: {ended:?}\n{}", said());
        assert!(begun.elapsed() < PATIENCE, "the moment to kill the harness did not come\n{}", said());
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Sends `child` the signal of this name.
pub fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status();
    assert!(status.expect("kill starts").success());
}

/// Kills a harness, and waits until nothing of it runs.
pub fn kill(mut harness: Child, mark: &str) {
    signal(&harness, "KILL");
    harness.wait().expect("it ended");
    gone(mark);
}
