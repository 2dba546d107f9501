//! How deep may values lie in values? A row without a type says on the wire what is in it, so a query alone decides,
//! and each level takes a piece of the thread's stack.

use super::wire::Malformed;

/// Deeper nesting than this is nobody's data: a list that contains itself, or an attack.
pub const MOST_DEPTH: usize = 200;

/// How many values lie around a value; none around that of a column.
#[derive(Clone, Copy, Default)]
pub struct Depth(usize);

impl Depth {
    /// The depth of what lies inside the value, unless that is too deep.
    pub fn inside(self) -> Result<Self, Malformed> {
        if self.0 < MOST_DEPTH {
            return Ok(Self(self.0 + 1));
        }
        Err(Malformed("its values are nested more than 200 deep; take them apart in the query"))
    }
}
