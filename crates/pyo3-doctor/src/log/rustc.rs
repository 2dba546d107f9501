//! What does rustc say of a name or a type that is not what it was? A2, A3 and A9.

use super::{Log, quoted};
use crate::check::GUIDE;
use crate::finding::{Finding, Id, Place, Step};
use crate::pyo3::{SINGLE, newest};
use crate::removed::{Added, Kind, Removed, added, removed};
use crate::version::Line;

/// Errors about names: unresolved (E0432, E0433), unknown in a scope (E0405, E0412, E0425, macros), no item of a type
/// (E0599), private now (E0603), no member of a trait (E0407).
const CODES: [&str; 8] = ["E0405", "E0407", "E0412", "E0425", "E0432", "E0433", "E0599", "E0603"];

pub fn name(log: &Log, at: usize) -> Option<Finding> {
    let text = log.text(at);
    let is_error = CODES.iter().any(|code| text.starts_with(&format!("error[{code}]")))
        || text.starts_with("error: cannot find macro `");
    if !is_error {
        return None;
    }
    let place = log.source(at).unwrap_or_else(|| log.place(at));
    let words: Vec<&str> = quoted(text).collect();
    let owner = words.iter().skip(1).find_map(|word| owner(word)).unwrap_or_default();
    let of_table = words.iter().find_map(|word| removed(&owner, last(word)));
    if let Some(row) = of_table.filter(|row| is_pyo3(row, text)) {
        // The line that is built still has it: the error is about something else.
        return log.line.is_none_or(|line| line >= row.by()).then(|| gone(text, place, row));
    }
    let row = words.iter().find_map(|word| added(last(word)))?;
    // A line that has the name does not miss it.
    let older = log.line.is_none_or(|line| line < row.by());
    let mentions = text.contains("pyo3")
        || owner.starts_with("Py")
        || owner.starts_with("Bound")
        || text.contains("`sync`");
    (older && mentions).then(|| not_yet(text, place, row, log.line))
}

fn gone(text: &str, place: Place, row: &Removed) -> Finding {
    let why = format!("pyo3 {} removed {}; {} takes its place", row.by(), row.shown(), row.instead);
    let step = match (row.renamed, place.line) {
        (Some(new), Some(line)) if place.file.extension().is_some_and(|extension| extension == "rs") => {
            Step::Replace { file: place.file.clone(), line, old: row.name.to_owned(), new: new.to_owned() }
        }
        _ => Step::advise(format!("use {}; {GUIDE}", row.instead)),
    };
    Finding::new(Id::A9, place, text, why).says(text).mend([step])
}

fn not_yet(text: &str, place: Place, row: &Added, line: Option<Line>) -> Finding {
    let built = line.map_or_else(|| "an older line".to_owned(), |line| format!("line {line}"));
    let why = format!(
        "{} came with pyo3 {}, and {built} is being built, which is older than the source",
        row.name,
        row.by()
    );
    let step = Step::advise(format!(
        "ask for pyo3 = \"{}\" or newer, with companions of the same line; {} is the newest",
        row.by(),
        newest()
    ));
    Finding::new(Id::A3, place, text, why).says(text).mend([step])
}

/// Whether the message is about PyO3, for names that others have as well.
fn is_pyo3(row: &Removed, text: &str) -> bool {
    let named = ["pyo3", "Bound<", "Borrowed<", "Py<", "`Py", "`sync`", "Python<"]
        .iter()
        .any(|mark| text.contains(mark));
    named || (row.is_distinct() && row.kind != Kind::Method) || row.name.ends_with("_bound")
}

/// `GILOnceCell` of `pyo3::sync::GILOnceCell`, `with_gil` of itself.
fn last(word: &str) -> &str {
    word.rsplit("::").next().unwrap_or(word).trim_end_matches(['!', '(', ')'])
}

/// `Python` of `pyo3::Python<'_>`; the name of a type.
fn owner(word: &str) -> Option<String> {
    let path = word.trim_start_matches(['&', '*']).split('<').next()?;
    let name = path.rsplit("::").next()?;
    name.starts_with(char::is_uppercase).then(|| name.to_owned())
}

/// To 1.82 `perhaps two different versions of crate`, then `there are multiple different versions of crate`, and `two
/// different versions of crate` in later notes.
pub fn two_versions(log: &Log, at: usize) -> Option<Finding> {
    let text = log.text(at);
    let (_, rest) = text.split_once("different versions of crate `")?;
    let name = rest.split('`').next()?;
    let crate_name = SINGLE.iter().find(|single| single.replace('-', "_") == name)?;
    let why =
        format!("two copies of {crate_name} are in the build, and each has types and traits of its own");
    let step = Step::advise(format!(
        "cargo tree --duplicates shows which crate asks for which; where one comes by git or path, name it in \
         [patch.crates-io] of the root so that every crate uses it: {crate_name} = {{ … }}"
    ));
    let found = text.trim().trim_start_matches("= note: ").trim_start_matches("note: ");
    Some(Finding::new(Id::A2, log.place(at), found, why).says(text.trim()).mend([step]))
}
