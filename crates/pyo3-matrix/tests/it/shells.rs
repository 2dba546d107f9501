//! Does `cargo matrix shell` lead into the cell, whatever the files of the user's own shell do?

#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{checkout, copy, matrix, shown, stdout};
use crate::terminal::Terminal;

const CELL: &str = "py3.12-pyo3_0.30";

/// A project, and a user whose shells all put a folder with another `python` first.
struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    fn new() -> Home {
        let home = Home { folder: tempfile::tempdir().expect("a folder") };
        copy(&checkout().join("examples/plus"), &home.at("project"));
        fs::create_dir_all(home.at("other")).expect("a folder");
        let other = home.at("other/python");
        fs::write(&other, "#!/bin/sh\necho another python\n").expect("written");
        fs::set_permissions(&other, fs::Permissions::from_mode(0o755)).expect("executable");
        let first = format!("export PATH={}:$PATH\n", home.at("other").display());
        let posix = format!("{first}PS1='mine> '\nOWN=read\nalias python=python2\nunset VIRTUAL_ENV\n");
        // What pyenv-virtualenv and prompts do before each prompt.
        let bash = format!("{posix}hook() {{ {first}PS1='mine> '\n}}\nPROMPT_COMMAND='hook;'\n");
        let zsh = format!("{posix}hook() {{ {first}PS1='mine> '\n}}\nprecmd_functions+=(hook)\n");
        let fish = "function fish_prompt\n  echo -n 'mine> '\nend\nset -g OWN read\nset -e VIRTUAL_ENV\n";
        let fish = format!("{fish}set -gx PATH {} $PATH\n", home.at("other").display());
        fs::create_dir_all(home.at(".config/fish")).expect("a folder");
        fs::create_dir_all(home.at("zsh")).expect("a folder");
        let zshenv = "export ZDOTDIR=$HOME/zsh\n";
        let files = [(".bashrc", &*bash), (".shrc", &posix), (".zshenv", zshenv), ("zsh/.zshrc", &zsh)];
        for (name, text) in files.into_iter().chain([(".config/fish/config.fish", &*fish)]) {
            fs::write(home.at(name), text).expect("written");
        }
        home
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The command in this home, on the toolchain of the real one.
    fn matrix(&self, shell: &str) -> Command {
        let mut command = matrix();
        let real = PathBuf::from(std::env::var_os("HOME").expect("a home"));
        for (name, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
            command.env(name, std::env::var_os(name).unwrap_or_else(|| real.join(folder).into()));
        }
        let temporary = self.at("temporary");
        fs::create_dir_all(&temporary).expect("a folder");
        command.current_dir(self.at("project")).env("HOME", self.folder.path()).env("TMPDIR", temporary);
        command.env("SHELL", shell).env("TERM", "dumb").env("ENV", "$HOME/.shrc").env_remove("ZDOTDIR");
        command.env_remove("XDG_CONFIG_HOME").args(["shell", CELL]);
        command
    }

    /// Sits down at the shell, and asks it where it is.
    fn check(&self, shell: &Path) {
        let name = shell.file_name().expect("a name").to_string_lossy();
        let mut terminal = Terminal::start(&self.matrix(&shell.display().to_string()), 200);
        terminal.wait_for(&format!("({CELL}) mine> "));
        terminal.type_in("echo own is $OWN in $VIRTUAL_ENV");
        terminal.type_in("python -c 'import sys; print(\"prefix\", sys.prefix)'");
        terminal.type_in("exit 3");
        let (code, said) = terminal.end();
        assert_eq!(code, Some(3), "{name}: {said}");
        let said = said.replace('\r', "");
        let prefix = said.split("prefix /").nth(1).and_then(|rest| rest.lines().next());
        let prefix = format!("/{}", prefix.unwrap_or_else(|| panic!("{name}: {said}")));
        assert!(Path::new(&prefix).starts_with(self.at("project/target/matrix")), "{name}: {said}");
        assert!(said.contains(&format!("own is read in {prefix}\n")), "{name}: {said}");
        assert!(!said.contains("another python"), "{name}: {said}");
        // fish has a folder of its own there.
        let left =
            fs::read_dir(self.at("temporary")).expect("a folder").flatten().map(|entry| entry.file_name());
        let left: Vec<_> = left.filter(|name| name.to_string_lossy().starts_with("pyo3-matrix")).collect();
        assert!(left.is_empty(), "{name}: {left:?}");
    }
}

/// Where a program is on PATH.
fn installed(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
}

#[test]
fn the_cells_python_is_first_and_the_prompt_names_the_cell_whatever_the_users_files_do() {
    let home = Home::new();
    let python =
        home.matrix("/bin/sh").args(["--", "python", "-c", "import sys; print(sys.prefix)"]).output();
    let python = python.expect("the binary starts");
    assert!(stdout(&python).contains("/target/matrix/"), "{}", shown(&python));
    let shells: Vec<PathBuf> =
        ["bash", "dash", "zsh", "fish"].iter().filter_map(|name| installed(name)).collect();
    assert!(!shells.is_empty(), "no shell");
    for shell in &shells {
        home.check(shell);
    }
    let command =
        home.matrix("/bin/sh").args(["--", "sh", "-c", "echo ${PYO3_MATRIX_BIN-none} $ENV"]).output();
    assert_eq!(stdout(&command.expect("the binary starts")), "none $HOME/.shrc\n");
}
