//! Is anything left running after the harness is interrupted or killed in the middle of a cell?

mod machine;
mod marked;
mod merging;
mod phases;

use std::process::{Child, Stdio};

use crate::harness::{Project, a_cell, alone, fixture};
use marked::{MARK, alive, gone, signal, wait_until};

/// A harness in the middle of a cell that sleeps, and the cell's folder.
struct Running {
    harness: Child,
    project: Project,
}

fn start(mark: &str) -> Running {
    let project = Project::testing(&fixture("hangs"));
    let mut command = crate::harness::matrix();
    command.current_dir(project.path()).args(["run", "--cell", &a_cell(), "--benchmarks", "off"]);
    command.env(MARK, mark).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut harness = command.spawn().expect("the binary starts");
    wait_until(&mut harness, || alive(mark, "postgres") && alive(mark, "sleep 600"), String::new);
    Running { harness, project }
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
    let report = running.project.run(&["report"]);
    let text = crate::harness::stdout(&report);
    assert!(text.contains("interrupted: ") && !text.contains("lost"), "{text}");
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
