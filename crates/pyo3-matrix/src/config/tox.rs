//! What does tox's file say of pytest? Its TOML in; the settings file that it names and the plugins that it loads out.

use std::path::{Path, PathBuf};

use fs_err as fs;
use toml::{Table, Value};

/// Where the in-cell plugin stands if tox's file cannot be read: other projects copy it there.
const PLUGIN: &str = "tests/matrix_cell";

/// What tox has pytest load, relative to the project's root.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tox {
    /// The file of `--config-file`; without it pytest looks for one.
    pub settings: Option<PathBuf>,
    /// What `-p` names and PYTHONPATH holds: a package's folder, or a file.
    pub plugins: Vec<PathBuf>,
}

impl Tox {
    /// Reads `file`, which is relative to `root`. A file that is no TOML says nothing.
    #[must_use]
    pub fn read(root: &Path, file: &Path) -> Tox {
        let text = fs::read_to_string(root.join(file)).unwrap_or_default();
        let environment = text.parse::<Table>().ok().and_then(|mut tox| match tox.remove("env_run_base") {
            Some(Value::Table(environment)) => Some(environment),
            _ => None,
        });
        let Some(environment) = environment else {
            let plugins = [PathBuf::from(PLUGIN)].into_iter().filter(|plugin| root.join(plugin).is_dir());
            return Tox { settings: None, plugins: plugins.collect() };
        };
        let folder = file.parent().unwrap_or(Path::new(""));
        let words = words(&environment);
        let settings = following(&words, &["-c", "--config-file"]).find_map(|word| plain(folder, word));
        let path = environment.get("set_env").and_then(|set| set.get("PYTHONPATH")).and_then(Value::as_str);
        let path: Vec<PathBuf> = path.map_or_else(Vec::new, |path| {
            path.replace("{:}", ":").split(':').filter_map(|entry| plain(folder, entry)).collect()
        });
        let plugins = following(&words, &["-p"]).filter_map(|plugin| found(root, &path, plugin)).collect();
        Tox { settings, plugins }
    }
}

/// The words of every command.
fn words(environment: &Table) -> Vec<&str> {
    let commands = environment.get("commands").and_then(Value::as_array);
    let words = commands.into_iter().flatten().filter_map(Value::as_array).flatten();
    words.filter_map(Value::as_str).collect()
}

/// The values of these options.
fn following<'a>(words: &'a [&'a str], options: &'a [&str]) -> impl Iterator<Item = &'a str> {
    words.windows(2).filter(|pair| options.contains(&pair[0])).map(|pair| pair[1])
}

/// A path of tox, whose root is `folder`. One with a substitution of which nothing is known here is none.
fn plain(folder: &Path, path: &str) -> Option<PathBuf> {
    let path = path.replace("{tox_root}", ".").replace("{toxinidir}", ".").replace("{/}", "/");
    let inside = Path::new(&path).strip_prefix(".").unwrap_or(Path::new(&path));
    (!path.contains('{')).then(|| folder.join(inside))
}

/// The package or file of a plugin, if one of the folders of `path` has it.
fn found(root: &Path, path: &[PathBuf], plugin: &str) -> Option<PathBuf> {
    let top = plugin.split('.').next().unwrap_or_default();
    let places = path.iter().flat_map(|folder| [folder.join(top), folder.join(format!("{top}.py"))]);
    places.into_iter().find(|place| root.join(place).exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `tox` says in a project with some plugins.
    fn check(file: &str, tox: &str) -> Tox {
        let root = tempfile::tempdir().expect("a folder");
        let plugins = ["tests/matrix_cell/plugin.py", "tests/alone.py", "more/matrix_cell/plugin.py"];
        for (path, text) in plugins.map(|path| (path, "")).into_iter().chain([(file, tox)]) {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, text).expect("written");
        }
        Tox::read(root.path(), file.as_ref())
    }

    #[test]
    fn the_file_of_this_repository_names_the_plugin_and_the_settings() {
        let tox = check("tox.toml", include_str!("../../../../tox.toml"));
        let expected =
            Tox { settings: Some("pyproject.toml".into()), plugins: vec!["tests/matrix_cell".into()] };
        assert_eq!(tox, expected);
    }

    #[test]
    fn plugins_are_looked_for_along_the_path_and_others_are_left_out() {
        let text = "[env_run_base]\n\
            set_env = { PYTHONPATH = \"{env_dir}:{tox_root}{/}none{:}{toxinidir}/more:{tox_root}/tests\" }\n\
            commands = [[\"pytest\", \"-p\", \"matrix_cell.plugin\", \"-p\", \"no:cacheprovider\", \"-c\", \"{env_dir}/x\"],\
             [\"pytest\", \"-p\", \"alone\"], [\"pytest\", \"-p\"]]";
        let plugins = vec!["more/matrix_cell".into(), "tests/alone.py".into()];
        assert_eq!(check("tox.toml", text), Tox { settings: None, plugins });
    }

    #[test]
    fn a_file_in_a_folder_has_its_own_root() {
        let text = "[env_run_base]\nset_env.PYTHONPATH = \"{tox_root}\"\n\
            commands = [[\"pytest\", \"-p\", \"matrix_cell\", \"--config-file\", \"{tox_root}/pytest.ini\"]]";
        let expected =
            Tox { settings: Some("tests/pytest.ini".into()), plugins: vec!["tests/matrix_cell".into()] };
        assert_eq!(check("tests/tox.toml", text), expected);
    }

    #[test]
    fn the_plugin_is_taken_from_its_usual_place_where_the_file_says_nothing() {
        for text in ["[tox]\nenv_list =\n", "[env]\n", "env_run_base = 1"] {
            assert_eq!(check("tox.ini", text).plugins, [PathBuf::from("tests/matrix_cell")], "{text}");
        }
        let empty = tempfile::tempdir().expect("a folder");
        assert_eq!(Tox::read(empty.path(), "tox.toml".as_ref()), Tox::default());
    }
}
