//! Where in a file does a value stand? A byte range of a text in, a place, and the edits that can be made there, out.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::finding::{Place, Step};

/// A text file as it was read. Its path is relative to the current folder.
#[derive(Debug, PartialEq, Eq)]
pub struct TextFile {
    pub path: PathBuf,
    pub text: String,
}

/// A value, and where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At<T> {
    pub value: T,
    pub file: Arc<TextFile>,
    /// Bytes of the file's text, the quotes of a string included.
    pub span: Range<usize>,
}

impl TextFile {
    pub fn new(path: impl AsRef<Path>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(TextFile { path: path.as_ref().into(), text: text.into() })
    }

    /// The number of the line, from 1 on, that holds the byte at `offset`.
    pub fn line_of(&self, offset: usize) -> usize {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        before.bytes().filter(|byte| *byte == b'\n').count() + 1
    }

    /// The text of a line, counted from 1.
    pub fn line(&self, number: usize) -> &str {
        self.text.lines().nth(number.saturating_sub(1)).unwrap_or_default()
    }

    pub fn place(&self, offset: usize) -> Place {
        Place { file: self.path.clone(), line: Some(self.line_of(offset)) }
    }

    /// The file as a whole.
    pub fn whole(&self) -> Place {
        Place { file: self.path.clone(), line: None }
    }
}

impl<T> At<T> {
    pub fn new(value: T, file: &Arc<TextFile>, span: Range<usize>) -> Self {
        At { value, file: Arc::clone(file), span }
    }

    pub fn place(&self) -> Place {
        self.file.place(self.span.start)
    }

    /// The value as it is written, quotes included.
    pub fn written(&self) -> &str {
        self.file.text.get(self.span.clone()).unwrap_or_default()
    }

    /// Writes `new` in the value's stead.
    pub fn replace(&self, new: &str) -> Step {
        Step::Replace {
            file: self.file.path.clone(),
            line: self.file.line_of(self.span.start),
            old: self.written().to_owned(),
            new: new.to_owned(),
        }
    }

    /// Writes another string in the value's stead, in the same quotes.
    pub fn requote(&self, new: &str) -> Step {
        let quote = self.written().chars().next().filter(|c| matches!(c, '"' | '\''));
        let quote = quote.map(String::from).unwrap_or_default();
        self.replace(&format!("{quote}{new}{quote}"))
    }

    /// Takes the whole line out.
    pub fn delete_line(&self) -> Step {
        let line = self.file.line_of(self.span.start);
        Step::Delete { file: self.file.path.clone(), line, text: self.file.line(line).to_owned() }
    }

    /// Takes the value out of its list: with its comma where others share the line, else with the line.
    pub fn delete_from_list(&self) -> Step {
        let line = self.file.line_of(self.span.start);
        let text = self.file.line(line);
        let alone = text.trim().trim_start_matches("- ").trim_end_matches(',').trim() == self.written();
        if alone {
            return self.delete_line();
        }
        let after = self.file.text.get(self.span.end..).unwrap_or_default();
        let comma = after.strip_prefix(',').map(|rest| 1 + rest.len() - rest.trim_start_matches(' ').len());
        let before = self.file.text.get(..self.span.start).unwrap_or_default();
        let lead = before.len() - before.trim_end_matches(' ').trim_end_matches(',').len();
        let range = match comma {
            Some(comma) => self.span.start..self.span.end + comma,
            None => self.span.start - lead..self.span.end,
        };
        let old = self.file.text.get(range).unwrap_or_default().to_owned();
        Step::Replace { file: self.file.path.clone(), line, old, new: String::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, value: &str) -> Step {
        let start = text.find(value).expect("the value is there");
        At::new((), &TextFile::new("a.yml", text), start..start + value.len()).delete_from_list()
    }

    fn replace(old: &str) -> Step {
        Step::Replace { file: "a.yml".into(), line: 1, old: old.into(), new: String::new() }
    }

    #[test]
    fn an_entry_leaves_a_list_with_one_comma() {
        assert_eq!(check("v: [\"3.8\", \"3.9\"]", "\"3.8\""), replace("\"3.8\", "));
        assert_eq!(check("v: [\"3.8\", \"3.9\"]", "\"3.9\""), replace(", \"3.9\""));
    }

    #[test]
    fn an_entry_that_has_a_line_takes_it_along() {
        let step = check("v:\n  - \"3.8\"\n  - \"3.9\"\n", "\"3.8\"");
        assert_eq!(step, Step::Delete { file: "a.yml".into(), line: 2, text: "  - \"3.8\"".into() });
        let step = check("v = [\n  \"3.8\",\n]\n", "\"3.8\"");
        assert_eq!(step, Step::Delete { file: "a.yml".into(), line: 2, text: "  \"3.8\",".into() });
    }
}
