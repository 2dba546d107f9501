//! Can another project have a matrix? The example of docs/own-project.md, in a folder that has nothing else of this
//! repository.

use std::fs;

use crate::harness::{checkout, copy, matrix, shown, stderr, stdout};

#[test]
fn a_copy_of_the_example_has_a_green_matrix() {
    let folder = tempfile::tempdir().expect("a folder");
    copy(&checkout().join("examples/hello"), folder.path());
    let ask = |arguments: &[&str], word: &str| {
        let output = matrix().current_dir(folder.path()).args(arguments).output().expect("the binary starts");
        assert!(output.status.success(), "{arguments:?}: {}", shown(&output));
        assert!((stdout(&output) + &stderr(&output)).contains(word), "{arguments:?}: {}", shown(&output));
    };
    ask(&["doctor"], "clean: ");
    ask(&["lock", "--check"], "0.30  up to date");
    fs::remove_dir_all(folder.path().join("lines")).expect("the locks");
    ask(&["lock"], "0.30  made");
    ask(&["plan"], "all: 4 cells on 4 wheels");
    ask(&["run", "--python", "3.13", "--lines", "0.30"], "decision  proceed");
}
