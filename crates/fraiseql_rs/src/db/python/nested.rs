//! How do values that contain values become Python objects? Arrays as lists of lists, rows as records.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyList;
use tokio_postgres::types::{Field, Type};

use super::super::depth::Depth;
use super::super::wire::{array_lengths, Cursor, Malformed};
use super::record::{Columns, Record, Values};
use super::value::{Decoded, Decoder};

/// Makes an array of any dimension. A list cannot express its lower bounds.
pub fn array<'py>(py: Python<'py>, element: &Decoder, field: &[u8], depth: Depth) -> Decoded<'py> {
    let mut cursor = Cursor::new(field);
    let lengths = array_lengths(&mut cursor)?;
    if lengths.is_empty() {
        return Ok(PyList::empty(py).into_any());
    }
    dimension(py, element, &lengths, &mut cursor, depth)
}

fn dimension<'py>(
    py: Python<'py>,
    element: &Decoder,
    lengths: &[usize],
    cursor: &mut Cursor<'_>,
    depth: Depth,
) -> Decoded<'py> {
    let Some((length, inner)) = lengths.split_first() else {
        return element.decode(py, cursor.element()?, depth);
    };
    let list = PyList::empty(py);
    for _ in 0..*length {
        list.append(dimension(py, element, inner, cursor, depth)?)?;
    }
    Ok(list.into_any())
}

/// The columns of a composite type.
pub struct Fields(Vec<(String, Decoder)>);

impl Fields {
    /// Returns `None` if a column has no converter.
    pub fn new(fields: &[Field]) -> Option<Self> {
        let decoders =
            fields.iter().map(|field| Some((field.name().to_owned(), Decoder::for_type(field.type_())?)));
        decoders.collect::<Option<_>>().map(Self)
    }

    pub fn record<'py>(&self, py: Python<'py>, field: &[u8], depth: Depth) -> Decoded<'py> {
        let mut cursor = Cursor::new(field);
        if cursor.count()? != self.0.len() {
            return Err(Malformed("the row has another number of columns than its type had").into());
        }
        let values = self.0.iter().map(|(_, decoder)| {
            cursor.take(4)?;
            decoder.decode(py, cursor.element()?, depth).map(Bound::unbind)
        });
        let values = values.collect::<Result<_, _>>()?;
        make(py, values, self.0.iter().map(|(name, _)| name.as_str()))
    }
}

/// Makes a row without a type of its own: its columns are called f1, f2 and so on.
pub fn anonymous<'py>(py: Python<'py>, field: &[u8], depth: Depth) -> Decoded<'py> {
    let mut cursor = Cursor::new(field);
    let count = cursor.count()?;
    let values = (0..count).map(|_| {
        let decoder = Type::from_oid(cursor.u32()?)
            .and_then(|type_| Decoder::for_type(&type_))
            .ok_or(Malformed("a column of the row has a type without a converter; cast it to text"))?;
        decoder.decode(py, cursor.element()?, depth).map(Bound::unbind)
    });
    let values = values.collect::<Result<_, _>>()?;
    let names: Vec<_> = (1..=count).map(|position| format!("f{position}")).collect();
    make(py, values, names.iter().map(String::as_str))
}

fn make<'py, 'n>(py: Python<'py>, values: Values, names: impl Iterator<Item = &'n str>) -> Decoded<'py> {
    let columns = Arc::new(Columns::new(py, names)?);
    Ok(Record::new(py, values, columns)?.into_any())
}
