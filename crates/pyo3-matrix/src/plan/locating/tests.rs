use std::collections::BTreeSet;

use super::*;

/// The cells of so many Pythons, servers, lines, and values of a free axis.
fn cells(sizes: [usize; 4]) -> Vec<CellId> {
    let mut cells = Vec::new();
    for (python, server) in (0..sizes[0]).flat_map(|a| (0..sizes[1]).map(move |b| (a, b))) {
        for (line, choice) in (0..sizes[2]).flat_map(|a| (0..sizes[3]).map(move |b| (a, b))) {
            let choice = if sizes[3] > 1 { format!("-c{choice}") } else { String::new() };
            let id = format!("py3.{}-pg{}-pyo3_0.{}{choice}", 9 + python, 13 + server, 23 + line);
            cells.push(id.parse().expect("an id"));
        }
    }
    cells
}

/// Checks that a locating set keeps its promise, and returns its size and the least that it could have.
fn check(all: &[CellId]) -> (usize, usize) {
    let chosen = locating(all);
    let space = Space::only(all.to_vec());
    let seen = |of: &FixedBitSet| chosen.iter().filter(|&&at| of[at]).copied().collect::<Vec<_>>();
    let different: BTreeSet<Vec<usize>> = space.causes.iter().map(|(_, of)| seen(of)).collect();
    assert_eq!(different.len(), space.causes.len(), "two causes show in the same cells");
    assert!(!different.contains(&Vec::new()), "a cause shows in no cell");
    (chosen.len(), fewest(&space))
}

#[test]
fn a_matrix_of_five_four_and_eight_values_needs_48_cells_and_no_more() {
    assert_eq!(check(&cells([5, 4, 8, 1])), (48, 48));
}

#[test]
fn other_matrices_come_close_to_the_least_that_is_known() {
    for (sizes, most) in [([3, 3, 3, 1], 15), ([4, 4, 4, 1], 25), ([5, 2, 8, 1], 40), ([2, 2, 2, 1], 6)] {
        let (found, least) = check(&cells(sizes));
        assert!((least..=most).contains(&found), "{sizes:?}: {found}, at least {least}");
    }
}

#[test]
fn a_fourth_axis_is_told_apart_as_well() {
    let (found, least) = check(&cells([5, 4, 8, 2]));
    assert_eq!((found, least), (48, 48), "of 320");
}

#[test]
fn with_two_axes_every_cell_is_needed_and_with_one_value_the_only_one() {
    assert_eq!(check(&cells([5, 1, 8, 1])).0, 40);
    assert_eq!(check(&cells([1, 1, 1, 1])).0, 1);
    assert!(locating(&[]).is_empty());
}

#[test]
fn cells_that_are_left_out_are_gone_around() {
    let mut some = cells([5, 4, 8, 1]);
    some.retain(|cell| {
        let id = cell.to_string();
        !(id.starts_with("py3.13-pg13") || id.starts_with("py3.9-") && id.ends_with("0.30"))
    });
    let (found, _) = check(&some);
    assert!(found <= 60, "{found} of {}", some.len());
}
