//! The harness under its own name.

fn main() -> std::process::ExitCode {
    pyo3_matrix::main(&std::env::args_os().collect::<Vec<_>>())
}
