//! What does a line take that the manifests do not ask for? A manifest and the versions that are wanted in; the same manifest with
//! these requirements, and each that changed, out. The rest of the text stays as it is written.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use semver::{Op, Version, VersionReq};
use toml_edit::{Document, Item, TableLike, TomlError};

use crate::model::rehearsal::Edit;

/// The tables in which a manifest lists its dependencies.
const TABLES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// Takes a package and the requirement on it, and returns the new requirement; none leaves it as it is.
type Becomes<'a> = &'a dyn Fn(&str, &VersionReq) -> Option<String>;

/// Versions that a line takes, by package.
pub type Wanted = BTreeMap<String, Version>;

/// Sets each requirement on a package of `wanted` that does not take the version named there: to its minor, or to its major from
/// 1 on, as authors write them.
pub fn edit(file: &Path, text: &str, wanted: &Wanted) -> Result<(String, Vec<Edit>), TomlError> {
    changed(file, text, &|package, asked| {
        let version =
            wanted.get(package).filter(|version| !asked.matches(version) && is_older(asked, version))?;
        Some(match version.major {
            0 => format!("0.{}", version.minor),
            major => major.to_string(),
        })
    })
}

/// Whether a requirement begins below a version: what asks for newer releases alone is no upgrade, and stays for cargo to refuse.
fn is_older(asked: &VersionReq, version: &Version) -> bool {
    asked.comparators.iter().filter(|part| !matches!(part.op, Op::Less | Op::LessEq)).all(|part| {
        let part = (part.major, part.minor.unwrap_or(0), part.patch.unwrap_or(0));
        part <= (version.major, version.minor, version.patch)
    })
}

/// Takes the upper end from each requirement on one of `packages`: so that cargo says which release goes with a line.
pub fn loosen(text: &str, packages: &[String]) -> Result<String, TomlError> {
    let any =
        |package: &str, _: &VersionReq| packages.iter().any(|name| name == package).then(|| "*".to_owned());
    Ok(changed(Path::new(""), text, &any)?.0)
}

fn changed(file: &Path, text: &str, becomes: Becomes<'_>) -> Result<(String, Vec<Edit>), TomlError> {
    let document = Document::parse(text.to_owned())?;
    let mut found = Vec::new();
    in_place(document.as_table(), becomes, &mut found);
    found.sort_by_key(|change| change.span.start);
    let mut edited = text.to_owned();
    // From the end, so that what stands before keeps its place.
    for change in found.iter().rev() {
        edited.replace_range(change.span.clone(), &format!("\"{}\"", change.to));
    }
    let line = |offset: usize| text[..offset].matches('\n').count() + 1;
    let edits = found.into_iter().map(|Change { span, package, from, to }| Edit {
        file: file.to_owned(),
        line: line(span.start),
        package,
        from,
        to,
    });
    Ok((edited, edits.collect()))
}

struct Change {
    /// Where the requirement stands, in bytes, with its quotes.
    span: Range<usize>,
    package: String,
    from: String,
    to: String,
}

/// The tables of `place`, of its targets and of its workspace.
fn in_place(place: &dyn TableLike, becomes: Becomes<'_>, found: &mut Vec<Change>) {
    for (key, item) in place.iter() {
        let Some(table) = item.as_table_like() else { continue };
        match key {
            "workspace" => in_place(table, becomes, found),
            "target" => {
                let targets = table.iter().filter_map(|(_, target)| target.as_table_like());
                targets.for_each(|target| in_place(target, becomes, found));
            }
            key if TABLES.contains(&key) => {
                for (name, asked) in table.iter() {
                    let package = asked.get("package").and_then(Item::as_str).unwrap_or(name);
                    found.extend(change(package, asked, becomes));
                }
            }
            _ => {}
        }
    }
}

/// The change of one entry. One that is inherited, or comes from elsewhere, names no versions.
fn change(package: &str, asked: &Item, becomes: Becomes<'_>) -> Option<Change> {
    let written = if asked.is_str() { asked } else { asked.get("version")? };
    let (from, span) = (written.as_str()?.to_owned(), written.span()?);
    let to = becomes(package, &VersionReq::parse(&from).ok()?)?;
    Some(Change { span, package: package.to_owned(), from, to })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> (String, Vec<String>) {
        let wanted = [("pyo3", "0.30.1"), ("pyo3-log", "1.2.0")];
        let wanted = wanted.map(|(name, version)| (name.to_owned(), version.parse().expect("a version")));
        let (text, edits) = edit("Cargo.toml".as_ref(), text, &wanted.into()).expect("TOML");
        let shown = |edit: Edit| format!("{}: {} {} -> {}", edit.line, edit.package, edit.from, edit.to);
        (text, edits.into_iter().map(shown).collect())
    }

    #[test]
    fn every_declaration_is_raised_and_the_rest_stays_as_it_is_written() {
        let text = "# ours\n[dependencies]\npyo3 = { version = \"0.29\", features = [\"abi3\"] } # the bridge\n\
                    py = { package = \"pyo3\", version = '=0.29.3' }\n[build-dependencies.pyo3]\nversion = \"0.29.0\"\n\
                    [target.'cfg(unix)'.dev-dependencies]\npyo3-log = \"0.13\"\n[workspace.dependencies]\n\
                    pyo3 = \"<0.30\"\n";
        let (edited, edits) = check(text);
        let expected = [
            "3: pyo3 0.29 -> 0.30",
            "4: pyo3 =0.29.3 -> 0.30",
            "6: pyo3 0.29.0 -> 0.30",
            "8: pyo3-log 0.13 -> 1",
            "10: pyo3 <0.30 -> 0.30",
        ];
        assert_eq!(edits, expected);
        let raised =
            text.replace("'=0.29.3'", "\"0.30\"").replace("0.29.0", "0.30").replace("\"0.29\"", "\"0.30\"");
        assert_eq!(edited, raised.replace("<0.30", "0.30").replace("\"0.13\"", "\"1\""));
    }

    #[test]
    fn what_takes_the_version_asks_for_newer_ones_or_names_none_stays() {
        let text = "[dependencies]\npyo3 = \">=0.23, <0.31\"\nb = { package = \"pyo3\", version = \"0.31\" }\npyo3-log.workspace = true\n[dependencies.pyo3-ffi]\n\
                    version = \"0.29\"\n";
        assert_eq!(check(text), (text.to_owned(), Vec::new()));
    }
}
