//! Which causes can a red cell of a matrix have? Enumerated: a matrix of 5 x 4 x 8 cells has 508 different ones. Pure.

use std::collections::{BTreeMap, HashSet};

use fixedbitset::FixedBitSet;

use crate::model::cell::CellId;
use crate::plan::cause::{Axes, Cause};
use pyo3_doctor::facts::{Acceptance, LineFacts};

/// So many cells at most are thought of beyond those that were planned.
const MOST_CELLS: usize = 20_000;

/// All cells of a matrix, and every cause that can concern some of them.
pub struct Space {
    pub cells: Vec<CellId>,
    places: BTreeMap<CellId, usize>,
    /// The shortest first, each with the places of the cells that it concerns. No two concern the same cells.
    pub causes: Vec<(Cause, FixedBitSet)>,
}

impl Space {
    /// The space that these cells span: each combination of their values which can be built.
    #[must_use]
    pub fn of(planned: &[CellId]) -> Space {
        let axes = Axes::of(planned);
        let mut cells = planned.to_vec();
        if axes.product_len() <= MOST_CELLS {
            let known: HashSet<&CellId> = planned.iter().collect();
            cells.extend(
                axes.product().into_iter().filter(|cell| !known.contains(cell) && can_be_built(cell)),
            );
        }
        Space::over(cells, &axes)
    }

    /// These cells alone.
    #[must_use]
    pub fn only(cells: Vec<CellId>) -> Space {
        let axes = Axes::of(&cells);
        Space::over(cells, &axes)
    }

    fn over(cells: Vec<CellId>, axes: &Axes) -> Space {
        let places = cells.iter().cloned().zip(0..).collect();
        let mut seen = HashSet::new();
        let mut causes = Vec::new();
        for cause in axes.causes() {
            let mut concerned = FixedBitSet::with_capacity(cells.len());
            concerned.extend((0..cells.len()).filter(|&at| cause.holds(&cells[at])));
            if !concerned.is_clear() && seen.insert(concerned.clone()) {
                causes.push((cause, concerned));
            }
        }
        Space { cells, places, causes }
    }

    /// An empty set of cells.
    #[must_use]
    pub fn none(&self) -> FixedBitSet {
        FixedBitSet::with_capacity(self.cells.len())
    }

    /// The place of a cell in every set.
    #[must_use]
    pub fn place(&self, cell: &CellId) -> Option<usize> {
        self.places.get(cell).copied()
    }
}

/// Whether the cell's line takes its Python, as far as is known.
#[must_use]
pub fn can_be_built(cell: &CellId) -> bool {
    LineFacts::of(cell.line).is_none_or(|facts| facts.accepts(cell.python) == Acceptance::Accepted)
}
