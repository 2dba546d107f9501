//! Which bytes of the server belong to a surplus row? Bytes, however they are cut → the same bytes without such rows.

use std::sync::Arc;

use super::limit::{RowLimit, ALL};
use crate::db::encoding::Reports;

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

/// See the module.
pub struct Strainer {
    limit: Arc<RowLimit>,
    reports: Reports,
    /// Whether the start-up is over, in which the server reports every setting.
    has_begun: bool,
    /// How many rows of the running statement are still wanted.
    wanted: usize,
    /// Whether the current message is kept.
    is_kept: bool,
    part: Part,
}

impl Strainer {
    pub fn new(limit: Arc<RowLimit>, reports: Reports) -> Self {
        Self { limit, reports, has_begun: false, wanted: ALL, is_kept: true, part: Part::Tag }
    }

    /// Whether rows are surplus from now on.
    pub fn skips_rows(&self) -> bool {
        self.wanted == 0
    }

    /// Moves the bytes that are kept to the front, and returns their number.
    pub fn strain(&mut self, bytes: &mut [u8]) -> usize {
        let (mut read, mut kept) = (0, 0);
        while read < bytes.len() {
            let count = self.step(&bytes[read..]);
            if self.is_kept {
                if kept != read {
                    bytes.copy_within(read..read + count, kept);
                }
                kept += count;
            }
            read += count;
        }
        kept
    }

    /// Returns how many bytes at the front are kept or not kept together.
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
                count
            }
        }
    }

    /// Begins a message, and goes on with the rows behind it if they share its fate. A long answer is almost nothing
    /// else, so this loop is what the sieve costs.
    fn begin(&mut self, bytes: &[u8]) -> usize {
        self.choose(bytes[0]);
        let is_run = bytes[0] == DATA_ROW && (self.wanted == ALL || !self.is_kept);
        let mut at = 0;
        while let Some([tag, length @ ..]) = bytes[at..].first_chunk::<{ 1 + LENGTH_BYTES }>() {
            if at > 0 && !(is_run && *tag == DATA_ROW) {
                break;
            }
            let end = at + 1 + (u32::from_be_bytes(*length) as usize).max(LENGTH_BYTES);
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

    /// Decides whether a message is kept.
    fn choose(&mut self, tag: u8) {
        self.is_kept = true;
        match tag {
            BIND_COMPLETE => self.wanted = self.limit.get(),
            // The statement has ended. What comes next may be an answer to something else.
            READY_FOR_QUERY => {
                self.wanted = ALL;
                self.has_begun = true;
            }
            PARAMETER_STATUS if self.has_begun => self.reports.note(),
            DATA_ROW if self.wanted == 0 => self.is_kept = false,
            DATA_ROW if self.wanted != ALL => self.wanted -= 1,
            _ => (),
        }
    }
}
