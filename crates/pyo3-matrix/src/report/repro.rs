//! How is one cell run again by hand? A cell in, the bare, Docker and Nix commands out. Pure.

use crate::model::cell::CellId;
use crate::model::program;

/// The cell on this machine as it is; it needs nothing but what the README asks for.
#[must_use]
pub fn bare(cell: &CellId) -> String {
    format!("{} run --cell {cell}", program::command())
}

/// The same, with what a run added to pytest's arguments: a cell that is named belongs to no preset.
#[must_use]
pub fn with_pytest(cell: &CellId, arguments: &[String]) -> String {
    let arguments = arguments.iter().map(|argument| format!(" {}", program::quoted(argument)));
    let arguments: String = arguments.collect();
    if arguments.is_empty() { bare(cell) } else { format!("{} --{arguments}", bare(cell)) }
}

/// The cell in a container beside the server of the compose file.
#[must_use]
pub fn docker(cell: &CellId) -> String {
    format!("docker compose run --rm matrix run --cell {cell}")
}

/// The cell in the flake's shell.
#[must_use]
pub fn nix(cell: &CellId) -> String {
    format!("nix develop -c {} run --cell {cell}", program::of_cargo())
}

/// What a project has besides its `matrix.toml`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Offers {
    /// A compose file with this harness in it.
    pub docker: bool,
    /// A flake with this harness in it.
    pub nix: bool,
}

impl Offers {
    /// Reads them in the texts of a project's compose file and flake.
    #[must_use]
    pub fn of(compose: &str, flake: &str) -> Offers {
        let service = |line: &str| line.trim_end() == "  matrix:";
        Offers { docker: compose.lines().any(service), nix: flake.contains("pyo3-matrix") }
    }
}

/// The ways that the project offers, each under what it runs in.
#[must_use]
pub fn render(cell: &CellId, offers: Offers) -> String {
    let shell = format!("{} shell {cell}", program::command());
    let mut ways = vec![("on this machine", bare(cell))];
    ways.extend(offers.docker.then(|| ("in Docker", docker(cell))));
    ways.extend(offers.nix.then(|| ("in Nix", nix(cell))));
    ways.push(("a shell in its environment, beside its server", shell));
    ways.iter().map(|(place, command)| format!("# {place}\n{command}\n")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(offers: Offers) -> Vec<String> {
        let text = render(&"py3.12-pg16-pyo3_0.30".parse().expect("an id"), offers);
        let commands = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        commands.map(str::to_owned).collect()
    }

    #[test]
    fn a_cell_has_a_command_for_each_way() {
        assert_eq!(
            commands(Offers { docker: true, nix: true }),
            [
                "cargo matrix run --cell py3.12-pg16-pyo3_0.30",
                "docker compose run --rm matrix run --cell py3.12-pg16-pyo3_0.30",
                "nix develop -c cargo matrix run --cell py3.12-pg16-pyo3_0.30",
                "cargo matrix shell py3.12-pg16-pyo3_0.30",
            ]
        );
    }

    #[test]
    fn what_a_run_added_to_the_arguments_of_pytest_follows_as_a_shell_takes_it() {
        let cell = "py3.12-pg16-pyo3_0.30".parse().expect("an id");
        let check = |arguments: &[&str]| {
            with_pytest(&cell, &arguments.iter().map(|argument| (*argument).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(check(&[]), bare(&cell));
        assert_eq!(check(&["-k", "a or b"]), bare(&cell) + " -- -k 'a or b'");
    }

    #[test]
    fn a_project_without_them_is_offered_no_container_and_no_flake() {
        let plain =
            ["cargo matrix run --cell py3.12-pg16-pyo3_0.30", "cargo matrix shell py3.12-pg16-pyo3_0.30"];
        let of_others = ("services:\n  matrix-db:\n    image: x\n", "{ description = \"a tool\"; }");
        assert_eq!(commands(Offers::of("", "")), plain);
        assert_eq!(commands(Offers::of(of_others.0, of_others.1)), plain);
    }

    #[test]
    fn this_repository_offers_both() {
        let compose = include_str!("../../../../docker-compose.yml");
        let Offers { docker, nix } = Offers::of(compose, include_str!("../../../../flake.nix"));
        assert!(docker && nix);
    }
}
