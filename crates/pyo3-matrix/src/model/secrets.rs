//! What must not be shown? Every secret that this process knows, and each form in which a text may hold one: a text in,
//! the same text with `***` in their place out.
//!
//! One list serves the whole process, so that nothing that is written or printed can stand before another redactor.

mod document;
mod environment;
mod folder;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::{LazyLock, PoisonError, RwLock};

use aho_corasick::{AhoCorasick, MatchKind};

pub use document::Kind;
pub use environment::learn_all;
pub use folder::{clean, clean_file};

/// What stands where a secret stood.
const MASK: &str = "***";

/// A shorter text is no secret: replacing it would garble every text, and hide nothing that is hard to guess.
const SHORTEST: usize = 8;

/// What stands where a text was shortened.
const CUT: &str = "...";

/// A shorter piece of a secret beside a cut tells too little.
const LEAST: usize = 4;

/// The words of the harness's own documents, in quotes. A "secret" such as one of them is no secret: replacing it would make
/// every record unreadable.
const VOCABULARY: [&str; 5] = [
    include_str!("../../schemas/record.schema.json"),
    include_str!("../../schemas/report.schema.json"),
    include_str!("../../schemas/plan.schema.json"),
    include_str!("../../schemas/ledger.schema.json"),
    include_str!("../../schemas/history.schema.json"),
];

static KNOWN: LazyLock<RwLock<Secrets>> = LazyLock::new(RwLock::default);

/// Secrets, each in every form in which a text may hold it.
#[derive(Debug, Default)]
pub struct Secrets {
    forms: BTreeSet<String>,
    /// Words that are never a secret, even where a variable says that they are.
    spared: BTreeSet<String>,
    /// Absent where there are no forms.
    search: Option<AhoCorasick>,
}

/// Keeps `secret` out of everything that this process writes or prints from now on.
pub fn learn(secret: &str) {
    KNOWN.write().unwrap_or_else(PoisonError::into_inner).learn(secret);
}

/// Takes `word` for no secret, before or after it is learned: matrix.toml has given that name to something, and records are
/// full of it. The name of a service is the password of many a throwaway server.
pub fn spare(word: &str) {
    KNOWN.write().unwrap_or_else(PoisonError::into_inner).spare(word);
}

/// `text` without any secret that this process knows.
#[must_use]
pub fn redacted(text: &str) -> String {
    KNOWN.read().unwrap_or_else(PoisonError::into_inner).redacted(text)
}

/// The same for a document, which stays one of its kind.
#[must_use]
pub fn redacted_document(text: &str, kind: Kind) -> String {
    KNOWN.read().unwrap_or_else(PoisonError::into_inner).document(text, kind)
}

impl Secrets {
    /// Learns a secret: the whole text, and each of its lines.
    pub fn learn(&mut self, secret: &str) {
        let known = self.forms.len();
        for part in std::iter::once(secret).chain(secret.lines()).map(str::trim) {
            let is_word = || VOCABULARY.iter().any(|words| words.contains(&format!("\"{part}\"")));
            if part.len() >= SHORTEST && !is_word() && !self.spared.contains(part) {
                self.forms.extend(forms(part));
            }
        }
        if self.forms.len() > known {
            self.build();
        }
    }

    /// Takes a word for no secret.
    pub fn spare(&mut self, word: &str) {
        self.spared.insert(word.to_owned());
        for form in forms(word) {
            self.forms.remove(&form);
        }
        self.build();
    }

    fn build(&mut self) {
        self.search = None;
        if !self.forms.is_empty() {
            // The search cannot be built if there are too many secrets, or too long ones. Passwords never are. The harness
            // must not go on without it, since it would show secrets as they are.
            let search = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&self.forms);
            self.search = Some(search.unwrap_or_else(|error| panic!("secrets cannot be searched: {error}")));
        }
    }

    /// `text` with every secret replaced.
    #[must_use]
    pub fn redacted(&self, text: &str) -> String {
        match &self.search {
            Some(search) => {
                let mut clean = String::with_capacity(text.len());
                search.replace_all_with(text, &mut clean, |_, _, clean| {
                    clean.push_str(MASK);
                    true
                });
                if clean.contains(CUT) { self.without_pieces(&clean) } else { clean }
            }
            None => text.to_owned(),
        }
    }

    /// `text` without the piece of a secret that stands on either side of a cut: pytest shortens what it compares, and its
    /// summary.
    fn without_pieces(&self, text: &str) -> String {
        let last = text.matches(CUT).count();
        let clean = text.split(CUT).enumerate().map(|(at, part)| {
            let from = if at > 0 { self.end_of_one(part) } else { 0 };
            let rest = &part[from..];
            let to = if at < last { rest.len() - self.begin_of_one(rest) } else { rest.len() };
            let mask = |is_cut: bool| if is_cut { MASK } else { "" };
            [mask(from > 0), &rest[..to], mask(to < rest.len())].concat()
        });
        clean.collect::<Vec<_>>().join(CUT)
    }

    /// How much of the end of `part` is the begin of a secret.
    fn begin_of_one(&self, part: &str) -> usize {
        let of = |form: &String| {
            let longest = form.len().min(part.len());
            (LEAST..=longest).rev().find(|&n| form.get(..n).is_some_and(|piece| part.ends_with(piece)))
        };
        self.forms.iter().filter_map(of).max().unwrap_or(0)
    }

    /// How much of the begin of `part` is the end of a secret.
    fn end_of_one(&self, part: &str) -> usize {
        let of = |form: &String| {
            let longest = form.len().min(part.len());
            let is_end = |&n: &usize| form.get(form.len() - n..).is_some_and(|piece| part.starts_with(piece));
            (LEAST..=longest).rev().find(is_end)
        };
        self.forms.iter().filter_map(of).max().unwrap_or(0)
    }

    fn redacted_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        match &self.search {
            Some(search) => {
                let mut clean = Vec::with_capacity(bytes.len());
                search.replace_all_with_bytes(bytes, &mut clean, |_, _, clean| {
                    clean.extend_from_slice(MASK.as_bytes());
                    true
                });
                clean
            }
            None => bytes.to_owned(),
        }
    }
}

/// `secret` as it is, and as JSON, XML, Python, a shell and an address write it.
fn forms(secret: &str) -> BTreeSet<String> {
    let json = serde_json::Value::from(secret).to_string();
    let json = json[1..json.len() - 1].to_owned();
    let backslashes = secret.replace('\\', "\\\\").replace('\n', "\\n");
    let text = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    BTreeSet::from([
        secret.to_owned(),
        ascii(&json),
        json,
        backslashes.replace('\'', "\\'"),
        unicode_escaped(&backslashes),
        backslashes,
        text.replace('"', "&quot;").replace('\n', "&#10;"),
        text,
        secret.replace('\'', "'\\''"),
        percent_encoded(secret, |byte| format!("%{byte:02X}")),
        percent_encoded(secret, |byte| format!("%{byte:02x}")),
    ])
}

/// A JSON text as Python writes it: in ASCII.
fn ascii(json: &str) -> String {
    let mut text = String::new();
    for unit in json.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => text.push(char::from(byte)),
            _ => drop(write!(text, "\\u{unit:04x}")),
        }
    }
    text
}

/// A text as pytest puts it into the id of a test.
fn unicode_escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut done, c| {
        let _ = match u32::from(c) {
            0..0x80 => write!(done, "{c}"),
            code @ 0x80..0x100 => write!(done, "\\x{code:02x}"),
            code @ 0x100..0x1_0000 => write!(done, "\\u{code:04x}"),
            code => write!(done, "\\U{code:08x}"),
        };
        done
    })
}

fn percent_encoded(secret: &str, encoded: impl Fn(u8) -> String) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    secret.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { encoded(b) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    pub fn knowing(secrets: &[&str]) -> Secrets {
        let mut known = Secrets::default();
        for secret in secrets {
            known.learn(secret);
        }
        known
    }

    #[test]
    fn a_secret_is_replaced_in_every_form_in_which_it_may_be_written() {
        let secret = "hush \"it's\" <é> & 100%\\";
        let known = knowing(&[secret]);
        for written in [
            secret,
            "hush \\\"it's\\\" <é> & 100%\\\\",
            "hush \\\"it's\\\" <\\u00e9> & 100%\\\\",
            "hush \"it's\" &lt;é&gt; &amp; 100%\\",
            "hush &quot;it's&quot; &lt;é&gt; &amp; 100%\\",
            "hush \"it\\'s\" <é> & 100%\\\\",
            "hush \"it's\" <\\xe9> & 100%\\\\",
            "hush%20%22it%27s%22%20%3C%C3%A9%3E%20%26%20100%25%5C",
            "hush%20%22it%27s%22%20%3c%c3%a9%3e%20%26%20100%25%5c",
        ] {
            assert_eq!(known.redacted(&format!("a {written} b {written}")), "a *** b ***", "{written}");
        }
    }

    #[test]
    fn a_secret_of_several_lines_is_replaced_whole_and_line_by_line() {
        let known = knowing(&["first-line\nsecond-line\n}"]);
        assert_eq!(known.redacted("x first-line\nsecond-line\n} y"), "x *** y");
        assert_eq!(known.redacted("x second-line y }"), "x *** y }");
    }

    #[test]
    fn a_longer_secret_goes_before_one_that_it_begins_with() {
        assert_eq!(knowing(&["hush-hush", "hush-hush-more"]).redacted("hush-hush-more"), "***");
    }

    #[test]
    fn a_piece_of_a_secret_beside_a_cut_is_replaced_and_other_texts_are_not() {
        let known = knowing(&["0123456789abcdef"]);
        let text = "assert ['0123456...89abcdef'] == 0...f ... 012345678 89abcdef ......";
        let expected = "assert ['***...***'] == 0...f ... 012345678 89abcdef ......";
        assert_eq!(known.redacted(text), expected);
        assert_eq!(known.redacted("FAILED x - AssertionError: 0123..."), "FAILED x - AssertionError: ***...");
    }

    #[test]
    fn a_short_text_and_a_word_of_the_documents_are_no_secrets() {
        let text = "a x hush matrix observed schema_version";
        assert_eq!(knowing(&["x", "", "hush", "matrix", "observed", "schema_version"]).redacted(text), text);
    }

    #[test]
    fn a_name_that_matrix_toml_gives_is_no_secret_before_and_after_it_is_learned() {
        let mut known = knowing(&["postgres", "hush-hush"]);
        assert_eq!(known.redacted("postgres hush-hush"), "*** ***");
        known.spare("postgres");
        assert_eq!(known.redacted("postgres hush-hush"), "postgres ***");
        known.learn("postgres");
        assert_eq!(known.redacted("postgres hush-hush"), "postgres ***");
    }
}
