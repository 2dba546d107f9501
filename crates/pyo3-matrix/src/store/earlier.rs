//! Which run came before? A run's folder in; those beside it that began earlier, out.

use std::io;

use crate::store::folder::{RunFolder, newest_first};

/// How many of them are looked at: all records of each are read.
const LOOKED_AT: usize = 10;

/// The runs that began before `run` in the same place, the newest first.
pub fn before(run: &RunFolder) -> io::Result<Vec<RunFolder>> {
    let Some(place) = run.path.parent() else { return Ok(Vec::new()) };
    let earlier = newest_first(place)?.into_iter().filter(|other| other.path < run.path);
    Ok(earlier.take(LOOKED_AT).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_of_those_that_began_earlier_comes_first() {
        let place = tempfile::tempdir().expect("a folder");
        let run = |name: &str| RunFolder { path: place.path().join(name) };
        for name in ["1", "2", "3", "4"] {
            std::fs::create_dir(run(name).path).expect("a folder");
        }
        let found = before(&run("3")).expect("the others");
        let found: Vec<_> = found.iter().map(|folder| folder.path.file_name().expect("a name")).collect();
        assert_eq!(found, ["2", "1"]);
        assert!(before(&run("1")).expect("none").is_empty());
    }
}
