//! Does what earlier runs left go when matrix.toml says so, and does what is used stay?

use crate::harness::{Project, a_cell, alone, fixture, shown, stderr, target};

/// A project that borrows everything from the likeness but its runs, and keeps one.
fn keeping_one_run() -> Project {
    let project = Project::apart(&fixture("passes"));
    let (own, lent) = (project.path().join("target/matrix"), target());
    for name in ["tools", "pythons", "lines", "build", "wheels", "tox"] {
        std::fs::create_dir_all(lent.join(name)).expect("a folder");
        std::os::unix::fs::symlink(lent.join(name), own.join(name)).expect("a link");
    }
    let file = project.path().join("matrix.toml");
    let text = std::fs::read_to_string(&file).expect("matrix.toml");
    assert!(text.contains("\nruns = 20\nwheels = 40\n"));
    let text = text.replace("\nruns = 20\nwheels = 40\n", "\nruns = 1\nwheels = \"all\"\n");
    std::fs::write(&file, text).expect("written");
    project
}

#[test]
fn at_the_end_of_a_run_the_earlier_ones_go_and_that_is_told() {
    let _alone = alone();
    let (project, cell) = (keeping_one_run(), a_cell());
    let run = || project.run(&["run", "--cell", &cell, "--benchmarks", "off"]);
    let first = run();
    assert!(first.status.success() && !stderr(&first).contains("removed "), "{}", shown(&first));
    let second = run();
    assert!(second.status.success(), "{}", shown(&second));
    assert!(stderr(&second).contains("removed 1 earlier run, "), "{}", shown(&second));
    let entries = std::fs::read_dir(project.path().join("target/matrix/runs")).expect("runs").flatten();
    let names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
    assert_eq!(names.len(), 2, "one run, and the link to it: {names:?}");
    let report = project.run(&["report"]);
    assert!(report.status.success(), "{}", shown(&report));
}
