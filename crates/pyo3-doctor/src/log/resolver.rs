//! What does cargo say when it cannot choose releases? A1, A7 and A8.

use super::{Log, between, quoted};
use crate::check::GUIDE;
use crate::facts::{LINES, LineFacts, releases};
use crate::finding::{Finding, Id, Step};
use crate::pyo3::{COMPANIONS, PYO3, RUNTIMES, line_of};
use crate::version::Line;

/// Cargo from 1.30 on says `failed to select a version` and explains the `links`; before, that `multiple packages link`.
pub fn links(log: &Log, at: usize) -> Option<Finding> {
    let head = log.text(at);
    let old = ["`python`", "`pyo3-python`"].iter().any(|library| {
        head.contains(&format!("multiple packages link to native library {library}"))
            || head.contains(&format!("native library {library} is being linked to by more than one"))
    });
    if !old && !head.contains("failed to select a version for `")
        || head.contains("could resolve this conflict")
    {
        return None;
    }
    // The next error begins another message.
    let block: Vec<&str> = log.after(at).take_while(|text| !text.starts_with("error")).collect();
    let links = |text: &&str| {
        text.contains("links to the native library `python`")
            || text.contains("links to the native library `pyo3-python`")
    };
    let told = block.iter().find(|text| links(text)).copied().or_else(|| old.then_some(head))?;
    let asks = |name: &str| {
        let mark = format!("dependency `{name} = \"");
        block
            .iter()
            .find(|text| text.contains(&mark) && !text.contains("of package `pyo3"))
            .and_then(|text| between(text, &mark, "\""))
    };
    let pyo3 = asks(PYO3);
    let companion = COMPANIONS.iter().find_map(|name| Some((*name, asks(name)?)));
    let found = match (pyo3, companion) {
        (Some(pyo3), Some((name, version))) => format!("pyo3 = \"{pyo3}\" beside {name} = \"{version}\""),
        _ => told.split(", but").next().unwrap_or(told).trim().to_owned(),
    };
    let step = match (companion, pyo3.and_then(asked_line)) {
        (Some((name, _)), Some(line)) => {
            format!("change the version of {name} in Cargo.toml to \"{line}\", the line of pyo3")
        }
        _ => ANY_LINE.to_owned(),
    };
    let why = "a release of the one takes only the same minor of the other, and one build cannot hold two pyo3: both \
               link the Python library";
    Some(Finding::new(Id::A1, log.place(at), found, why).says(told.trim()).mend([Step::advise(step)]))
}

const ANY_LINE: &str = "ask for releases of one line for pyo3 and everything that is built on it; `cargo matrix doctor` on \
                        the project names the requirements";

/// The line of `^0.30`, `=0.28.1` and the like; None for a range.
fn asked_line(requirement: &str) -> Option<Line> {
    let version = requirement.trim_start_matches(['^', '=', '~', ' ']);
    let full = || semver::Version::parse(version).ok().map(|version| line_of(&version));
    version.parse().ok().or_else(full)
}

/// `version 0.28.1 is yanked` below the requirement for it. Cargo names every release that the requirement lets in.
pub fn yanked(log: &Log, at: usize) -> Option<Finding> {
    let head = log.text(at);
    let requirement = between(head, "failed to select a version for the requirement `", "`")?;
    let (name, asked) = requirement.split_once(" = ")?;
    let block = log.after(at).take_while(|text| !text.starts_with("error"));
    let versions: Vec<&str> = block.filter_map(|text| between(text, "version ", " is yanked")).collect();
    let last = versions.last().filter(|_| name.starts_with(PYO3))?;
    let (subject, are) = if versions.len() == 1 { ("its authors", "it") } else { ("their authors", "them") };
    let why = format!("{subject} withdrew {are}, and cargo takes no yanked release into a new lock");
    let verb = if versions.len() == 1 { "is" } else { "are" };
    let found = format!("{requirement}, and {} {verb} yanked", versions.join(", "));
    let step = Step::advise(instead(name, asked.trim_matches('"'), last));
    let finding = Finding::new(Id::A8, log.place(at), found, why);
    Some(finding.says(format!("version {last} is yanked")).mend([step]))
}

/// What to ask for where `asked` lets in nothing but yanked releases, of which `last` is the newest.
fn instead(name: &str, asked: &str, last: &str) -> String {
    let line = semver::Version::parse(last).ok().map(|version| line_of(&version));
    // Cargo would have taken any other release that the requirement lets in.
    let pinned = asked.starts_with('=');
    let known = |line: Line| match name {
        PYO3 => releases(line).map(|releases| releases.pyo3),
        RUNTIMES => releases(line).map(|releases| releases.runtimes),
        _ => None,
    };
    if let Some(release) = line.filter(|_| pinned).and_then(known) {
        return format!("ask for {name} = \"{release}\", the newest release of the same line");
    }
    let next = line.and_then(|line| LINES.iter().map(|facts| facts.line).find(|later| *later > line));
    if let Some((next, _)) = next.and_then(|next| Some((next, known(next)?))) {
        return format!("ask for {name} = \"{next}\", the next line that has a release");
    }
    let after = line.map(|line| format!(" after {line}")).unwrap_or_default();
    let where_not =
        if pinned { "another release of the same line, or, where all of it is yanked, " } else { "" };
    format!(
        "ask for {where_not}the next line of {name}{after} that has a release: `cargo info {name}` names the newest"
    )
}

/// `with feature `abi3-py38` but`; older cargo says `with features: `abi3-py38` but`.
pub fn feature(log: &Log, at: usize) -> Option<Finding> {
    let text = log.text(at);
    let feature = between(text, "with feature `", "`").or_else(|| between(text, "with features: `", "`"))?;
    if !text.contains("depends on `pyo3`") {
        return None;
    }
    let why = "each line of pyo3 drops the features of the Pythons that it no longer builds for, and gains new ones";
    let step = Step::advise(format!("ask for a feature of this line instead of {feature}: {GUIDE}"));
    Some(Finding::new(Id::A11, log.place(at), text.trim(), why).says(text.trim()).mend([step]))
}

/// Cargo from 1.80 on lists what it does not support; before, it refuses one package.
pub fn rust_version(log: &Log, at: usize) -> Option<Finding> {
    let text = log.text(at);
    let (package, needed) = match between(text, "because it requires rustc ", " or newer") {
        Some(needed) => (quoted(text).next()?.split(' ').next()?, needed),
        None => text
            .trim()
            .split_once(" requires rustc ")
            .map(|(package, needed)| (package.split('@').next().unwrap_or(package), needed))?,
    };
    let known = log.line.and_then(LineFacts::of).map(|facts| format!("{}.{}", facts.rust.0, facts.rust.1));
    if !package.starts_with(PYO3) {
        return None;
    }
    let why = format!(
        "every release of a line needs the same Rust{}",
        known.map(|known| format!(", {known} for this one")).unwrap_or_default()
    );
    let step = Step::advise(format!(
        "build with Rust {needed} or newer: rustup update stable, or the channel of rust-toolchain.toml"
    ));
    Some(Finding::new(Id::A7, log.place(at), text.trim(), why).says(text.trim()).mend([step]))
}
