//! Which bytes of the server belong to rows? Bytes, however they are cut → the same bytes without rows. The rows that the
//! statement's caller wants go to that caller, and surplus rows nowhere.

use std::sync::{Arc, Weak};

use super::rows::{Recipient, Rows, ALL};
use crate::db::encoding::Reports;
use crate::db::status::Status;

/// The tags of the messages that matter here, from "Message Formats" in PostgreSQL's documentation.
const BIND_COMPLETE: u8 = b'2';
const DATA_ROW: u8 = b'D';
const PARAMETER_STATUS: u8 = b'S';
const READY_FOR_QUERY: u8 = b'Z';

/// The bytes of a message's length, which counts itself and not the tag.
const LENGTH_BYTES: usize = 4;

/// The part of a message to which the next byte belongs.
enum Part {
    Tag,
    /// How many bytes of the length are known, and their number.
    Length(usize, usize),
    /// How many bytes of the body are to come.
    Body(usize),
}

impl Part {
    /// The part of a message of whose body so many bytes are to come.
    fn rest(bytes: usize) -> Self {
        if bytes == 0 {
            Self::Tag
        } else {
            Self::Body(bytes)
        }
    }
}

/// What becomes of a message.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// tokio-postgres gets it.
    Kept,
    /// It is a row, and the caller of the statement gets it.
    Delivered,
    Dropped,
}

/// See the module.
pub struct Strainer {
    recipient: Arc<Recipient>,
    reports: Reports,
    status: Status,
    /// Whether the start-up is over, in which the server reports every setting.
    has_begun: bool,
    /// Where the rows of the running statement go. A caller that was cancelled is gone.
    rows: Option<Weak<Rows>>,
    /// How many rows of the running statement are still wanted.
    wanted: usize,
    /// What becomes of the current message.
    fate: Fate,
    /// Whether the current message tells the status.
    tells_status: bool,
    part: Part,
}

impl Strainer {
    pub fn new(recipient: Arc<Recipient>, reports: Reports, status: Status) -> Self {
        let (has_begun, rows, wanted) = (false, None, ALL);
        let (fate, tells_status, part) = (Fate::Kept, false, Part::Tag);
        Self { recipient, reports, status, has_begun, rows, wanted, fate, tells_status, part }
    }

    /// Whether the rows that come are not tokio-postgres's.
    pub fn takes_rows(&self) -> bool {
        self.rows.is_some()
    }

    /// Moves the bytes that are kept to the front, and returns their number. Rows are delivered.
    pub fn strain(&mut self, bytes: &mut [u8]) -> usize {
        let (mut read, mut kept) = (0, 0);
        let mut delivered = None;
        while read < bytes.len() {
            let count = self.step(&bytes[read..]);
            match self.fate {
                Fate::Kept => {
                    if kept != read {
                        bytes.copy_within(read..read + count, kept);
                    }
                    kept += count;
                }
                Fate::Delivered => {
                    if let Some(rows) = self.rows.as_ref().and_then(Weak::upgrade) {
                        rows.push(&bytes[read..read + count]);
                        delivered = Some(rows);
                    }
                }
                Fate::Dropped => {}
            }
            read += count;
        }
        if let Some(rows) = delivered {
            rows.wake();
        }
        kept
    }

    /// Returns how many bytes at the front share one fate.
    fn step(&mut self, bytes: &[u8]) -> usize {
        match self.part {
            Part::Tag => self.begin(bytes),
            Part::Length(known, number) => {
                let number = number << 8 | usize::from(bytes[0]);
                let is_complete = known + 1 == LENGTH_BYTES;
                self.part = if is_complete {
                    Part::rest(number.saturating_sub(LENGTH_BYTES))
                } else {
                    Part::Length(known + 1, number)
                };
                1
            }
            Part::Body(left) => {
                let count = left.min(bytes.len());
                self.part = Part::rest(left - count);
                if self.tells_status {
                    self.status.note(bytes[0]);
                }
                count
            }
        }
    }

    /// Begins a message, and goes on with the rows behind it if they share its fate. A long answer is almost nothing
    /// else, so this loop is what the sieve costs.
    fn begin(&mut self, bytes: &[u8]) -> usize {
        self.choose(bytes[0]);
        let is_run = bytes[0] == DATA_ROW && (self.wanted == ALL || self.fate == Fate::Dropped);
        let mut at = 0;
        while let Some([tag, length @ ..]) = bytes[at..].first_chunk::<{ 1 + LENGTH_BYTES }>() {
            if at > 0 && !(is_run && *tag == DATA_ROW) {
                break;
            }
            let end = at + 1 + (u32::from_be_bytes(*length) as usize).max(LENGTH_BYTES);
            if let (true, Some(letter)) = (self.tells_status, bytes.get(at + 1 + LENGTH_BYTES)) {
                self.status.note(*letter);
            }
            if end > bytes.len() {
                self.part = Part::Body(end - bytes.len());
                return bytes.len();
            }
            at = end;
        }
        if at == 0 {
            self.part = Part::Length(0, 0);
            return 1;
        }
        self.part = Part::Tag;
        at
    }

    /// Decides what becomes of a message.
    fn choose(&mut self, tag: u8) {
        self.fate = Fate::Kept;
        self.tells_status = tag == READY_FOR_QUERY;
        match tag {
            BIND_COMPLETE => {
                self.rows = self.recipient.get();
                self.wanted = self.rows.as_ref().and_then(Weak::upgrade).map_or(ALL, |rows| rows.wanted);
            }
            // The statement has ended. What comes next may be an answer to something else.
            READY_FOR_QUERY => {
                (self.rows, self.wanted) = (None, ALL);
                self.has_begun = true;
            }
            PARAMETER_STATUS if self.has_begun => self.reports.note(),
            DATA_ROW if self.rows.is_some() => {
                self.fate = if self.wanted == 0 { Fate::Dropped } else { Fate::Delivered };
                if self.wanted != ALL {
                    self.wanted = self.wanted.saturating_sub(1);
                }
            }
            _ => (),
        }
    }
}
