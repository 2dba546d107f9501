//! What went wrong first in a build? The log of maturin and cargo in, the first error with what belongs to it out. Pure.

/// How many lines of an error are shown; the log has all of it.
const LINES: usize = 15;

/// Errors that say that there was one before them.
const ECHOES: [&str; 4] = [
    "error: failed to run custom build command",
    "error: could not compile",
    "error: aborting due to",
    "error: build failed",
];

/// Returns the first error that says what is wrong, up to the blank line after it. None where no line begins with `error`.
#[must_use]
pub fn first_error(log: &str) -> Option<String> {
    let lines: Vec<&str> = log.lines().collect();
    let says = |line: &str| {
        let line = line.trim_start();
        let named = line.starts_with("error: ") || line.starts_with("error[");
        named && !ECHOES.iter().any(|echo| line.starts_with(echo))
    };
    let at = lines.iter().position(|line| says(line))?;
    let indent = lines[at].len() - lines[at].trim_start().len();
    let block = lines[at..].iter().take_while(|line| !line.trim().is_empty()).take(LINES);
    let block = block.map(|line| line.get(indent..).unwrap_or(line.trim_start()).trim_end());
    Some(block.collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_compiler_has_its_place_and_what_follows_is_left_out() {
        let log = "   Compiling x v0.1.0\nwarning: unused\n --> a\n\nerror[E0432]: unresolved import `pyo3::GILPool`\n \
                   --> src/lib.rs:1:5\n  |\n1 | use pyo3::GILPool;\n  |     ^^^^ no `GILPool` in the root\n\nerror: \
                   aborting due to 1 previous error\n\nerror: could not compile `x` (lib)\n";
        let found = first_error(log).expect("an error");
        assert!(found.starts_with("error[E0432]: unresolved import `pyo3::GILPool`\n --> src/lib.rs:1:5\n"));
        assert_eq!(found.lines().count(), 5, "{found}");
    }

    #[test]
    fn an_error_of_a_build_script_is_the_one_inside() {
        let log = "error: failed to run custom build command for `pyo3-ffi v0.24.2`\n\nCaused by:\n  process didn't exit \
                   successfully: `build-script-build` (exit status: 1)\n  --- stdout\n  cargo:rerun-if-changed=x\n\n  --- \
                   stderr\n  error: the configured Python interpreter version (3.14) is newer than PyO3's maximum\n  = help: \
                   set PYO3_USE_ABI3_FORWARD_COMPATIBILITY=1\n\nwarning: build failed\n";
        let found = first_error(log).expect("an error");
        assert!(found.starts_with("error: the configured Python interpreter version (3.14)"), "{found}");
        assert!(found.ends_with("\n= help: set PYO3_USE_ABI3_FORWARD_COMPATIBILITY=1"), "{found}");
    }

    #[test]
    fn a_log_without_an_error_has_none() {
        assert_eq!(first_error("   Compiling x v0.1.0\nKilled\n"), None);
    }
}
