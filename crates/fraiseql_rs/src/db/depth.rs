//! How deep may values be nested? A row without a type describes its content on the wire, so a query can nest values
//! as deep as it likes, and each level uses a part of the thread's stack.

use super::wire::Malformed;

/// No real data is nested deeper than this. Deeper nesting is a list that contains itself, or an attack.
pub const MOST_DEPTH: usize = 200;

/// How many values enclose a value; 0 for the value of a column.
#[derive(Clone, Copy, Default)]
pub struct Depth(usize);

impl Depth {
    /// Returns the depth of the inner values, or an error if that is too deep.
    pub fn inside(self) -> Result<Self, Malformed> {
        if self.0 < MOST_DEPTH {
            return Ok(Self(self.0 + 1));
        }
        Err(Malformed("its values are nested more than 200 deep; take them apart in the query"))
    }
}
