//! Which bytes belong to one row? Pieces of messages in, the fields of one row after another out.

use super::super::error::Error;
use super::super::wire::Cursor;

/// The tag and the length of a message, and a row's number of fields.
const HEAD: usize = 1 + 4;
const COUNT: usize = 2;

/// How many bytes are reserved at once for a row that has begun.
const MOST_AT_ONCE: usize = 1024 * 1024;

/// The rows of one answer that are not read yet.
pub struct Messages {
    columns: usize,
    bytes: Vec<u8>,
    /// Where the next row begins.
    next: usize,
    /// Where the last complete row ends.
    complete: usize,
}

impl Messages {
    /// Expects rows of so many columns.
    pub fn new(columns: usize) -> Self {
        Self { columns, bytes: Vec::new(), next: 0, complete: 0 }
    }

    /// Adds what came. Returns an error if a row has another number of fields than its statement has columns.
    pub fn add(&mut self, piece: Vec<u8>) -> Result<(), Error> {
        if self.next == self.bytes.len() {
            self.bytes = piece;
        } else {
            self.bytes.drain(..self.next);
            self.bytes.extend_from_slice(&piece);
        }
        self.complete -= self.next;
        self.next = 0;
        while let Some(end) = end_of(&self.bytes[self.complete..]) {
            let message = &self.bytes[self.complete..self.complete + end];
            let fields = message[HEAD..].first_chunk().map(|count| i16::from_be_bytes(*count));
            if fields.and_then(|count| usize::try_from(count).ok()) != Some(self.columns) {
                return Err(Error::other_field_count());
            }
            self.complete += end;
        }
        // A long row comes in many pieces, and is seldom moved. A length is only what the server says.
        if let Some(length) = length_of(&self.bytes[self.complete..]) {
            let missing = (self.complete + length).saturating_sub(self.bytes.len());
            self.bytes.reserve(missing.min(MOST_AT_ONCE));
        }
        Ok(())
    }

    /// Whether a complete row is left.
    pub fn is_empty(&self) -> bool {
        self.next == self.complete
    }

    /// The next row: its fields, of which each is an element for [`Cursor::element`].
    pub fn next(&mut self) -> Option<Cursor<'_>> {
        let length = end_of(&self.bytes[self.next..self.complete])?;
        let row = &self.bytes[self.next + HEAD + COUNT..self.next + length];
        self.next += length;
        Some(Cursor::new(row))
    }
}

/// Where the message at the front ends, if all of it is there.
fn end_of(bytes: &[u8]) -> Option<usize> {
    length_of(bytes).filter(|end| *end <= bytes.len())
}

/// How long the message at the front is, with its tag.
fn length_of(bytes: &[u8]) -> Option<usize> {
    let [_, length @ ..] = bytes.first_chunk::<HEAD>()?;
    Some(1 + usize::try_from(u32::from_be_bytes(*length)).ok()?.max(HEAD - 1))
}
