//! How is one cell run again by hand? A cell in, the bare, Docker and Nix commands out. Pure.

use crate::model::cell::CellId;

/// The cell on this machine as it is; it needs nothing but what the README asks for.
#[must_use]
pub fn bare(cell: &CellId) -> String {
    format!("cargo matrix run --cell {cell}")
}

/// The cell in a container beside the server of the compose file.
#[must_use]
pub fn docker(cell: &CellId) -> String {
    format!("docker compose run --rm matrix run --cell {cell}")
}

/// The cell in the flake's shell.
#[must_use]
pub fn nix(cell: &CellId) -> String {
    format!("nix develop -c {}", bare(cell))
}

/// All of them, each under what it runs in. The image, the compose file and the flake hold nothing that is `extra`.
#[must_use]
pub fn render(cell: &CellId, extra: bool) -> String {
    let shell = format!("cargo matrix shell {cell}");
    let mut ways = vec![("on this machine", bare(cell))];
    if !extra {
        ways.extend([("in Docker", docker(cell)), ("in Nix", nix(cell))]);
    }
    ways.push(("a shell in its environment, beside its server", shell));
    ways.iter().map(|(place, command)| format!("# {place}\n{command}\n")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(cell: &str, extra: bool) -> Vec<String> {
        let text = render(&cell.parse().expect("an id"), extra);
        let commands = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        commands.map(str::to_owned).collect()
    }

    #[test]
    fn a_cell_has_a_command_for_each_way() {
        assert_eq!(
            commands("py3.12-pg16-pyo3_0.30", false),
            [
                "cargo matrix run --cell py3.12-pg16-pyo3_0.30",
                "docker compose run --rm matrix run --cell py3.12-pg16-pyo3_0.30",
                "nix develop -c cargo matrix run --cell py3.12-pg16-pyo3_0.30",
                "cargo matrix shell py3.12-pg16-pyo3_0.30",
            ]
        );
    }

    #[test]
    fn no_container_and_no_flake_holds_an_extra() {
        assert_eq!(
            commands("py3.14-pg17-pyo3_0.30", true),
            ["cargo matrix run --cell py3.14-pg17-pyo3_0.30", "cargo matrix shell py3.14-pg17-pyo3_0.30"]
        );
    }
}
