//! How is one cell run again by hand? A cell in, the bare, Docker and Nix commands out. Pure.

use crate::cell::CellId;

/// The cell on this machine as it is; it needs nothing but what the README asks for.
#[must_use]
pub fn bare(cell: CellId) -> String {
    format!("cargo matrix run --cell {cell}")
}

/// The cell in a container beside the server of the compose file.
#[must_use]
pub fn docker(cell: CellId) -> String {
    let CellId { python, postgres, line } = cell;
    format!(
        "MATRIX_PYTHON={python} MATRIX_POSTGRES={postgres} MATRIX_LINE={line} docker compose run --rm cell"
    )
}

/// The cell in the flake's shell.
#[must_use]
pub fn nix(cell: CellId) -> String {
    format!("nix develop -c {}", bare(cell))
}

/// All of them, each under what it runs in.
#[must_use]
pub fn render(cell: CellId) -> String {
    let shell = format!("cargo matrix shell {cell}");
    let ways = [
        ("on this machine", bare(cell)),
        ("in Docker", docker(cell)),
        ("in Nix", nix(cell)),
        ("a shell in its environment, beside its server", shell),
    ];
    ways.iter().map(|(place, command)| format!("# {place}\n{command}\n")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_has_a_command_for_each_way() {
        let text = render("py3.12-pg16-pyo3_0.30".parse().expect("an id"));
        let commands: Vec<&str> =
            text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
        assert_eq!(
            commands,
            [
                "cargo matrix run --cell py3.12-pg16-pyo3_0.30",
                "MATRIX_PYTHON=3.12 MATRIX_POSTGRES=16 MATRIX_LINE=0.30 docker compose run --rm cell",
                "nix develop -c cargo matrix run --cell py3.12-pg16-pyo3_0.30",
                "cargo matrix shell py3.12-pg16-pyo3_0.30",
            ]
        );
    }
}
