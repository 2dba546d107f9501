//! The harness as a subcommand of cargo: what did the user type after `cargo matrix`?

fn main() -> std::process::ExitCode {
    let mut arguments: Vec<_> = std::env::args_os().collect();
    // Cargo runs `cargo-matrix matrix ARGS…`; a user may run `cargo-matrix ARGS…` too.
    if arguments.get(1).is_some_and(|first| first == "matrix") {
        arguments.remove(1);
    }
    pyo3_matrix::main(&arguments)
}
