//! Which files is the conformance kit? Its package, by way of the link `crates/pyo3-matrix/kit`, since cargo packs nothing from
//! outside of a crate's folder.

/// Path and content of each module of the kit.
macro_rules! embedded {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("../../../kit/", $path)))),*]
    };
}

pub(super) const FILES: [(&str, &str); 48] = embedded![
    "pytest_pyo3_bridge/__init__.py",
    "pytest_pyo3_bridge/__main__.py",
    "pytest_pyo3_bridge/adapter.py",
    "pytest_pyo3_bridge/benchmark/__init__.py",
    "pytest_pyo3_bridge/benchmark/block.py",
    "pytest_pyo3_bridge/benchmark/comparison.py",
    "pytest_pyo3_bridge/benchmark/document.py",
    "pytest_pyo3_bridge/benchmark/fixture.py",
    "pytest_pyo3_bridge/benchmark/interval.py",
    "pytest_pyo3_bridge/benchmark/kept_loop.py",
    "pytest_pyo3_bridge/benchmark/operation.py",
    "pytest_pyo3_bridge/benchmark/plugin.py",
    "pytest_pyo3_bridge/benchmark/provenance.py",
    "pytest_pyo3_bridge/benchmark/rounds.py",
    "pytest_pyo3_bridge/benchmark/spread.py",
    "pytest_pyo3_bridge/benchmark/table.py",
    "pytest_pyo3_bridge/boot.py",
    "pytest_pyo3_bridge/catalogue.py",
    "pytest_pyo3_bridge/checks/__init__.py",
    "pytest_pyo3_bridge/checks/core/__init__.py",
    "pytest_pyo3_bridge/checks/core/answers.py",
    "pytest_pyo3_bridge/checks/core/cancellation.py",
    "pytest_pyo3_bridge/checks/core/errors.py",
    "pytest_pyo3_bridge/checks/core/leaks.py",
    "pytest_pyo3_bridge/checks/core/panics.py",
    "pytest_pyo3_bridge/checks/core/quiet.py",
    "pytest_pyo3_bridge/checks/core/waiting.py",
    "pytest_pyo3_bridge/checks/postgres/__init__.py",
    "pytest_pyo3_bridge/complaints.py",
    "pytest_pyo3_bridge/grid.py",
    "pytest_pyo3_bridge/incident.py",
    "pytest_pyo3_bridge/item.py",
    "pytest_pyo3_bridge/known.py",
    "pytest_pyo3_bridge/leak.py",
    "pytest_pyo3_bridge/leak_limits.py",
    "pytest_pyo3_bridge/lifeline.py",
    "pytest_pyo3_bridge/maker.py",
    "pytest_pyo3_bridge/plugin.py",
    "pytest_pyo3_bridge/postgres/__init__.py",
    "pytest_pyo3_bridge/program.py",
    "pytest_pyo3_bridge/resources.py",
    "pytest_pyo3_bridge/session.py",
    "pytest_pyo3_bridge/stacks.py",
    "pytest_pyo3_bridge/standing.py",
    "pytest_pyo3_bridge/summary.py",
    "pytest_pyo3_bridge/supervisor.py",
    "pytest_pyo3_bridge/trial.py",
    "pytest_pyo3_bridge/worker.py",
];
