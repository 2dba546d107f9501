use std::time::Duration;

use super::*;
use crate::model::event::Progress;
use crate::model::record::{Durations, Outcome, Record, Versions};

const ROOM: Room = Room { columns: 77, lines: 8 };

fn id(name: &str) -> CellId {
    name.parse().expect("an id")
}

fn record(name: &str, outcome: Outcome, seconds: f64) -> Record {
    let mut record = Record::empty(id(name), Versions::ones(), outcome, None);
    record.durations = Durations { tests: seconds, benchmarks: 0.0, harness: 0.0 };
    record
}

/// A run of three cells, and the moment at which it began.
fn three() -> (Live, Instant) {
    let cells = ["py3.9-pyo3_0.30", "py3.10-pyo3_0.30", "py3.11-pyo3_0.30"].map(id).to_vec();
    let (mut live, now) = (Live::of(Expected { cells, jobs: 1, ..Expected::default() }), Instant::now());
    live.take(&Event::Begins(Phase::Cells { of: 3 }), now);
    (live, now)
}

fn tested(live: &mut Live, record: &Record, now: Instant) {
    let at = Progress { at: 1, of: 3 };
    live.take(&Event::CellStage { cell: &record.cell, stage: Stage::Testing }, now);
    live.take(&Event::CellTested { record, at }, now);
}

fn words(live: &Live, now: Instant) -> String {
    let bar = live.view(now, ROOM).cells.expect("cells");
    anstream::adapter::strip_str(&bar.words).to_string()
}

#[test]
fn a_cell_is_shown_with_its_stage_and_its_seconds_until_it_ends() {
    let (mut live, begun) = three();
    let at = |second| begun + Duration::from_secs(second);
    let cell = id("py3.9-pyo3_0.30");
    live.take(&Event::CellStage { cell: &cell, stage: Stage::Preparing }, at(0));
    assert_eq!(live.view(at(3), ROOM).lines, ["py3.9-pyo3_0.30 prepares, 3 s"]);
    live.take(&Event::CellStage { cell: &cell, stage: Stage::Testing }, at(4));
    assert_eq!(live.view(at(16), ROOM).lines, ["py3.9-pyo3_0.30 tests, 12 s"]);
    tested(&mut live, &record("py3.9-pyo3_0.30", Outcome::Passed, 16.0), at(16));
    assert_eq!(live.view(at(17), ROOM).lines, [""; 0]);
    live.take(&Event::CellStage { cell: &cell, stage: Stage::Testing }, at(17));
    live.take(&Event::CellStopped { cell: &cell }, at(18));
    assert_eq!(live.view(at(18), ROOM).lines, [""; 0]);
}

#[test]
fn what_is_under_way_goes_when_it_is_over() {
    let (mut live, now) = (Live::default(), Instant::now());
    let fetching = Event::Fetching { what: "Python 3.12", with: "uv" };
    live.take(&fetching, now);
    live.take(&fetching, now);
    live.take(&Event::Over(&fetching), now);
    assert_eq!(live.view(now, ROOM).lines, ["fetching Python 3.12 with uv, 0 s"], "one of two is over");
    live.take(&Event::Over(&fetching), now);
    assert!(live.is_empty());
    let wheel = id("py3.12-pyo3_0.30").wheel();
    let building = Event::WheelBegins { id: wheel, at: Progress { at: 1, of: 2 } };
    live.take(&building, now);
    let took = Duration::ZERO;
    live.take(&Event::Compiling { id: wheel, done: 12, of: Some(84), name: "syn", took }, now);
    let later = now + Duration::from_secs(9);
    assert_eq!(live.view(later, ROOM).lines, ["building py3.12-pyo3_0.30: crate 12 of 84 (syn), 9 s"]);
    assert_eq!(live.view(later, ROOM).cells, None, "nothing is known of cells");
    live.take(&Event::Over(&building), now);
    assert!(live.is_empty());
}

#[test]
fn a_phase_says_what_it_does_where_nothing_else_does() {
    let (mut live, now) = (Live::default(), Instant::now());
    live.take(&Event::Begins(Phase::Provision), now);
    assert_eq!(live.view(now, ROOM).lines, ["looking for interpreters and services, 0 s"]);
    let installing = Event::Installing { tool: "tox", python: "3.12.1" };
    live.take(&installing, now);
    assert_eq!(live.view(now, ROOM).lines, ["installing tox with Python 3.12.1, 0 s"]);
}

#[test]
fn the_bar_counts_green_and_red_and_says_what_is_left_once_a_cell_has_shown_it() {
    let (mut live, now) = three();
    assert_eq!(words(&live, now), "0/3 cells");
    tested(&mut live, &record("py3.9-pyo3_0.30", Outcome::TestsFailed, 1.0), now);
    assert_eq!(words(&live, now), "1/3 cells, 1 red", "a red cell says nothing of the others");
    tested(&mut live, &record("py3.10-pyo3_0.30", Outcome::Passed, 240.0), now);
    assert_eq!(words(&live, now), "2/3 cells, 1 green, 1 red, about 4 min left");
}

#[test]
fn nothing_is_said_of_the_time_left_before_it_is_known_which_wheels_are_built() {
    let mut known = Known::default();
    let spent = Durations { tests: 60.0, benchmarks: 0.0, harness: 0.0 };
    known.cell(&id("py3.9-pyo3_0.30"), &Outcome::Passed, spent);
    known.wheel(60.0);
    let cells = vec![id("py3.9-pyo3_0.30")];
    let mut live = Live::of(Expected { cells, jobs: 1, measured: false, known });
    let now = Instant::now();
    live.take(&Event::Begins(Phase::Wheels), now);
    assert_eq!(words(&live, now), "0/1 cell");
    let wheel = id("py3.9-pyo3_0.30").wheel();
    live.take(&Event::WheelBegins { id: wheel, at: Progress { at: 1, of: 2 } }, now);
    assert_eq!(words(&live, now), "0/1 cell, about 3 min left");
}

#[test]
fn while_cells_are_measured_those_are_counted() {
    let (mut live, now) = three();
    let record = record("py3.9-pyo3_0.30", Outcome::Passed, 1.0);
    tested(&mut live, &record, now);
    live.take(&Event::Begins(Phase::Benchmarks { of: 1 }), now);
    assert!(words(&live, now).starts_with("0/1 cell measured, 1 green"), "{}", words(&live, now));
    live.take(&Event::CellMeasured { record: &record, at: Progress { at: 1, of: 1 } }, now);
    assert!(words(&live, now).starts_with("1/1 cell measured, 1 green"), "{}", words(&live, now));
}

#[test]
fn more_lines_than_there_is_room_for_are_counted_and_none_is_too_wide() {
    let (mut live, now) = three();
    for minor in 9..19 {
        live.take(
            &Event::CellStage { cell: &id(&format!("py3.{minor}-pyo3_0.30")), stage: Stage::Testing },
            now,
        );
    }
    let view = live.view(now, Room { columns: 12, lines: 4 });
    assert_eq!(view.lines, ["py3.9-…, 0 s", "py3.10…, 0 s", "and 8 more"]);
    assert_eq!(view.cells.map(|bar| bar.words), Some("0/3 cells".to_owned()));
}
