//! Which options choose values of axes? One for each axis of `matrix.toml`, so an axis is added in that file alone.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::OnceLock;

use clap::{Arg, ArgGroup, ArgMatches, Args, Command, FromArgMatches};

use crate::config::axis::Axis;
use crate::config::{Config, ConfigError};
use crate::model::cell::Value;

/// The group that holds the options of all axes.
pub const GROUP: &str = "axes";

/// The axes of the file. clap asks a type for its options without an argument, so they are kept here.
static AXES: OnceLock<Vec<Axis>> = OnceLock::new();

/// What the two axes of every matrix hold, as the help says it.
const PYTHONS: &str = "Pythons";
const LINES: &str = "PyO3 lines";

/// What was typed for the axes: name → values.
#[derive(Debug, Clone, Default)]
pub struct Axes(pub BTreeMap<String, Vec<String>>);

/// Reads the axes of the `matrix.toml` that these arguments mean, before they are parsed. An error is for a parse that
/// fails: without the file its axes are no options.
pub fn learn(arguments: &[OsString]) -> Result<(), ConfigError> {
    let axes = Config::load(named(arguments).as_deref()).map(|(config, _)| config.axes)?;
    // A second call would have read the same file.
    let _ = AXES.set(axes);
    Ok(())
}

/// The value of `--config`, as far as it can be told before the other options are known.
fn named(arguments: &[OsString]) -> Option<PathBuf> {
    let before_command = || arguments.iter().take_while(|argument| *argument != "--");
    let after = |argument: &OsString| argument.to_str()?.strip_prefix("--config=").map(PathBuf::from);
    let attached = before_command().find_map(after);
    let apart = || before_command().skip_while(|argument| *argument != "--config").nth(1).map(PathBuf::from);
    attached.or_else(apart)
}

fn axes() -> impl Iterator<Item = (String, String)> {
    let known = AXES.get().into_iter().flatten();
    let option = |axis: &Axis| {
        let what = match axis.name.as_str() {
            "python" => PYTHONS.to_owned(),
            "line" => LINES.to_owned(),
            name if axis.is_free => format!("Values of {name}"),
            _ => format!("Releases of {}", axis.title),
        };
        let texts: Vec<String> = axis.standard().map(Value::to_string).collect();
        let mut example: Vec<&str> =
            texts.first().into_iter().chain(texts.last()).map(String::as_str).collect();
        example.dedup();
        (
            axis.name.clone(),
            format!("{what} instead of the preset's, such as {}, newest or all", example.join(",")),
        )
    };
    let always = |name: &str, what: &str| (name.to_owned(), format!("{what} instead of the preset's"));
    let without_file = [always("python", PYTHONS), always("line", LINES)];
    let is_known = AXES.get().is_some();
    known.map(option).chain(without_file.into_iter().filter(move |_| !is_known))
}

impl Args for Axes {
    fn augment_args(command: Command) -> Command {
        let option = |(name, help): (String, String)| {
            let option =
                Arg::new(name.clone()).value_name("LIST").value_delimiter(',').conflicts_with("cells");
            // `--lines` is older than axes.
            let option = if name == "line" { option.long("lines").alias("line") } else { option.long(name) };
            option.help(help).action(clap::ArgAction::Append)
        };
        let names: Vec<String> = axes().map(|(name, _)| name).collect();
        let command = axes().fold(command, |command, axis| command.arg(option(axis)));
        command.group(ArgGroup::new(GROUP).args(names).multiple(true))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Axes {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let typed = |(name, _): (String, String)| {
            let values = matches.get_many::<String>(&name)?.cloned().collect();
            Some((name, values))
        };
        Ok(Axes(axes().filter_map(typed).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str) -> Option<PathBuf> {
        named(&line.split(' ').map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn the_file_is_found_before_the_options_are_known() {
        assert_eq!(check("matrix --config a.toml run --loop uvloop"), Some("a.toml".into()));
        assert_eq!(check("matrix run --loop uvloop --config=a.toml"), Some("a.toml".into()));
        assert_eq!(check("matrix run"), None);
        assert_eq!(check("matrix shell X -- tool --config b"), None);
    }
}
