//! How do values that contain values become JSON? Arrays as arrays of arrays, rows as objects.

use tokio_postgres::types::Field;

use super::super::depth::Depth;
use super::super::wire::{array_lengths, Cursor, Malformed};
use super::string::push_string;
use super::value::Encoder;

/// Appends an array of any dimension. JSON cannot express its lower bounds.
pub fn push_array(element: &Encoder, field: &[u8], out: &mut String, depth: Depth) -> Result<(), Malformed> {
    let mut cursor = Cursor::new(field);
    let lengths = array_lengths(&mut cursor)?;
    if lengths.is_empty() {
        out.push_str("[]");
        return Ok(());
    }
    push_dimension(element, &lengths, &mut cursor, out, depth)
}

fn push_dimension(
    element: &Encoder,
    lengths: &[usize],
    cursor: &mut Cursor<'_>,
    out: &mut String,
    depth: Depth,
) -> Result<(), Malformed> {
    let Some((length, inner)) = lengths.split_first() else {
        return element.encode(cursor.element()?, out, depth);
    };
    out.push('[');
    for position in 0..*length {
        if position > 0 {
            out.push(',');
        }
        push_dimension(element, inner, cursor, out, depth)?;
    }
    out.push(']');
    Ok(())
}

/// The columns of a composite type.
pub struct Fields(Vec<(String, Encoder)>);

impl Fields {
    /// Returns `None` if a column has no converter.
    pub fn new(fields: &[Field]) -> Option<Self> {
        let encoders = fields
            .iter()
            .enumerate()
            .map(|(position, field)| Some((key(position, field.name()), Encoder::for_type(field.type_())?)));
        encoders.collect::<Option<_>>().map(Self)
    }

    pub fn push_object(&self, field: &[u8], out: &mut String, depth: Depth) -> Result<(), Malformed> {
        let mut cursor = Cursor::new(field);
        if cursor.count()? != self.0.len() {
            return Err(Malformed("the row has another number of columns than its type"));
        }
        out.push('{');
        for (key, encoder) in &self.0 {
            cursor.take(4)?;
            out.push_str(key);
            encoder.encode(cursor.element()?, out, depth)?;
        }
        out.push('}');
        Ok(())
    }
}

fn key(position: usize, name: &str) -> String {
    let mut key = String::from(if position == 0 { "" } else { "," });
    push_string(name, &mut key);
    key.push(':');
    key
}
