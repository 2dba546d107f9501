//! How is a binary value read? A cursor over the bytes of one field; what does not fit is [`Malformed`].

/// The bytes are not what their type says. The text is for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

/// Reads a field from its beginning; integers are big-endian, as everywhere on PostgreSQL's wire.
#[derive(Clone, Copy)]
pub struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub fn new(field: &'a [u8]) -> Self {
        Self { rest: field }
    }

    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Malformed("the value is too short"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(Malformed("the value is too short"))?;
        self.rest = rest;
        Ok(*taken)
    }

    pub fn u8(&mut self) -> Result<u8, Malformed> {
        self.array().map(u8::from_be_bytes)
    }

    pub fn i16(&mut self) -> Result<i16, Malformed> {
        self.array().map(i16::from_be_bytes)
    }

    pub fn u16(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_be_bytes)
    }

    pub fn i32(&mut self) -> Result<i32, Malformed> {
        self.array().map(i32::from_be_bytes)
    }

    pub fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_be_bytes)
    }

    pub fn i64(&mut self) -> Result<i64, Malformed> {
        self.array().map(i64::from_be_bytes)
    }

    pub fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_be_bytes)
    }

    /// A count that the wire holds as a signed integer.
    pub fn count(&mut self) -> Result<usize, Malformed> {
        usize::try_from(self.i32()?).map_err(|_| Malformed("a count is negative"))
    }

    /// An element with its length before it; a length of -1 is NULL.
    pub fn element(&mut self) -> Result<Option<&'a [u8]>, Malformed> {
        match self.i32()? {
            -1 => Ok(None),
            length => {
                let length = usize::try_from(length).map_err(|_| Malformed("a length is negative"))?;
                self.take(length).map(Some)
            }
        }
    }

    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

/// The lengths of an array's dimensions, the outermost first; an empty array has none. The elements follow.
pub fn array_lengths(cursor: &mut Cursor<'_>) -> Result<Vec<usize>, Malformed> {
    let dimensions = cursor.count()?;
    // Whether it has nulls, which the elements say, and the element's type, which the column says.
    cursor.take(8)?;
    let lengths = (0..dimensions).map(|_| {
        let length = cursor.count()?;
        // The lower bound.
        cursor.take(4)?;
        Ok(length)
    });
    lengths.collect()
}

/// A range in its parts; a bound is `None` where the range goes on for ever.
pub struct RangeParts<'a> {
    pub is_empty: bool,
    pub lower: Option<&'a [u8]>,
    pub upper: Option<&'a [u8]>,
    pub lower_inc: bool,
    pub upper_inc: bool,
}

impl<'a> RangeParts<'a> {
    const EMPTY: u8 = 0x01;
    const LOWER_INCLUSIVE: u8 = 0x02;
    const UPPER_INCLUSIVE: u8 = 0x04;
    const LOWER_INFINITE: u8 = 0x08;
    const UPPER_INFINITE: u8 = 0x10;

    /// Takes a range apart; the bits are those of PostgreSQL's `rangetypes.h`.
    pub fn new(field: &'a [u8]) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(field);
        let flags = cursor.u8()?;
        let is_empty = flags & Self::EMPTY != 0;
        let mut bound = |infinite| {
            if is_empty || flags & infinite != 0 {
                return Ok(None);
            }
            cursor.element()?.ok_or(Malformed("a range has a NULL for a bound")).map(Some)
        };
        Ok(Self {
            is_empty,
            lower: bound(Self::LOWER_INFINITE)?,
            upper: bound(Self::UPPER_INFINITE)?,
            lower_inc: flags & Self::LOWER_INCLUSIVE != 0,
            upper_inc: flags & Self::UPPER_INCLUSIVE != 0,
        })
    }
}

/// The ranges of a multirange.
pub fn multirange_parts(field: &[u8]) -> Result<Vec<&[u8]>, Malformed> {
    let mut cursor = Cursor::new(field);
    let count = cursor.count()?;
    (0..count).map(|_| cursor.element()?.ok_or(Malformed("a multirange holds a NULL"))).collect()
}
