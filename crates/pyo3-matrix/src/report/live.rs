//! What does a person see of a run that goes on? Events in, the lines at the bottom of a terminal out. Pure: the clock and the
//! size of the terminal are the caller's.

mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use crate::model::cell::{CellId, WheelId};
use crate::model::event::{Event, Phase, Stage};
use crate::plan::remaining::{Known, Todo};
use crate::report::message;
use crate::report::tone::Tone;

/// What a run is going to do, and what is known of that.
#[derive(Debug, Default)]
pub struct Expected {
    pub cells: Vec<CellId>,
    /// How many cells are tested at the same time.
    pub jobs: usize,
    /// Whether cells are measured after their tests.
    pub measured: bool,
    pub known: Known,
}

/// What goes on at this moment, and what is over of the whole.
#[derive(Debug, Default)]
pub struct Live {
    expected: Option<Expected>,
    phase: Option<(Phase, Instant)>,
    /// What is fetched, installed or asked, in words.
    works: Vec<(String, Instant)>,
    build: Option<Build>,
    running: Vec<Running>,
    ended: BTreeMap<CellId, Tone>,
    measured: BTreeSet<CellId>,
}

/// The wheel that is being built.
#[derive(Debug)]
struct Build {
    id: WheelId,
    /// How many wheels are left, this one among them.
    left: usize,
    /// How many crates are done, of how many, and the last one.
    crates: Option<(usize, Option<usize>, String)>,
    since: Instant,
}

/// A cell that is under way.
#[derive(Debug)]
struct Running {
    cell: CellId,
    stage: Stage,
    begun: Instant,
    since: Instant,
}

/// How much there is room for.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    pub columns: usize,
    pub lines: usize,
}

/// What is shown.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct View {
    /// No line is wider than the room.
    pub lines: Vec<String>,
    pub cells: Option<Bar>,
}

/// The last line: how many cells are done, of how many.
#[derive(Debug, PartialEq, Eq)]
pub struct Bar {
    pub done: usize,
    pub of: usize,
    /// How wide it is between its brackets; 0 where there is no room for it.
    pub columns: usize,
    /// What stands behind it.
    pub words: String,
}

impl Live {
    /// Nothing goes on yet of what is expected.
    #[must_use]
    pub fn of(expected: Expected) -> Live {
        Live { expected: Some(expected), ..Live::default() }
    }

    /// Whether there is nothing to show.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.phase.is_none() && self.works.is_empty() && self.build.is_none() && self.running.is_empty()
    }

    /// Takes notice of an event.
    pub fn take(&mut self, event: &Event<'_>, now: Instant) {
        match event {
            Event::Begins(phase) => self.phase = Some((*phase, now)),
            Event::Fetching { .. } | Event::Installing { .. } | Event::Asking { .. } => {
                self.works.extend(message::progress(event).map(|words| (words, now)));
            }
            Event::NegativeBegins { id } => self.works.push((words::negative(id), now)),
            Event::NegativeEnded { record, .. } => self.over(&words::negative(&record.id)),
            Event::WheelBegins { id, at } => {
                let left = at.of.saturating_sub(at.at) + 1;
                self.build = Some(Build { id: *id, left, crates: None, since: now });
            }
            Event::Compiling { done, of, name, .. } => {
                if let Some(build) = &mut self.build {
                    build.crates = Some((*done, *of, (*name).to_owned()));
                }
            }
            Event::Over(Event::WheelBegins { .. }) => self.build = None,
            Event::Over(begun) => {
                if let Some(words) = message::progress(begun) {
                    self.over(&words);
                }
            }
            Event::WheelEnds { took, .. } => {
                if let Some(expected) = &mut self.expected {
                    expected.known.wheel(took.as_secs_f64());
                }
            }
            _ => self.cell(event, now),
        }
    }

    /// Takes notice of what becomes of a cell.
    fn cell(&mut self, event: &Event<'_>, now: Instant) {
        let gone = match event {
            Event::CellStage { cell, stage } => {
                if let Some(running) = self.running.iter_mut().find(|running| running.cell == **cell) {
                    (running.stage, running.since) = (*stage, now);
                } else {
                    let cell = (*cell).clone();
                    self.running.push(Running { cell, stage: *stage, begun: now, since: now });
                }
                return;
            }
            Event::CellStopped { cell } => *cell,
            Event::CellTested { record, .. } | Event::CellMeasured { record, .. } => {
                self.ended.insert(record.cell.clone(), Tone::from(&record.outcome));
                if let Some(expected) = &mut self.expected {
                    expected.known.cell(&record.cell, &record.outcome, record.durations);
                }
                if matches!(event, Event::CellMeasured { .. }) {
                    self.measured.insert(record.cell.clone());
                }
                &record.cell
            }
            _ => return,
        };
        self.running.retain(|running| running.cell != *gone);
    }

    /// Ends the first work of these words: two may have the same.
    fn over(&mut self, words: &str) {
        if let Some(at) = self.works.iter().position(|(work, _)| work == words) {
            self.works.remove(at);
        }
    }

    /// What is shown now.
    #[must_use]
    pub fn view(&self, now: Instant, room: Room) -> View {
        let cells = self.bar(now, room.columns);
        let shown = room.lines.saturating_sub(usize::from(cells.is_some())).max(1);
        let under_way = self.under_way();
        let fit = if under_way.len() > shown { shown - 1 } else { shown };
        let spent = |since: &Instant| now.saturating_duration_since(*since);
        let mut lines: Vec<String> = under_way
            .iter()
            .take(fit)
            .map(|(work, since)| words::line(work, spent(since), room.columns))
            .collect();
        if under_way.len() > shown {
            lines.push(words::more(under_way.len() - fit, room.columns));
        }
        View { lines, cells }
    }

    /// What is under way, each in words and since when.
    fn under_way(&self) -> Vec<(String, Instant)> {
        let mut works = self.works.clone();
        works.extend(self.build.as_ref().map(|build| {
            let crates = build.crates.as_ref().map(|(done, of, name)| (*done, *of, name.as_str()));
            (message::building(build.id, crates), build.since)
        }));
        works.extend(self.running.iter().map(|cell| (words::cell(&cell.cell, cell.stage), cell.since)));
        if works.is_empty() {
            let phase = self.phase.and_then(|(phase, since)| Some((words::phase(phase)?.to_owned(), since)));
            works.extend(phase);
        }
        works
    }

    fn bar(&self, now: Instant, columns: usize) -> Option<Bar> {
        let expected = self.expected.as_ref().filter(|expected| !expected.cells.is_empty())?;
        let (phase, _) = self.phase?;
        let tones: Vec<Tone> = self.ended.values().copied().collect();
        let (done, of, verb) = match phase {
            Phase::Benchmarks { of } => (self.measured.len(), of, " measured"),
            _ => (self.ended.len(), expected.cells.len(), ""),
        };
        let left = self.todo(expected, now).and_then(|todo| expected.known.remaining(&todo)).map(words::left);
        Some(words::bar((done, of), verb, &tones, left.as_deref(), columns))
    }

    /// What is still to do. None before it is known which wheels are built.
    fn todo<'a>(&'a self, expected: &'a Expected, now: Instant) -> Option<Todo<'a>> {
        let seconds = |since: Instant| now.saturating_duration_since(since).as_secs_f64();
        let (wheels, building) = match (self.phase?.0, &self.build) {
            (Phase::Cells { .. } | Phase::Benchmarks { .. }, _) => (0, 0.0),
            (_, Some(build)) => (build.left, seconds(build.since)),
            _ => return None,
        };
        let spent = |cell: &CellId| {
            self.running
                .iter()
                .find(|running| running.cell == *cell)
                .map_or(0.0, |found| seconds(found.begun))
        };
        let (mut tests, mut benchmarks) = (Vec::new(), Vec::new());
        for cell in &expected.cells {
            let ended = self.ended.get(cell);
            if ended.is_none() {
                tests.push((cell, spent(cell)));
            }
            let is_measured = expected.measured && !self.measured.contains(cell);
            if is_measured && ended.is_none_or(|tone| matches!(tone, Tone::Good | Tone::Flaky)) {
                benchmarks.push((cell, ended.map_or(0.0, |_| spent(cell))));
            }
        }
        Some(Todo { wheels, building, tests, jobs: expected.jobs, benchmarks })
    }
}

#[cfg(test)]
mod tests;
