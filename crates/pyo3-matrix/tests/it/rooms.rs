//! Does each room of the harness use only the rooms that ARCHITECTURE.md allows, and only rooms below it?

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::harness::checkout;
use crate::rules::files;

/// The files above all rooms, which put the rooms together.
const ABOVE: [&str; 5] = ["bin", "cli", "dispatch", "error", "lib"];

/// Reads the table of ARCHITECTURE.md: the rooms from the ground up, each with the rooms that it uses.
fn table() -> Vec<(String, BTreeSet<String>)> {
    let text = std::fs::read_to_string(checkout().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let rows = text.lines().skip_while(|line| !line.starts_with("| room |")).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    let names = |cell: &str| {
        cell.split('`')
            .skip(1)
            .step_by(2)
            .map(|name| name.trim_end_matches('/').to_owned())
            .collect::<Vec<_>>()
    };
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').collect();
        (names(cells[1]).remove(0), names(cells[2]).into_iter().collect())
    })
    .collect()
}

/// Returns the rooms that the code of each room names, without its tests.
fn used() -> BTreeMap<String, BTreeSet<String>> {
    let source = checkout().join("crates/pyo3-matrix/src");
    let mut used = BTreeMap::<String, BTreeSet<String>>::new();
    for path in files("crates/pyo3-matrix/src", ".rs") {
        let inside = path.strip_prefix(&source).expect("a file of the harness");
        if inside.ends_with("tests.rs") {
            continue;
        }
        let room = room_of(inside);
        let text = std::fs::read_to_string(&path).expect("a text file");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let named = code.split("crate::").skip(1).map(|rest| {
            rest.split(|c: char| !c.is_ascii_lowercase() && c != '_').next().unwrap_or_default().to_owned()
        });
        let others = named.filter(|name| !name.is_empty() && *name != room).collect::<Vec<_>>();
        used.entry(room).or_default().extend(others);
    }
    used
}

fn room_of(inside: &Path) -> String {
    let first = inside.iter().next().expect("a name").to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn a_room_uses_the_rooms_that_the_architecture_says_and_none_above_it() {
    let (table, mut used) = (table(), used());
    used.retain(|room, _| !ABOVE.contains(&room.as_str()));
    let rooms: Vec<&String> = table.iter().map(|(room, _)| room).collect();
    assert_eq!(rooms.iter().copied().collect::<BTreeSet<_>>(), used.keys().collect(), "the rooms");
    for (at, (room, allowed)) in table.iter().enumerate() {
        assert_eq!(&used[room], allowed, "what {room} uses, in the code and in ARCHITECTURE.md");
        let above: Vec<&String> = allowed.iter().filter(|name| !rooms[..at].contains(name)).collect();
        assert!(above.is_empty(), "{room} uses rooms above it: {above:?}");
    }
}

#[test]
fn no_room_is_put_together_by_a_file_inside_of_one() {
    for (room, uses) in used() {
        let above: Vec<_> = uses.iter().filter(|name| ABOVE.contains(&name.as_str())).collect();
        assert!(ABOVE.contains(&room.as_str()) || above.is_empty(), "{room} uses {above:?}");
    }
}
