//! Is anything left running after the harness is interrupted or killed in the middle of a cell?

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::{Project, a_cell, alone, fixture};

/// A harness in the middle of a cell that sleeps, and the cell's folder.
struct Running {
    harness: Child,
    project: Project,
}

/// The variable that marks every process of one test: the harness passes its own environment on.
const MARK: &str = "PYO3_MATRIX_TEST_MARK";

fn start(mark: &str) -> Running {
    let project = Project::testing(&fixture("hangs"));
    let mut command = crate::harness::matrix();
    command.current_dir(project.path()).args(["run", "--cell", &a_cell(), "--benchmarks", "off"]);
    command.env(MARK, mark).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut harness = command.spawn().expect("the binary starts");
    let begun = Instant::now();
    while !(alive(mark, "postgres") && alive(mark, "sleep 600")) {
        let ended = harness.try_wait().expect("a child");
        assert!(ended.is_none(), "the harness ended before its cell began: {ended:?}");
        assert!(begun.elapsed() < Duration::from_secs(600), "the cell did not begin");
        std::thread::sleep(Duration::from_millis(50));
    }
    Running { harness, project }
}

/// Whether a process with this mark has `word` in its command line.
fn alive(mark: &str, word: &str) -> bool {
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

/// Checks that soon no process with this mark runs any more.
fn gone(mark: &str) {
    let begun = Instant::now();
    while alive(mark, "") {
        assert!(begun.elapsed() < Duration::from_secs(10), "something is still running");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status();
    assert!(status.expect("kill starts").success());
}

#[test]
#[cfg(target_os = "linux")]
fn a_killed_harness_leaves_no_process() {
    let _alone = alone();
    let mut running = start("killed");
    signal(&running.harness, "KILL");
    running.harness.wait().expect("it ended");
    gone("killed");
}

#[test]
#[cfg(target_os = "linux")]
fn an_interrupted_harness_leaves_no_process_and_ends_with_130() {
    let _alone = alone();
    let mut running = start("interrupted");
    signal(&running.harness, "INT");
    let status = running.harness.wait().expect("it ended");
    assert_eq!(status.code(), Some(130));
    gone("interrupted");
}

#[test]
#[cfg(target_os = "linux")]
fn a_report_while_the_run_is_at_work_says_so_and_calls_nothing_lost() {
    let _alone = alone();
    let mut running = start("reported");
    let report = running.project.run(&["report"]);
    let text = crate::harness::stdout(&report);
    assert!(text.contains("under way") && !text.contains("lost"), "{text}");
    assert!(text.contains("not green yet: the run is at work"), "{text}");
    assert_eq!(report.status.code(), Some(1), "{text}");
    signal(&running.harness, "KILL");
    running.harness.wait().expect("it ended");
    let report = crate::harness::stdout(&running.project.run(&["report"]));
    assert!(report.contains("lost") && !report.contains("under way"), "{report}");
    gone("reported");
}
