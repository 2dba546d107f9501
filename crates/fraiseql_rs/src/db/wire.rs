//! How is a binary value read? By a cursor over the bytes of one field; bytes that do not fit are [`Malformed`].

/// The bytes do not fit their type. The text is for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

/// Reads a field from its beginning. Integers are big-endian, as everywhere in PostgreSQL's protocol.
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

    /// Reads a count, which the wire stores as a signed integer.
    pub fn count(&mut self) -> Result<usize, Malformed> {
        usize::try_from(self.i32()?).map_err(|_| Malformed("a count is negative"))
    }

    /// Reads an element that has its length before it; a length of -1 is NULL.
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

/// Reads the lengths of an array's dimensions, the outermost first. An empty array has none. The elements follow.
pub fn array_lengths(cursor: &mut Cursor<'_>) -> Result<Vec<usize>, Malformed> {
    let dimensions = cursor.count()?;
    // Skip two numbers: whether the array has nulls (the elements show it), and the element's type (the column names
    // it).
    cursor.take(8)?;
    let lengths = (0..dimensions).map(|_| {
        let length = cursor.count()?;
        // Skip the lower bound.
        cursor.take(4)?;
        Ok(length)
    });
    lengths.collect()
}

/// The parts of a range. A bound is `None` where the range is unlimited.
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

    /// Splits a range into its parts. The bits are those of PostgreSQL's `rangetypes.h`.
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

/// Splits a multirange into its ranges.
pub fn multirange_parts(field: &[u8]) -> Result<Vec<&[u8]>, Malformed> {
    let mut cursor = Cursor::new(field);
    let count = cursor.count()?;
    (0..count).map(|_| cursor.element()?.ok_or(Malformed("a multirange holds a NULL"))).collect()
}
