//! Does a long build show that it lives, and leave the terminal as it was?

#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::harness::{checkout, copy, matrix};
use crate::terminal::Terminal;

const STATUS: &str = "building py3.12-pyo3_0.30: crate ";
const ERASE: &str = "\r\x1b[2K";

/// Builds the wheel of a project on a terminal.
fn building(folder: &Path) -> Terminal {
    let mut command = matrix();
    Terminal::start(command.current_dir(folder).arg("build").env("TERM", "xterm"), 60)
}

/// The packages whose library cargo compiled, by the messages that are kept beside the wheel.
fn compiled(folder: &Path) -> usize {
    let kept = fs::read_dir(folder.join("target/matrix/wheels")).expect("a folder").flatten().next();
    let messages = fs::read_to_string(kept.expect("a wheel").path().join("messages.jsonl"));
    let messages = messages.expect("messages");
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let artifacts = messages.filter(|message| message["reason"] == "compiler-artifact");
    artifacts.map(|artifact| artifact["package_id"].to_string()).collect::<BTreeSet<_>>().len()
}

#[test]
fn a_build_says_which_crate_of_how_many_is_done_in_one_line_that_goes_away() {
    let folder = tempfile::tempdir().expect("a folder");
    copy(&checkout().join("examples/plus"), folder.path());
    let mut terminal = building(folder.path());
    terminal.wait_for(STATUS);
    terminal.type_in("\x03");
    let (code, said) = terminal.end();
    assert_eq!(code, Some(130), "{said}");
    let last = said.rsplit(STATUS).next().expect("the last of them");
    assert!(last.contains(ERASE), "{said:?}");

    let (code, said) = building(folder.path()).end();
    assert_eq!(code, Some(0), "{said}");
    let last = said.rsplit(STATUS).next().expect("the last of them");
    assert!(last.contains(&format!("{ERASE}[1/1] built wheel py3.12-pyo3_0.30 in ")), "{said:?}");
    let of = format!(" of {} (", compiled(folder.path()));
    let lines: Vec<&str> = said.split(ERASE).filter(|line| line.starts_with(STATUS)).collect();
    assert!(lines.len() > 1 && lines.iter().all(|line| line.contains(&of)), "{of}: {lines:?}");
    let kept = fs::read_dir(folder.path().join("target/matrix/wheels")).expect("a folder").flatten().next();
    assert!(!kept.expect("a wheel").path().join("messages.arguments").exists());
}
