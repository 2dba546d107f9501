//! What does the harness tell while it works? One event per step, as plain values; `report::message` puts them into words.

use std::fmt;
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::model::cell::{CellId, Line, Python, WheelId};
use crate::model::negative::NegativeRecord;
use crate::model::record::Record;

/// One step of the harness.
#[derive(Debug)]
pub enum Event<'a> {
    /// A phase of the run begins, and the one before it is over.
    Begins(Phase),
    /// What this event told of is over, however that ended.
    Over(&'a Event<'a>),
    /// Something is on its way from a registry.
    Fetching {
        what: &'a str,
        with: &'static str,
    },
    /// A tool is being installed on an interpreter of this version.
    Installing {
        tool: &'a str,
        python: &'a str,
    },
    /// PyO3 itself is being asked whether a line accepts a Python.
    Asking {
        line: Line,
        python: Python,
    },
    /// That question has no answer.
    NoAnswer {
        reason: &'a str,
    },
    /// What the cells run on has been looked for.
    Provisioned {
        found: &'a [Found],
    },
    WheelBegins {
        id: WheelId,
        at: Progress,
    },
    /// How far the build of a wheel is: cargo has done so many of its crates, `name` as the last one. `of` is not known where
    /// cargo does not say it.
    Compiling {
        id: WheelId,
        done: usize,
        of: Option<usize>,
        name: &'a str,
        took: Duration,
    },
    WheelEnds {
        id: WheelId,
        at: Progress,
        took: Duration,
    },
    /// A wheel of the stable ABI serves another Python too, as its tag promises.
    WheelServes {
        id: WheelId,
        wheel: &'a str,
    },
    /// Nothing looked whether a wheel keeps to the stable ABI.
    NotAudited {
        id: WheelId,
        reason: &'a str,
    },
    /// A cell comes to a stage: its first one, or the next.
    CellStage {
        cell: &'a CellId,
        stage: Stage,
    },
    /// A cell has no result, since the run was told to stop.
    CellStopped {
        cell: &'a CellId,
    },
    /// A cell's tests are over.
    CellTested {
        record: &'a Record,
        at: Progress,
    },
    /// A cell's tests failed, and run again.
    TriedAgain {
        record: &'a Record,
        again: usize,
        of: usize,
    },
    /// What the failed try left cannot be put aside, so there is no other one.
    NotTriedAgain {
        cell: &'a CellId,
        error: &'a io::Error,
    },
    /// A cell's benchmarks are over.
    CellMeasured {
        record: &'a Record,
        at: Progress,
    },
    /// The database of a stage that is over, and its role, are still on their server.
    DatabaseNotRemoved {
        name: &'a str,
        reason: &'a str,
    },
    /// What a server said cannot be written beside a cell.
    ServerLogNotKept {
        path: &'a Path,
        error: &'a io::Error,
    },
    /// A cell that must not build is being built.
    NegativeBegins {
        id: &'a str,
    },
    /// A cell that must not build was built.
    NegativeEnded {
        record: &'a NegativeRecord,
        at: Progress,
    },
    /// Records that cannot be written: the cells are lost on disk.
    RecordNotWritten {
        cell: &'a CellId,
        error: &'a io::Error,
    },
    NegativeNotWritten {
        id: &'a str,
        error: &'a io::Error,
    },
    LedgerNotWritten {
        error: &'a io::Error,
    },
}

/// The phases of a run that a person tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Tools, interpreters and services.
    Provision,
    /// Wheels, and the environments that they are installed in.
    Wheels,
    Negatives {
        of: usize,
    },
    Cells {
        of: usize,
    },
    Benchmarks {
        of: usize,
    },
}

/// What is done with a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It gets what its tests talk to.
    Preparing,
    Testing,
    Measuring,
    /// What it left is read.
    Judging,
}

/// How far a run is: the first of two is 1 of 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub at: usize,
    pub of: usize,
}

/// Something that cells run on: where it is, or why it cannot be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// `Python 3.12.1`.
    pub name: String,
    pub place: Result<String, String>,
}

/// Takes the events of a run, from any of its threads.
pub type Tell<'a> = &'a (dyn Fn(&Event<'_>) + Sync);

/// Tells `event`, does the work that it tells of, and tells that this is over.
pub fn during<T>(tell: Tell<'_>, event: &Event<'_>, work: impl FnOnce() -> T) -> T {
    tell(event);
    let done = work();
    tell(&Event::Over(event));
    done
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.of.to_string().len();
        write!(f, "[{:>width$}/{}]", self.at, self.of)
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Ok(place) => write!(f, "{:<16}{place}", self.name),
            Err(reason) => write!(f, "{}: {reason}", self.name),
        }
    }
}
