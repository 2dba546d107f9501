//! What did pytest say when it refused what it was told? The end of its output in, its own line out.

/// The exit code of pytest for an error of its usage:
/// <https://docs.pytest.org/en/stable/reference/exit-codes.html>.
pub const USAGE: i32 = 4;

/// How pytest begins what it says.
const ERROR: &str = "ERROR: ";

/// The last `ERROR:` of an output. Where the usage of pytest follows that word, the error stands in a line of its own.
#[must_use]
pub fn told(output: &str) -> Option<String> {
    let plain = anstream::adapter::strip_str(output).to_string();
    let lines: Vec<&str> = plain.lines().map(str::trim).collect();
    let at = lines.iter().rposition(|line| line.starts_with(ERROR))?;
    let is_usage = lines[at].strip_prefix(ERROR)?.starts_with("usage:");
    let told =
        if is_usage { lines[at..].iter().find(|line| line.contains(": error: "))? } else { &lines[at] };
    Some((*told).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_says_why_is_told() {
        let usage = "a test\nERROR: usage: pytest [options] [file_or_dir]\npytest: error: unrecognized arguments: --nope\n  rootdir: /x\n\npy3.12: exit 4 (0.1 seconds)\n";
        assert_eq!(told(usage).as_deref(), Some("pytest: error: unrecognized arguments: --nope"));
        let lost = "ERROR: earlier\ncollected 0 items\n\u{1b}[31mERROR: file or directory not found: tests/a.py\n\u{1b}[0m\n";
        assert_eq!(told(lost).as_deref(), Some("ERROR: file or directory not found: tests/a.py"));
        assert_eq!(told("ImportError while loading conftest\n"), None);
    }
}
