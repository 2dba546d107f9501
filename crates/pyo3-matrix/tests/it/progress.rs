//! Does a person see what goes on, and is the terminal left as it was? And what does a log show of it?

#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::fcntl::Flock;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::harness::{checkout, copy, lock, matrix, shown, stderr, stdout};
use crate::terminal::Terminal;

const STATUS: &str = "building py3.12-pyo3_0.30: crate ";
const ERASE: &str = "\r\x1b[2K";
const HIDE: &str = "\x1b[?25l";
const TESTED: &str = "[1/1] py3.12-pyo3_0.30       tests failed  ";

/// A project whose cell takes some seconds and is red. It stays beside this binary, so that its wheel is built once.
fn slow() -> (PathBuf, Flock<File>) {
    let alone = lock("progress-lock");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("progress");
    copy(&checkout().join("examples/plus"), &folder);
    let test = "import time\n\n\ndef test_slow():\n    time.sleep(5)\n    raise ValueError('##[group]a')\n";
    fs::write(folder.join("tests/test_slow.py"), test).expect("written");
    (folder, alone)
}

fn harness(folder: &Path, verb: &str) -> Command {
    let mut command = matrix();
    command.current_dir(folder).arg(verb).env("TERM", "xterm").env_remove("NO_COLOR").env_remove("CI");
    command
}

/// What stands on a terminal of so many columns at the end. Whenever the bar has been drawn, the cursor stands at its end with
/// room for what the terminal echoes, and no line above it belongs to a longer one.
fn screen(said: &str, columns: u16) -> String {
    assert!(!said.contains(HIDE), "the cursor is always there");
    let mut terminal = vt100::Parser::new(40, columns, 0);
    for piece in said.split_inclusive(ERASE) {
        terminal.process(piece.trim_end_matches(ERASE).as_bytes());
        let (row, column) = terminal.screen().cursor_position();
        let rows: Vec<String> = terminal.screen().rows(0, columns).collect();
        if rows[usize::from(row)].starts_with('[') && rows[usize::from(row)].contains("/1 cell") {
            assert!(column + 3 <= columns, "{rows:?}");
            let above = row.checked_sub(1).filter(|above| rows[usize::from(*above)].contains(", "));
            assert!(above.is_none_or(|above| !terminal.screen().row_wrapped(above)), "{rows:?}");
        }
        if piece.ends_with(ERASE) {
            terminal.process(ERASE.as_bytes());
        }
    }
    terminal.screen().contents()
}

/// Nothing is left of what stood there meanwhile.
fn has_no_area(screen: &str) -> bool {
    let gone = |line: &str| {
        !line.contains("] 0/1 cell")
            && !line.contains("] 1/1 cell")
            && !line.contains("_0.30 tests, ")
            && !line.starts_with(STATUS)
    };
    screen.lines().all(gone)
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
    let building = || Terminal::start(&harness(folder.path(), "build"), 60);
    let mut terminal = building();
    terminal.wait_for(STATUS);
    terminal.interrupt();
    let (code, said) = terminal.end();
    assert_eq!(code, Some(130), "{said}");
    assert!(has_no_area(&screen(&said, 60)), "{said:?}");

    let (code, said) = building().end();
    assert_eq!(code, Some(0), "{said}");
    let shown = screen(&said, 60);
    assert!(shown.contains("[1/1] built wheel py3.12-pyo3_0.30 in ") && has_no_area(&shown), "{said:?}");
    let of = format!(" of {} (", compiled(folder.path()));
    let lines: Vec<&str> = said.split(ERASE).filter(|line| line.starts_with(STATUS)).collect();
    assert!(lines.len() > 1 && lines.iter().all(|line| line.contains(&of)), "{of}: {lines:?}");
    let kept = fs::read_dir(folder.path().join("target/matrix/wheels")).expect("a folder").flatten().next();
    assert!(!kept.expect("a wheel").path().join("messages.arguments").exists());
}

#[test]
fn a_run_shows_its_cells_at_60_and_120_columns_and_leaves_nothing_of_it() {
    let (folder, _alone) = slow();
    for columns in [60, 120] {
        let terminal = Terminal::start(&harness(&folder, "run"), columns);
        terminal.wait_for("py3.12-pyo3_0.30 tests, 2 s\r\n[");
        terminal.wait_for("] 0/1 cell");
        let (code, said) = terminal.end();
        assert_eq!(code, Some(1), "{said}");
        let shown = screen(&said, columns);
        assert!(shown.contains("tests failed") && has_no_area(&shown), "{shown}");
    }
}

#[test]
fn a_terminal_that_becomes_narrow_and_a_run_that_is_stopped_leave_nothing_behind() {
    let (folder, _alone) = slow();
    let mut terminal = Terminal::start(&harness(&folder, "run"), 120);
    terminal.wait_for("py3.12-pyo3_0.30 tests, 1 s");
    terminal.becomes(60);
    terminal.wait_for("py3.12-pyo3_0.30 tests, 3 s");
    terminal.interrupt();
    let (code, said) = terminal.end();
    assert_eq!(code, Some(130), "{said}");
    assert!(has_no_area(&screen(&said, 120)), "{said:?}");
}

#[test]
fn a_second_wish_to_stop_takes_the_area_away_too() {
    let (folder, _alone) = slow();
    let terminal = Terminal::start(&harness(&folder, "run"), 80);
    terminal.wait_for("py3.12-pyo3_0.30 tests, 1 s");
    // setsid does not fork where it leads no group, so this is the harness itself.
    let harness = Pid::from_raw(terminal.child.id().try_into().expect("an id"));
    kill(harness, Signal::SIGTERM).and_then(|()| kill(harness, Signal::SIGINT)).expect("it was there");
    let (code, said) = terminal.end();
    assert_eq!(code, Some(130), "{said}");
    assert!(has_no_area(&screen(&said, 80)), "{said:?}");
}

#[test]
fn without_colours_the_area_is_plain_and_a_dumb_terminal_has_none() {
    let (folder, _alone) = slow();
    let (code, said) = Terminal::start(harness(&folder, "run").env("NO_COLOR", "1"), 80).end();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("] 0/1 cell") && !said.contains("\x1b[3"), "{said:?}");
    let (code, said) = Terminal::start(harness(&folder, "run").env("TERM", "dumb"), 80).end();
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("tests failed") && !said.contains("] 0/1 cell") && !said.contains('\x1b'),
        "{said:?}"
    );
}

#[test]
fn a_pipe_gets_whole_lines_and_no_escape_codes() {
    let (folder, _alone) = slow();
    let output = harness(&folder, "run").output().expect("the binary starts");
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    assert!(stderr(&output).lines().any(|line| line.starts_with(TESTED)), "{}", shown(&output));
    let both = stderr(&output) + &stdout(&output);
    for never in ["\x1b", "\r", "] 0/1 cell", "::group::"] {
        assert!(!both.contains(never), "{never:?}: {}", shown(&output));
    }
}

#[test]
fn on_github_each_phase_is_folded_what_is_red_stands_outside_and_no_test_gives_a_command() {
    let (folder, _alone) = slow();
    let output = harness(&folder, "run").env("GITHUB_ACTIONS", "true").output().expect("the binary starts");
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    let (said, answer) = (stderr(&output), stdout(&output));
    let commands: Vec<&str> = said.lines().filter(|line| line.trim_start().starts_with("::")).collect();
    let expected = [
        "::group::interpreters and services",
        "::endgroup::",
        "::group::environments and wheels",
        "::endgroup::",
        "::group::1 cell",
        "::endgroup::",
    ];
    assert_eq!(commands, expected, "{}", shown(&output));
    let (inside, outside) = said.rsplit_once("::endgroup::\n").expect("a group");
    assert!(inside.lines().any(|line| line.starts_with(TESTED)), "{}", shown(&output));
    assert!(outside.starts_with(TESTED), "{}", shown(&output));
    // What the test said is there, and is no command.
    assert!(answer.contains("ValueError: ## [group]a"), "{}", shown(&output));
    let is_command = |line: &str| line.trim_start().starts_with("::") || line.contains("##[");
    assert!(!answer.split(['\n', '\r']).any(is_command), "{}", shown(&output));
}

#[test]
fn on_github_a_run_that_is_stopped_closes_its_group() {
    let (folder, _alone) = slow();
    let mut command = harness(&folder, "run");
    command.env("GITHUB_ACTIONS", "true").stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary starts");
    let mut lines = BufReader::new(child.stderr.take().expect("a stream"));
    let mut line = String::new();
    while !line.starts_with("::group::1 cell") {
        line.clear();
        assert!(lines.read_line(&mut line).expect("a line") > 0, "no group of cells");
    }
    kill(Pid::from_raw(child.id().try_into().expect("an id")), Signal::SIGINT).expect("it was there");
    let mut rest = String::new();
    lines.read_to_string(&mut rest).expect("the rest");
    assert_eq!(child.wait().expect("an end").code(), Some(130));
    assert_eq!(rest.matches("::endgroup::").count(), 1, "{rest}");
}
